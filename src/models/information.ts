import { bigramTable, trigramTable, weights } from './label-table.ts';

/** What names give away: how much they look like drawn by a machine. */

/** Shannon entropy of the characters, bits per character. 0 for an empty text. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const c of text) counts.set(c, (counts.get(c) ?? 0) + 1);
  return entropyOfCounts([...counts.values()]);
}

/** Shannon entropy of counts, bits. */
export function entropyOfCounts(counts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  if (total <= 0) return 0;
  let bits = 0;
  for (let i = 0; i < counts.length; i++) {
    const share = counts[i]! / total;
    if (share > 0) bits -= share * Math.log2(share);
  }
  return Math.max(0, bits);
}

/** Symbols of a domain label: a-z, 0-9, hyphen, and the edge of the label. */
export const SYMBOLS = 38;
export const EDGE = 37;

export function symbol(code: number): number {
  if (code >= 97 && code <= 122) return code - 97;
  if (code >= 65 && code <= 90) return code - 65;
  if (code >= 48 && code <= 57) return code - 48 + 26;
  return 36;
}

/** Table entries are -ln p in steps of 1/16 (pairs) and 1/1.5 (triples). */
export const BIGRAM_STEP = 16;
export const TRIGRAM_STEP = 1.5;

const bigrams = Uint8Array.from(Buffer.from(bigramTable, 'base64'));
const trigrams = Uint8Array.from(Buffer.from(trigramTable, 'base64'));

/** Mean -ln p of the pairs in a label, edges included, nats: about 2.5 for words, above 3.5 for noise. */
export function bigramSurprise(label: string): number {
  let sum = 0;
  let before = EDGE;
  for (let i = 0; i <= label.length; i++) {
    const now = i < label.length ? symbol(label.charCodeAt(i)) : EDGE;
    sum += bigrams[before * SYMBOLS + now]! / BIGRAM_STEP;
    before = now;
  }
  return sum / (label.length + 1);
}

/** Mean -ln p of the third letter after two, over the runs of three letters; NaN if there is none. */
export function trigramSurprise(label: string): number {
  let sum = 0;
  let n = 0;
  for (let i = 0; i + 2 < label.length; i++) {
    const a = symbol(label.charCodeAt(i));
    const b = symbol(label.charCodeAt(i + 1));
    const c = symbol(label.charCodeAt(i + 2));
    if (a > 25 || b > 25 || c > 25) continue;
    const at = (a * 26 + b) * 26 + c;
    sum += ((trigrams[at >> 1]! >> (4 * (at & 1))) & 15) / TRIGRAM_STEP;
    n++;
  }
  return n > 0 ? sum / n : Number.NaN;
}

export interface LabelShape {
  readonly length: number;
  readonly bigram_surprise: number;
  readonly trigram_surprise: number;
  readonly vowel_share: number;
  readonly digit_share: number;
  /** Changes between letters and digits, per character. */
  readonly switches: number;
  readonly longest_consonants: number;
  readonly entropy: number;
}

/** What a label looks like; no part of it depends on a list of known names. */
export function labelShape(label: string): LabelShape {
  let vowels = 0;
  let letters = 0;
  let digits = 0;
  let switches = 0;
  let run = 0;
  let longest = 0;
  let before = -1;
  for (let i = 0; i < label.length; i++) {
    const s = symbol(label.charCodeAt(i));
    const kind = s < 26 ? 0 : s < 36 ? 1 : 2;
    // y counts as a vowel here: it ends English names.
    const vowel = s === 0 || s === 4 || s === 8 || s === 14 || s === 20 || s === 24;
    if (kind === 0) letters++;
    if (kind === 1) digits++;
    if (vowel) vowels++;
    run = kind === 0 && !vowel ? run + 1 : 0;
    longest = Math.max(longest, run);
    if (before >= 0 && kind !== before && kind < 2 && before < 2) switches++;
    before = kind;
  }
  const length = Math.max(1, label.length);
  const bigram_surprise = bigramSurprise(label);
  const trigram = trigramSurprise(label);
  return {
    length: label.length,
    bigram_surprise,
    trigram_surprise: Number.isNaN(trigram) ? 4.5 : trigram,
    vowel_share: letters > 0 ? vowels / letters : 0,
    digit_share: digits / length,
    switches: switches / length,
    longest_consonants: longest,
    entropy: entropy(label),
  };
}

/** Numbers of the logistic model, in the order of `weights` in the table; the first weight is the constant. */
export function labelFeatures(shape: LabelShape): number[] {
  const more = Math.max(0, shape.length - 6) / 10;
  return [
    more,
    shape.bigram_surprise - 2.7,
    shape.trigram_surprise - 3,
    more * (shape.trigram_surprise - 3),
    more * (shape.bigram_surprise - 2.7),
    Math.abs(shape.vowel_share - 0.4),
    shape.digit_share,
    shape.switches * 4,
    Math.max(0, shape.longest_consonants - 3) / 3,
    shape.entropy - 3,
  ];
}

/**
 * How much a registered name ("google" of www.google.com) looks drawn by an algorithm, 0 .. 1. Logistic model over the
 * shape of the label, learned by bench/label-table.ts from English words and compounds against drawn names. Give it the
 * registered label, not a subdomain: content networks draw those. Names of two dictionary words (Suppobox, Matsnu) look
 * like names of people and score low: count NXDOMAINs for those. Under 5 characters, and for punycode (xn--), 0: too
 * little to tell.
 */
export function generatedNameScore(label: string): number {
  if (label.length < 5 || label.startsWith('xn--')) return 0;
  const features = labelFeatures(labelShape(label.length > 63 ? label.slice(0, 63) : label));
  let sum = weights[0]!;
  for (let i = 0; i < features.length; i++) sum += weights[i + 1]! * features[i]!;
  return 1 / (1 + Math.exp(-sum));
}
