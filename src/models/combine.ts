import { chiSquareUpper, type Tail, tailOf, tailOfLog } from '../base/stats.ts';

/**
 * Ways to make one p-value of several. All take log10 p (so that 1e-400 counts) and give a tail. Which to use:
 * - `strongest` (Šidák): one of them is enough; valid if independent, nearly so under positive dependence.
 * - `simes`: as strongest, gains when several are small; valid under positive dependence.
 * - `harmonicMean`: valid under any dependence up to its correction; for overlapping windows and related detectors.
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

/** Simes (1986): the smallest of d/i times the i-th smallest. */
export function simes(log10_p: ArrayLike<number>): Tail {
  const order = Float64Array.from(log10_p).sort();
  const d = order.length;
  let least = 0;
  for (let i = 0; i < d; i++) least = Math.min(least, order[i]! + Math.log10(d / (i + 1)));
  return tailOfLog(least * Math.LN10);
}

/**
 * Harmonic mean of p-values (Wilson 2019, PNAS 116:1195), times e·ln(d), which makes it valid whatever the dependence
 * (Vovk and Wang 2020, "Combining p-values via averaging", for d > 2; doubled for d = 2).
 */
export function harmonicMean(log10_p: ArrayLike<number>): Tail {
  const d = log10_p.length;
  if (d === 0) return tailOf(1);
  if (d === 1) return tailOfLog(log10_p[0]! * Math.LN10);
  const least = smallest(log10_p);
  let sum = 0;
  for (let i = 0; i < d; i++) sum += 10 ** (least - log10_p[i]!);
  const factor = d === 2 ? 2 : Math.E * Math.log(d);
  return tailOfLog((least + Math.log10(d / sum) + Math.log10(factor)) * Math.LN10);
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
