/**
 * Order statistics and tail probabilities. Tails come with log10, because the far ones are zero in a double:
 * 10^-400 is still told from 10^-500. Formulas: NIST Digital Library of Mathematical Functions, chapters 5, 7, 8.
 */
export interface Tail {
  /** The probability; 0 where it is below the smallest double. */
  readonly p: number;
  readonly log10_p: number;
}

const LN10 = Math.LN10;

/** A tail from the natural logarithm of its probability. */
export function tailOfLog(ln_p: number): Tail {
  const ln = Math.min(0, ln_p);
  return { p: Math.exp(ln), log10_p: ln / LN10 };
}

export function tailOf(p: number): Tail {
  const kept = Math.min(1, Math.max(0, p));
  return { p: kept, log10_p: kept > 0 ? Math.log10(kept) : -Infinity };
}

// ---- order statistics ----

/** Quantile of values that are already sorted, between neighbours linearly (type 7 of Hyndman and Fan 1996). NaN if empty. */
export function quantileSorted(sorted: ArrayLike<number>, share: number): number {
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  const at = Math.min(1, Math.max(0, share)) * (n - 1);
  const low = Math.floor(at);
  const a = sorted[low]!;
  const b = sorted[Math.min(n - 1, low + 1)]!;
  return a + (b - a) * (at - low);
}

/** Values as a sorted copy of doubles. */
export function sorted(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).sort();
}

export function quantile(values: ArrayLike<number>, share: number): number {
  return quantileSorted(sorted(values), share);
}

/** Median in linear time on average; the array is reordered. NaN if empty. `count`: only the first so many. */
export function medianInPlace(values: Float64Array | Float32Array, count = values.length): number {
  if (count === 0) return Number.NaN;
  const middle = count >> 1;
  const upper = select(values, count, middle);
  if (count % 2 === 1) return upper;
  let lower = -Infinity;
  for (let i = 0; i < middle; i++) if (values[i]! > lower) lower = values[i]!;
  return (lower + upper) / 2;
}

/** Hoare's quickselect with the median of three: after it, values[0..k] are no larger than values[k]. */
export function select(values: Float64Array | Float32Array, count: number, k: number): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const a = values[low]!;
    const b = values[(low + high) >> 1]!;
    const c = values[high]!;
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const t = values[i]!;
      values[i++] = values[j]!;
      values[j--] = t;
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return values[k]!;
}

export function median(values: ArrayLike<number>): number {
  return medianInPlace(Float64Array.from(values));
}

/** What the median absolute deviation of a normal distribution is multiplied with to give its standard deviation. */
export const MAD_TO_SIGMA = 1.482602218505602;

// ---- special functions ----

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Natural logarithm of the gamma function for x > 0 (Lanczos, g = 7, n = 9; relative error below 1e-14). */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  let sum = LANCZOS[0]!;
  for (let i = 1; i < 9; i++) sum += LANCZOS[i]! / (z + i);
  const t = z + 7.5;
  return 0.9189385332046728 + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

export function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** ln(1 - e^x) for x <= 0, without loss at either end (Maechler 2012). */
export function log1mexp(x: number): number {
  return x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x));
}

/** ln of the regularised lower incomplete gamma function P(a, x). */
export function logGammaP(a: number, x: number): number {
  if (x <= 0) return -Infinity;
  if (x < a + 1) return gammaSeries(a, x);
  return log1mexp(Math.min(0, gammaFraction(a, x)));
}

/** ln of the regularised upper incomplete gamma function Q(a, x). */
export function logGammaQ(a: number, x: number): number {
  if (x <= 0) return 0;
  if (x < a + 1) return log1mexp(Math.min(0, gammaSeries(a, x)));
  return gammaFraction(a, x);
}

const MOST_TURNS = 200_000;

/** DLMF 8.11.4 */
function gammaSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < MOST_TURNS; n++) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * 1e-17) break;
  }
  return -x + a * Math.log(x) - logGamma(a) + Math.log(sum);
}

/** DLMF 8.9.2, by the modified Lentz method. */
function gammaFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < MOST_TURNS; i++) {
    const an = -i * (i - a);
    b += 2;
    d = an * d + b;
    if (Math.abs(d) < tiny) d = tiny;
    c = b + an / c;
    if (Math.abs(c) < tiny) c = tiny;
    d = 1 / d;
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return -x + a * Math.log(x) - logGamma(a) + Math.log(h);
}

/** ln of the regularised incomplete beta function I_x(a, b). */
export function logIncompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return -Infinity;
  if (x >= 1) return 0;
  if (x < (a + 1) / (a + b + 2)) return betaFraction(x, 1 - x, a, b);
  return log1mexp(Math.min(0, betaFraction(1 - x, x, b, a)));
}

/** DLMF 8.17.22, by the modified Lentz method; `y` is 1 - x, given apart to keep its digits. */
function betaFraction(x: number, y: number, a: number, b: number): number {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  if (Math.abs(d) < tiny) d = tiny;
  d = 1 / d;
  let h = d;
  for (let m = 1; m < MOST_TURNS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 + even * d;
    if (Math.abs(d) < tiny) d = tiny;
    c = 1 + even / c;
    if (Math.abs(c) < tiny) c = tiny;
    d = 1 / d;
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + odd * d;
    if (Math.abs(d) < tiny) d = tiny;
    c = 1 + odd / c;
    if (Math.abs(c) < tiny) c = tiny;
    d = 1 / d;
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return a * Math.log(x) + b * Math.log(y) - logBeta(a, b) - Math.log(a) + Math.log(h);
}

// ---- tails ----

/** P(Z >= z) of the standard normal. */
export function normalUpper(z: number): Tail {
  if (Number.isNaN(z)) return tailOf(1);
  if (z === 0) return tailOf(0.5);
  const ln = Math.LN2 * -1 + logGammaQ(0.5, (z * z) / 2);
  return tailOfLog(z > 0 ? ln : log1mexp(ln));
}

/** P(T >= t) of Student's t with df degrees of freedom. */
export function studentUpper(t: number, df: number): Tail {
  if (Number.isNaN(t)) return tailOf(1);
  if (!Number.isFinite(t)) return t > 0 ? { p: 0, log10_p: -Infinity } : tailOf(1);
  const a = df / 2;
  // Far out only the first term of the series is left (DLMF 8.17.8), and t * t would overflow.
  const ln =
    Math.abs(t) > 1e100
      ? -Math.LN2 + a * (Math.log(df) - 2 * Math.log(Math.abs(t))) - Math.log(a) - logBeta(a, 0.5)
      : -Math.LN2 + logIncompleteBeta(df / (df + t * t), a, 0.5);
  return tailOfLog(t >= 0 ? ln : log1mexp(ln));
}

/** P(X >= n) of a Poisson variable. */
export function poissonUpper(n: number, mean_count: number): Tail {
  if (n <= 0) return tailOf(1);
  if (mean_count <= 0) return { p: 0, log10_p: -Infinity };
  return tailOfLog(logGammaP(n, mean_count));
}

/** P(X >= k) of k successes in n trials of chance p. */
export function binomialUpper(k: number, n: number, p: number): Tail {
  if (k <= 0) return tailOf(1);
  if (k > n) return { p: 0, log10_p: -Infinity };
  return tailOfLog(logIncompleteBeta(p, k, n - k + 1));
}

/**
 * P(X >= k) of a negative binomial with the given mean and size (variance = mean + mean² / size): a Poisson whose
 * mean itself varies by a Gamma of that shape.
 */
export function negativeBinomialUpper(k: number, mean_count: number, size: number): Tail {
  if (k <= 0) return tailOf(1);
  if (mean_count <= 0) return { p: 0, log10_p: -Infinity };
  if (size > 1e9) return poissonUpper(k, mean_count);
  return tailOfLog(logIncompleteBeta(mean_count / (mean_count + size), k, size));
}

/** P(X >= x) of a chi-square variable; df need not be whole. */
export function chiSquareUpper(x: number, df: number): Tail {
  if (x <= 0) return tailOf(1);
  return tailOfLog(logGammaQ(df / 2, x / 2));
}

/** The t that Student's t exceeds with probability `upper` (0 < upper < 1), by bisection to 1e-10. */
export function studentQuantile(upper: number, df: number): number {
  if (upper > 0.5) return -studentQuantile(1 - upper, df);
  const target = Math.log10(upper);
  let low = 0;
  let high = 1;
  while (studentUpper(high, df).log10_p > target && high < 1e300) high *= 2;
  for (let i = 0; i < 100 && high - low > 1e-10 * (1 + low); i++) {
    const middle = (low + high) / 2;
    if (studentUpper(middle, df).log10_p > target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
