import { sorted, type Tail, tailOf } from '../src/base/stats.ts';

/** Largest distance between the empirical distribution of values in [0, 1] and the uniform one. */
export function uniformDistance(values: ArrayLike<number>): number {
  const order = sorted(values);
  const n = order.length;
  let most = 0;
  for (let i = 0; i < n; i++) {
    const v = order[i]!;
    most = Math.max(most, (i + 1) / n - v, v - i / n);
  }
  return most;
}

/** P(D >= d) of the Kolmogorov-Smirnov distance of n values (Stephens 1970: good from n = 5 on). */
export function kolmogorovUpper(d: number, n: number): Tail {
  const root = Math.sqrt(n);
  const x = (root + 0.12 + 0.11 / root) * d;
  if (x < 0.3) return tailOf(1);
  let sum = 0;
  for (let j = 1; j <= 100; j++) {
    const term = 2 * (j % 2 === 1 ? 1 : -1) * Math.exp(-2 * j * j * x * x);
    sum += term;
    if (Math.abs(term) < 1e-18) break;
  }
  return tailOf(sum);
}
