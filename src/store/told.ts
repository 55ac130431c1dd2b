import { WeirError } from '../base/error.ts';
import { fullStore } from '../base/own-files.ts';

/** Codes of https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp */
const codes = {
  unknown_database: ['81'],
  access: ['497'],
  sign_in: ['516', '194', '192', '193'],
  memory: ['241'],
  disk: ['243'],
} as const;

const is = (kind: keyof typeof codes, code: string): boolean =>
  (codes[kind] as readonly string[]).includes(code);

/** Why a place cannot be reached, by the code of Node or the operating system. */
const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'nothing listens there; is the server running, and is the port that of its HTTP interface (8123)?',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name of the host could not be looked up',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'it did not answer in time',
  ECONNRESET: 'it broke the connection off',
  EPIPE: 'it broke the connection off',
  EPROTO: 'it does not speak TLS; does the URL begin with http:// there?',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate signed itself (NODE_EXTRA_CA_CERTS names a file of those to trust)',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate is of an authority that is not known here (NODE_EXTRA_CA_CERTS names a file of those to trust)',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is of another host',
};

/** Where a statement went, for people. */
export interface Place {
  /** folder or URL */
  readonly name: string;
  readonly embedded: boolean;
  /** the disk is full: for the embedded engine that alone explains whatever it says */
  readonly full: boolean;
}

/**
 * What a failed statement is to Weir, as a sentence; the engine's own words are its cause, and are said only where a
 * statement itself was refused, without what they are wrapped in. Pure.
 */
export function toldOf(error: unknown, { name, embedded, full }: Place): WeirError {
  if (error instanceof WeirError) return error;
  const { message = '', code = '' } = error as Error & { code?: string };
  if (full || is('disk', code)) return fullStore(name, error);
  const unavailable = (words: string): WeirError =>
    new WeirError('store_unavailable', words, { cause: error });
  if (!/^\d+$/.test(code)) {
    const why = unreachable[code] ?? (message || code || 'for a reason that it did not say');
    return unavailable(
      embedded
        ? `The engine of the store broke off: ${message || code}`
        : `${name} cannot be reached: ${why}`,
    );
  }
  if (is('sign_in', code))
    return unavailable(
      `${name} refuses the user or password; WEIR_STORE_USER and WEIR_STORE_PASSWORD give them.`,
    );
  if (is('unknown_database', code))
    return unavailable(`${name} has no such database; make it there first (CREATE DATABASE), Weir does not.`);
  if (is('access', code) && !embedded)
    return new WeirError(
      'store_failed',
      `${name} does not let this user do what Weir needs there: CREATE, ALTER, DROP, TRUNCATE, INSERT and SELECT in its database${lackingRight(message)}.`,
      { cause: error },
    );
  return refused(code, message, error);
}

/** The right that a user lacks, as the engine names it: " grant CREATE TABLE ON weir.connection" → "; it lacks …". */
function lackingRight(words: string): string {
  const right = /\bgrants? ([A-Z]+(?: [A-Z]+)*(?:\([^()]*\))? ON [^\s(]+)/.exec(words)?.[1];
  return right === undefined ? '' : `; it lacks ${right.replace(/\.$/, '')}`;
}

/** A statement that the engine refused, in words without the wrapping of its exceptions. */
export function refused(code: string, words: string, cause: unknown): WeirError {
  return new WeirError(is('memory', code) ? 'store_memory' : 'store_failed', unwrapped(words), { cause });
}

/**
 * "Code: 47. DB::Exception: Unknown x in scope SELECT … (UNKNOWN_IDENTIFIER) (version 26.7)" → "Unknown x". The statement
 * that the engine repeats is not what the person wrote: fragments are filled in.
 */
function unwrapped(words: string): string {
  return words
    .replace(/\n\s*Stack trace:[\s\S]*$/, '')
    .replace(/^\s*(Code: \d+\. )?(DB::Exception: )?/, '')
    .replace(/[.:,]? in scope (?:SELECT|WITH|\()[\s\S]*$/i, '')
    .replace(/: While processing [\s\S]*$/, '')
    .replace(/\s*\(version [^)]*\)/g, '')
    .replace(/\s*\([A-Z_]{4,}\)\s*$/, '')
    .trim();
}
