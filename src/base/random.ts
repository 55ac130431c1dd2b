/** A seeded stream of random numbers: the same seed gives the same stream on every machine. Not for secrets. */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Uniform integer in 0..n-1. */
  below(n: number): number;
  /** Standard normal (polar method). */
  normal(): number;
  /** Exponential with mean 1. */
  exponential(): number;
}

/**
 * sfc32 (Chris Doty-Humphrey, PractRand 2010): 128 bits of state, period at least 2^32, passes PractRand and BigCrush.
 * The seed is spread over the state by splitmix32 and 12 turns are thrown away, so seeds 1 and 2 share nothing.
 */
export function random(seed: number): Random {
  const spread = splitmix32(seed);
  let a = spread();
  let b = spread();
  let c = spread();
  let counter = 1;
  let spare = Number.NaN;
  const bits = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) bits();
  const next = (): number => bits() / 4294967296;
  const normal = (): number => {
    if (!Number.isNaN(spare)) {
      const kept = spare;
      spare = Number.NaN;
      return kept;
    }
    for (;;) {
      const u = 2 * next() - 1;
      const v = 2 * next() - 1;
      const s = u * u + v * v;
      if (s === 0 || s >= 1) continue;
      const f = Math.sqrt((-2 * Math.log(s)) / s);
      spare = v * f;
      return u * f;
    }
  };
  return {
    next,
    below: (n) => Math.floor(next() * n),
    normal,
    exponential: () => -Math.log(1 - next()),
  };
}

function splitmix32(seed: number): () => number {
  // Both halves of a large seed count.
  let state = (Math.trunc(seed) ^ Math.trunc(seed / 4294967296)) | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) | 0;
  };
}
