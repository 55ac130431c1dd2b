/** What all models share: how a probability becomes a score, and shares of a score. */

/** Smallest probability a model reports: below it, no model of a network is true. */
export const LEAST_P = 1e-12;

/** A probability kept within 1e-12 .. 1. */
export function boundedP(log10_p: number): number {
  if (Number.isNaN(log10_p)) return 1;
  return Math.min(1, Math.max(LEAST_P, 10 ** log10_p));
}

/**
 * Score of a probability: 1 - 2^log10(p). Chance 1 in 1 gives 0, 1 in 10 a half, 1 in 1,000 0.875, 1 in a million
 * 0.984: each further order of magnitude halves what is left to 1.
 */
export function scoreOfLog10(log10_p: number): number {
  if (Number.isNaN(log10_p)) return 0;
  return Math.min(1, Math.max(0, 1 - 2 ** log10_p));
}

/** Shares that sum to 1, from amounts of at least 0; all 0 if there is nothing to share. */
export function shares(amounts: ArrayLike<number>): number[] {
  let sum = 0;
  for (let i = 0; i < amounts.length; i++) sum += Math.max(0, amounts[i]!);
  return Array.from(amounts, (amount) => (sum > 0 ? Math.max(0, amount) / sum : 0));
}
