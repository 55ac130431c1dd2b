import { join } from 'node:path';
import { z } from 'zod';
import { type ErrorCode, errorCodes, WeirError } from '../base/error.ts';
import { readOwn } from '../base/own-files.ts';
import { plain } from '../base/terminal.ts';

/** Options of every command that asks a running server. */
export const runningOptions = {
  url: { type: 'string', default: 'http://127.0.0.1:7780' },
  token: { type: 'string' },
  keep: { type: 'string', default: '.weir-serve' },
} as const;

export const runningHelp = `  --url URL            where it listens (default http://127.0.0.1:7780)
  --token TOKEN        the token of its API; better in the environment, as WEIR_TOKEN, where others do not see it
  --keep DIR           without a token: the folder that it keeps everything in (default .weir-serve), which holds one`;

/** Where `weir serve` writes the first token of a folder, for commands on the same machine. */
export function tokenFile(keep: string): string {
  return join(keep, 'token');
}

const patience_ms = 30_000;
const loopback = /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)$/;
const Refused = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export interface Running {
  readonly url: string;
  /** What a path answers, checked. */
  ask<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  /** The answer of a path as it comes, for as long as it does. */
  open(path: string, headers: Record<string, string>): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * A running server, as a command's options name it. Its methods throw WeirError: server_unavailable when no Weir answers,
 * unauthorized when the token is missing or wrong, else what the server says.
 */
export function running(options: {
  readonly url: string;
  readonly token?: string | undefined;
  keep: string;
}): Running {
  const base = addressOf(options.url);
  const [token, whence] = tokenOf(options, base);
  const url = base.href.replace(/\/$/, '');
  const fetched = async (path: string, headers: Record<string, string>, signal: AbortSignal | null) => {
    const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
    // Another address is never shown the token.
    const request = { headers: { ...headers, ...authorization }, redirect: 'error' as const, signal };
    const answer = await fetch(url + path, request).catch((error: unknown) => {
      throw new WeirError('server_unavailable', unreachable(url, error), { cause: error });
    });
    if (answer.ok) return answer;
    const refused = Refused.safeParse(await answer.json().catch(() => null));
    if (!refused.success) throw noWeir(url);
    const { code, message } = refused.data.error;
    if (code === 'unauthorized' && answer.status === 401) throw new WeirError('unauthorized', whence(url));
    throw new WeirError(
      Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : 'fault',
      `${url}: ${message}`,
    );
  };
  return {
    url,
    async ask(path, schema) {
      const answer = await fetched(path, {}, AbortSignal.timeout(patience_ms));
      const told = schema.safeParse(await answer.json().catch(() => null));
      if (!told.success) throw noWeir(url);
      return told.data;
    },
    async open(path, headers) {
      const answer = await fetched(path, headers, null);
      if (answer.body === null) throw noWeir(url);
      return answer.body;
    },
  };
}

function addressOf(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.username !== '')
    throw new WeirError('usage', `--url: an address such as http://127.0.0.1:7780, not ${plain(text)}`);
  return url;
}

/** The token, and what to say when it is refused. What lies in a folder of this machine is for a server of this machine. */
function tokenOf(
  { token, keep }: { readonly token?: string | undefined; readonly keep: string },
  url: URL,
): [string | null, (url: string) => string] {
  const given = token ?? process.env.WEIR_TOKEN ?? '';
  const name = token === undefined ? 'WEIR_TOKEN' : '--token';
  if (given !== '') {
    if (!/^[\x21-\x7e]+$/.test(given))
      throw new WeirError('usage', `${name}: a token has no blanks or other signs`);
    return [given, (url) => `${url} does not know the token of ${name}`];
  }
  const how = 'give it with --token TOKEN or in the environment as WEIR_TOKEN';
  if (!loopback.test(url.hostname)) return [null, (url) => `${url} needs a token; ${how}`];
  const file = tokenFile(keep);
  const found = readOwn(file)?.trim() ?? '';
  if (!/^[\x21-\x7e]+$/.test(found))
    return [
      null,
      (url) =>
        `${url} needs a token, and there is none in ${file}; name its folder with --keep DIR, or ${how}`,
    ];
  return [
    found,
    (url) =>
      `${url} does not know the token in ${file}: it keeps its things in another folder, or that token was revoked; name the folder with --keep DIR, or ${how}`,
  ];
}

/** Why nothing was answered, and what to do. */
function unreachable(url: string, error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `${url} does not answer within ${patience_ms / 1000} s`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code = '', message = String(error) } = cause as { code?: string; message?: string };
  if (code === 'ECONNREFUSED')
    return `nothing listens at ${url}; start it with weir serve PATH…, or name where it listens with --url`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the host of ${url} is not known`;
  return `${url} cannot be asked: ${message || code}`;
}

function noWeir(url: string): WeirError {
  return new WeirError('server_unavailable', `what answers at ${url} is no Weir, or one of another version`);
}
