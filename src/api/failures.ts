import { z } from 'zod';
import { type ErrorCode, errorCodes, WeirError } from '../base/error.ts';

/** What every failure of the API looks like. Programs decide by the code. */
export const failureSchema = z.object({
  error: z.object({
    code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
    message: z.string(),
  }),
});
export type Failure = z.infer<typeof failureSchema>;

/** HTTP status of each kind of failure; a code that is added to `base/error.ts` gets its status here. */
const statuses: Readonly<Record<ErrorCode, number>> = {
  usage: 400,
  request_invalid: 400,
  unauthorized: 401,
  too_large: 413,
  not_found: 404,
  busy: 429,
  input_missing: 404,
  input_unknown: 422,
  record_unreadable: 422,
  content_invalid: 422,
  config_invalid: 422,
  store_unavailable: 503,
  store_memory: 503,
  disk_full: 507,
  store_failed: 500,
  folder_unusable: 500,
  output_failed: 500,
  capture_unusable: 503,
  server_unavailable: 503,
  fault: 500,
};

export function failure(
  code: ErrorCode,
  message: string,
): { readonly status: number; readonly body: Failure } {
  return { status: statuses[code], body: { error: { code, message } } };
}

/**
 * Any error as status and body. What Fastify itself refuses (a body that is no JSON, is too large or does not fit the
 * schema) keeps its status; a fault of Weir's own tells the outside nothing.
 */
export function failureOf(error: unknown): { readonly status: number; readonly body: Failure } {
  if (error instanceof WeirError) return failure(error.code, error.message);
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (!(error instanceof Error) || !(status >= 400 && status < 500))
    return failure('fault', errorCodes.fault.means);
  const code = status === 413 ? 'too_large' : status === 404 ? 'not_found' : 'request_invalid';
  return { status, body: { error: { code, message: error.message } } };
}
