import { chiSquareUpper, type Tail, tailOf, tailOfLog } from '../base/stats.ts';

/**
 * Ways to make one p-value of several. All take log10 p (so that 1e-400 counts) and give a tail. Which to use:
 * - `strongest` (Šidák): one of them is enough; valid if independent, nearly so under positive dependence.
 * - `fisher`: all add up; needs independence, or the variance of their sum.
 */

/** Smallest of d independent ones (Šidák 1967): 1 - (1 - p)^d. */
export function strongest(log10_p: ArrayLike<number>): Tail {
  const d = log10_p.length;
  if (d === 0) return tailOf(1);
  const least = Math.min(0, smallest(log10_p));
  const p = 10 ** least;
  if (p < 1e-9) return tailOfLog(least * Math.LN10 + Math.log(d));
  if (p >= 1) return tailOf(1);
  return tailOf(-Math.expm1(d * Math.log1p(-p)));
}

/**
 * Fisher (1932): -2 Σ ln p is chi-square with 2d degrees if independent. `variance` of that sum, where it is known
 * (Brown 1975), makes it fit dependent ones: 4d if independent, up to 4d² if all are the same.
 */
export function fisher(log10_p: ArrayLike<number>, variance = 4 * log10_p.length): Tail {
  const d = log10_p.length;
  if (d === 0) return tailOf(1);
  let sum = 0;
  for (let i = 0; i < d; i++) sum += -2 * Math.LN10 * Math.min(0, log10_p[i]!);
  const kept = Math.min(4 * d * d, Math.max(4 * d, variance));
  const scale = kept / (4 * d);
  return chiSquareUpper(sum / scale, (2 * d) / scale);
}

function smallest(values: ArrayLike<number>): number {
  let least = Infinity;
  for (let i = 0; i < values.length; i++) if (values[i]! < least) least = values[i]!;
  return least;
}
