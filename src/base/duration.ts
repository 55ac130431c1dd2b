import { WeirError } from './error.ts';

const unit_s: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a duration such as 90s, 30m, 1h, 7d. Throws `usage` for anything else. */
export function duration(text: string): number {
  const found = /^(\d+)(s|m|h|d)$/.exec(text);
  if (!found) throw new WeirError('usage', `not a duration (such as 30m, 1h, 7d): ${text}`);
  return Number(found[1]) * unit_s[found[2]!]!;
}
