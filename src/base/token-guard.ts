import { createHash } from 'node:crypto';
import { OldestOut } from './bounded.ts';

/** What a request shows to be let in, and how it says so. */
export interface Credential {
  readonly scheme: 'bearer' | 'splunk' | 'basic' | 'apikey';
  readonly token: string;
}

const longestHeader = 4096;
const longestToken = 512;

/**
 * The token in a header `Authorization`: Bearer (RFC 6750), Basic (RFC 7617; the password is the token, the name says
 * nothing), Splunk (HTTP Event Collector) and ApiKey (Elasticsearch: base64 of id:key, the key is the token).
 * null: there is no header; 'malformed': there is none of these in it.
 */
export function credentialOf(header: string | undefined): Credential | null | 'malformed' {
  if (header === undefined) return null;
  if (header.length > longestHeader) return 'malformed';
  const m = /^(bearer|splunk|basic|apikey) +([\x21-\x7e]+)$/i.exec(header.trim());
  if (m === null) return 'malformed';
  const scheme = m[1]!.toLowerCase() as Credential['scheme'];
  const token = scheme === 'bearer' || scheme === 'splunk' ? m[2]! : secondPart(m[2]!);
  return token === null || token.length > longestToken ? 'malformed' : { scheme, token };
}

/** 'b' of the base64 of 'a:b'. */
function secondPart(base64: string): string | null {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 || colon === text.length - 1 ? null : text.slice(colon + 1);
}

export interface GuardLimits {
  /** wrong tokens that one address may try in a minute */
  readonly tries_a_minute: number;
  /** tokens not seen before that are looked up in a second, of all addresses together */
  readonly checks_a_second: number;
  /** for so long a token is known to be right or wrong without being looked up: a token that is taken back works on */
  readonly known_ms: number;
}

export const guardLimits: GuardLimits = { tries_a_minute: 20, checks_a_second: 100, known_ms: 5000 };

/** Tokens and addresses that are remembered. */
const mostKnown = 10_000;

/**
 * Stands before the check of tokens, which may cost (a hash made to be slow, a database), so that wrong tokens do not:
 * each token is looked up once in a few seconds, an address that tries many wrong ones is not asked further, and there
 * is a bound on look-ups for all. A token that was right a moment ago is let in whatever others at its address try.
 */
export class TokenGuard {
  private readonly check: (token: string) => Promise<boolean>;
  private readonly limits: GuardLimits;
  private readonly now: () => number;
  private readonly known = new OldestOut<string, { readonly right: boolean; readonly until: number }>(
    mostKnown,
  );
  private readonly tries = new OldestOut<string, { wrong: number; readonly since: number }>(mostKnown);
  private readonly pending = new Map<string, Promise<boolean>>();
  private second = 0;
  private checks = 0;

  constructor(
    check: (token: string) => Promise<boolean>,
    limits: Partial<GuardLimits> = {},
    now: () => number = Date.now,
  ) {
    this.check = check;
    this.limits = { ...guardLimits, ...limits };
    this.now = now;
  }

  /** Whether a token from an address is let in. Rejects with what the check rejects with. */
  async admit(address: string, token: string): Promise<'right' | 'wrong' | 'too many'> {
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.known.get(key);
    if (known?.right && known.until > this.now()) return 'right';
    const tries = this.triesOf(address);
    if (tries.wrong >= this.limits.tries_a_minute) return 'too many';
    if (known && known.until > this.now()) {
      tries.wrong++;
      return 'wrong';
    }
    const right = await this.ask(key, token);
    if (right === null) return 'too many';
    if (!right) tries.wrong++;
    return right ? 'right' : 'wrong';
  }

  /** Those who ask about the same token at the same time share the answer; null: not asked, too many were. */
  private ask(key: string, token: string): Promise<boolean | null> | null {
    const pending = this.pending.get(key);
    if (pending !== undefined) return pending;
    const second = Math.floor(this.now() / 1000);
    if (second !== this.second) {
      this.second = second;
      this.checks = 0;
    }
    if (++this.checks > this.limits.checks_a_second) return null;
    const asked = this.check(token).then((right) => {
      this.known.renew(key, { right, until: this.now() + this.limits.known_ms });
      return right;
    });
    this.pending.set(key, asked);
    const done = (): void => void this.pending.delete(key);
    asked.then(done, done);
    return asked;
  }

  private triesOf(address: string): { wrong: number; readonly since: number } {
    const who = network(address);
    const found = this.tries.get(who);
    if (found !== undefined && found.since > this.now() - 60_000) return found;
    const fresh = { wrong: 0, since: this.now() };
    this.tries.renew(who, fresh);
    return fresh;
  }
}

/** An IPv6 host has a whole /64 to try from. */
const network = (address: string): string =>
  address.includes('.') || !address.includes(':') ? address : address.split(':').slice(0, 4).join(':');
