import { z } from 'zod';
import { random } from '../base/random.ts';
import { quantileSorted } from '../base/stats.ts';
import type { Matrix, Model, Part, Score } from '../schema/model.ts';
import { type Calibration, calibrate, calibrated, uncalibrated } from './calibration.ts';
import { boundedP, shares } from './surprise.ts';

/**
 * Isolation forest (Liu, Ting and Zhou 2008): trees that split samples at random columns and random values; what is
 * strange ends up alone after few splits. Score = 2^(-mean path length / c(sample)), so 0.5 is ordinary and 1 alone.
 *
 * Every tree is a full binary tree in a flat array (node i has children 2i+1 and 2i+2), cut at ceil(log2(sample)) as in
 * the paper. Branches that end early go on to the left to full depth, so that scoring is the same few steps for every
 * row, without a branch to predict; eight rows go through a tree side by side, to hide the latency of memory.
 */
export const ForestParams = z.strictObject({
  trees: z.int().min(1).max(1000).default(100),
  sample: z.int().min(2).max(4096).default(256),
  min_rows: z.int().positive().default(200).describe('past rows needed before it says anything'),
});
export type ForestParams = z.infer<typeof ForestParams>;

/** Numbers as base64 of little-endian arrays: 0.5 MB for 100 trees of 256. */
export interface ForestState {
  readonly rows: number;
  readonly columns: number;
  readonly trees: number;
  readonly depth: number;
  /** Rows in each tree's sample. */
  readonly sample: number;
  /** Uint16, trees × (2^depth - 1): the column asked at each inner node. */
  readonly features: string;
  /** Float64, the same shape: above it goes right. Infinity: there is no split here. */
  readonly thresholds: string;
  /** Uint16, trees × (2^(depth + 1) - 1): sample rows that came by each node, leaves last. */
  readonly covers: string;
  /** Per column: median, 2.5 % and 97.5 % quantile of the past. */
  readonly usual: readonly (readonly [number, number, number])[];
  readonly calibration: Calibration;
}

/** The state made ready for work. */
export interface Forest {
  readonly columns: number;
  readonly trees: number;
  readonly depth: number;
  readonly features: Uint16Array;
  readonly thresholds: Float64Array;
  readonly covers: Uint16Array;
  /** trees × 2^depth: path length at each leaf, the unbuilt part of the tree included. */
  readonly lengths: Float64Array;
  /** c(sample). */
  readonly normal_length: number;
  /** Mean over trees of the mean path length of their samples. */
  readonly expected_length: number;
}

const CALIBRATION_ROWS = 2000;

/** c(n): mean path length of an unsuccessful search in a binary search tree of n keys (formula 1 of the paper). */
export function averagePathLength(n: number): number {
  if (n <= 1) return 0;
  if (n === 2) return 1;
  return 2 * (Math.log(n - 1) + 0.5772156649015329) - (2 * (n - 1)) / n;
}

export const isolationForest: Model<ForestParams, ForestState> = {
  kind: 'forest',
  doc: 'Isolation forest: rows that few random splits set apart from all others, columns taken together.',
  params: ForestParams,
  fit: fitForest,
  score(row, state) {
    if (state.trees === 0) return { score: 0, p_value: 1, parts: [] };
    const forest = openForest(state);
    const clean = Float64Array.from({ length: state.columns }, (_, c) => finite(row[c]!));
    const score = scoreRows({ rows: 1, columns: state.columns, values: clean }, forest)[0]!;
    return lazyScore(score, clean, state, forest);
  },
};

/** The parts cost some milliseconds, and most scores are of no interest: they are worked out when first read. */
function lazyScore(score: number, row: Float64Array, state: ForestState, forest: Forest): Score {
  let parts: Part[] | undefined;
  return {
    score,
    p_value: boundedP(calibrated(score, state.calibration).log10_p),
    get parts() {
      parts ??= partsOf(row, state, forest);
      return parts;
    },
  };
}

function partsOf(row: Float64Array, state: ForestState, forest: Forest): Part[] {
  const weights = shares(attribute(row, forest));
  return state.usual.map(([expected, low, high], column) => ({
    column,
    actual: row[column]!,
    expected,
    low,
    high,
    weight: weights[column]!,
  }));
}

// ---- fit ----

export function fitForest(past: Matrix, params: ForestParams, seed: number): ForestState {
  const { rows, columns } = past;
  if (rows < Math.max(2, params.min_rows)) return emptyForest(rows, columns);
  const dice = random(seed);
  const sample = Math.min(params.sample, rows);
  const depth = Math.max(1, Math.ceil(Math.log2(sample)));
  const inner = 2 ** depth - 1;
  const nodes = 2 ** (depth + 1) - 1;
  const features = new Uint16Array(params.trees * inner);
  const thresholds = new Float64Array(params.trees * inner).fill(Infinity);
  const covers = new Uint16Array(params.trees * nodes);
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  const builder = new TreeBuilder(past, sample, depth, dice.next);
  for (let t = 0; t < params.trees; t++) {
    // Continuing to shuffle a shuffled array still draws evenly.
    for (let i = 0; i < sample; i++) {
      const j = i + dice.below(rows - i);
      const kept = order[i]!;
      order[i] = order[j]!;
      order[j] = kept;
    }
    builder.build(
      order,
      features.subarray(t * inner, (t + 1) * inner),
      thresholds.subarray(t * inner, (t + 1) * inner),
      covers.subarray(t * nodes, (t + 1) * nodes),
    );
  }
  const bare: ForestState = {
    rows,
    columns,
    trees: params.trees,
    depth,
    sample,
    features: encode(features),
    thresholds: encode(thresholds),
    covers: encode(covers),
    usual: [],
    calibration: uncalibrated,
  };
  const some = spreadRows(past, CALIBRATION_ROWS);
  return {
    ...bare,
    usual: usualRanges(some),
    calibration: calibrate(scoreRows(some, openForest(bare))),
  };
}

function emptyForest(rows: number, columns: number): ForestState {
  return {
    rows,
    columns,
    trees: 0,
    depth: 0,
    sample: 0,
    features: '',
    thresholds: '',
    covers: '',
    usual: [],
    calibration: uncalibrated,
  };
}

/** Builds one tree at a time in memory that is used again for the next. */
class TreeBuilder {
  readonly past: Matrix;
  readonly sample: number;
  readonly depth: number;
  readonly next: () => number;
  /** The sample, column by column. */
  readonly data: Float64Array;
  readonly members: Int32Array;
  readonly candidates: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  constructor(past: Matrix, sample: number, depth: number, next: () => number) {
    this.past = past;
    this.sample = sample;
    this.depth = depth;
    this.next = next;
    this.data = new Float64Array(sample * past.columns);
    this.members = new Int32Array(sample);
    this.candidates = Int32Array.from({ length: past.columns }, (_, i) => i);
    this.starts = new Int32Array(2 ** (depth + 1) - 1);
    this.ends = new Int32Array(2 ** (depth + 1) - 1);
  }

  build(order: Int32Array, features: Uint16Array, thresholds: Float64Array, covers: Uint16Array): void {
    this.load(order);
    const inner = features.length;
    this.starts[0] = 0;
    this.ends[0] = this.sample;
    for (let node = 0; node < inner; node++) {
      const start = this.starts[node]!;
      const end = this.ends[node]!;
      covers[node] = end - start;
      const middle = this.split(node, start, end, features, thresholds);
      this.starts[2 * node + 1] = start;
      this.ends[2 * node + 1] = middle;
      this.starts[2 * node + 2] = middle;
      this.ends[2 * node + 2] = end;
    }
    for (let node = inner; node < covers.length; node++) covers[node] = this.ends[node]! - this.starts[node]!;
  }

  load(order: Int32Array): void {
    const { columns, values } = this.past;
    for (let i = 0; i < this.sample; i++) {
      this.members[i] = i;
      const from = order[i]! * columns;
      for (let c = 0; c < columns; c++) this.data[c * this.sample + i] = finite(values[from + c]!);
    }
  }

  /** Splits members[start..end) and gives where the right side begins; `end` if there is nothing to split. */
  split(node: number, start: number, end: number, features: Uint16Array, thresholds: Float64Array): number {
    if (end - start < 2) return end;
    const { members, candidates, data, sample } = this;
    for (let left = candidates.length; left > 0; left--) {
      const pick = Math.floor(this.next() * left);
      const column = candidates[pick]!;
      candidates[pick] = candidates[left - 1]!;
      candidates[left - 1] = column;
      const at = column * sample;
      let low = data[at + members[start]!]!;
      let high = low;
      for (let i = start + 1; i < end; i++) {
        const v = data[at + members[i]!]!;
        if (v < low) low = v;
        else if (v > high) high = v;
      }
      if (!(low < high)) continue;
      let threshold = low + this.next() * (high - low);
      if (!(threshold < high)) threshold = low;
      features[node] = column;
      thresholds[node] = threshold;
      return this.partition(at, start, end, threshold);
    }
    return end;
  }

  partition(at: number, start: number, end: number, threshold: number): number {
    const { members, data } = this;
    let low = start;
    let high = end;
    while (low < high) {
      const member = members[low]!;
      if (data[at + member]! > threshold) {
        members[low] = members[--high]!;
        members[high] = member;
      } else low++;
    }
    return low;
  }
}

/** Up to `most` rows, evenly spread over the past. */
function spreadRows(past: Matrix, most: number): Matrix {
  const rows = Math.min(past.rows, most);
  const values = new Float64Array(rows * past.columns);
  for (let r = 0; r < rows; r++) {
    const from = Math.floor((r * past.rows) / rows) * past.columns;
    for (let c = 0; c < past.columns; c++) values[r * past.columns + c] = finite(past.values[from + c]!);
  }
  return { rows, columns: past.columns, values };
}

function usualRanges(some: Matrix): [number, number, number][] {
  return Array.from({ length: some.columns }, (_, c) => {
    const own = new Float64Array(some.rows);
    for (let r = 0; r < some.rows; r++) own[r] = some.values[r * some.columns + c]!;
    own.sort();
    return [quantileSorted(own, 0.5), quantileSorted(own, 0.025), quantileSorted(own, 0.975)];
  });
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

// ---- state ----

const opened = new WeakMap<ForestState, Forest>();

/** Decodes a state once; later calls with the same object give the same forest. */
export function openForest(state: ForestState): Forest {
  const known = opened.get(state);
  if (known) return known;
  const features = new Uint16Array(decode(state.features));
  const thresholds = new Float64Array(decode(state.thresholds));
  const covers = new Uint16Array(decode(state.covers));
  const leaves = 2 ** state.depth;
  const nodes = 2 * leaves - 1;
  const lengths = new Float64Array(state.trees * leaves);
  let expected = 0;
  for (let t = 0; t < state.trees; t++) {
    for (let leaf = 0; leaf < leaves; leaf++) {
      const cover = covers[t * nodes + leaves - 1 + leaf]!;
      const length = splitsAbove(thresholds, t * (leaves - 1), leaf, state.depth) + averagePathLength(cover);
      lengths[t * leaves + leaf] = length;
      expected += (cover / state.sample) * length;
    }
  }
  const forest: Forest = {
    columns: state.columns,
    trees: state.trees,
    depth: state.depth,
    features,
    thresholds,
    covers,
    lengths,
    normal_length: averagePathLength(state.sample) || 1,
    expected_length: expected / Math.max(1, state.trees),
  };
  opened.set(state, forest);
  return forest;
}

function splitsAbove(thresholds: Float64Array, tree: number, leaf: number, depth: number): number {
  let node = 0;
  let splits = 0;
  for (let k = depth - 1; k >= 0; k--) {
    if (thresholds[tree + node]! < Infinity) splits++;
    node = 2 * node + 1 + ((leaf >> k) & 1);
  }
  return splits;
}

function encode(array: Uint16Array | Float64Array): string {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
}

function decode(text: string): ArrayBuffer {
  const bytes = Buffer.from(text, 'base64');
  const own = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(own).set(bytes);
  return own;
}

// ---- score ----

const BLOCK = 256;

/** Scores of all rows, 0 .. 1. Every value must be a number (no NaN). */
export function scoreRows(rows: Matrix, forest: Forest): Float64Array {
  const scores = new Float64Array(rows.rows);
  // A block of rows and one tree stay in the first-level cache together.
  for (let from = 0; from < rows.rows; from += BLOCK) {
    const to = Math.min(rows.rows, from + BLOCK);
    for (let t = 0; t < forest.trees; t++) addLengths(rows, from, to, forest, t, scores);
  }
  const factor = -Math.LN2 / (forest.trees * forest.normal_length);
  for (let r = 0; r < scores.length; r++) scores[r] = Math.exp(scores[r]! * factor);
  return scores;
}

function addLengths(
  rows: Matrix,
  from: number,
  to: number,
  forest: Forest,
  t: number,
  sums: Float64Array,
): void {
  const { values, columns: d } = rows;
  const { depth } = forest;
  const leaves = 2 ** depth;
  const features = forest.features.subarray(t * (leaves - 1), (t + 1) * (leaves - 1));
  const thresholds = forest.thresholds.subarray(t * (leaves - 1), (t + 1) * (leaves - 1));
  const lengths = forest.lengths.subarray(t * leaves, (t + 1) * leaves);
  const first_leaf = leaves - 1;
  let r = from;
  for (; r + 8 <= to; r += 8) {
    const x0 = r * d;
    const x1 = x0 + d;
    const x2 = x1 + d;
    const x3 = x2 + d;
    const x4 = x3 + d;
    const x5 = x4 + d;
    const x6 = x5 + d;
    const x7 = x6 + d;
    let a = 0;
    let b = 0;
    let c = 0;
    let e = 0;
    let f = 0;
    let g = 0;
    let h = 0;
    let i = 0;
    for (let k = 0; k < depth; k++) {
      a = (2 * a + 1 + Number(values[x0 + features[a]!]! > thresholds[a]!)) | 0;
      b = (2 * b + 1 + Number(values[x1 + features[b]!]! > thresholds[b]!)) | 0;
      c = (2 * c + 1 + Number(values[x2 + features[c]!]! > thresholds[c]!)) | 0;
      e = (2 * e + 1 + Number(values[x3 + features[e]!]! > thresholds[e]!)) | 0;
      f = (2 * f + 1 + Number(values[x4 + features[f]!]! > thresholds[f]!)) | 0;
      g = (2 * g + 1 + Number(values[x5 + features[g]!]! > thresholds[g]!)) | 0;
      h = (2 * h + 1 + Number(values[x6 + features[h]!]! > thresholds[h]!)) | 0;
      i = (2 * i + 1 + Number(values[x7 + features[i]!]! > thresholds[i]!)) | 0;
    }
    sums[r] = sums[r]! + lengths[a - first_leaf]!;
    sums[r + 1] = sums[r + 1]! + lengths[b - first_leaf]!;
    sums[r + 2] = sums[r + 2]! + lengths[c - first_leaf]!;
    sums[r + 3] = sums[r + 3]! + lengths[e - first_leaf]!;
    sums[r + 4] = sums[r + 4]! + lengths[f - first_leaf]!;
    sums[r + 5] = sums[r + 5]! + lengths[g - first_leaf]!;
    sums[r + 6] = sums[r + 6]! + lengths[h - first_leaf]!;
    sums[r + 7] = sums[r + 7]! + lengths[i - first_leaf]!;
  }
  for (; r < to; r++) {
    let node = 0;
    for (let k = 0; k < depth; k++)
      node = 2 * node + 1 + Number(values[r * d + features[node]!]! > thresholds[node]!);
    sums[r] = sums[r]! + lengths[node - first_leaf]!;
  }
}

// ---- attribution ----

/**
 * How much each column shortened the path of a row: exact Shapley values of the expected path length, where a column
 * that is left out sends the row down both sides in proportion to the sample (path-dependent TreeSHAP, Lundberg et al.
 * 2020, Nature Machine Intelligence 2:56). They sum to expected_length - length of this row; positive is stranger.
 *
 * Worked out leaf by leaf instead of by recursion: a leaf with the columns D on its path is reached with weight
 * Π (o_j if j is known, else z_j), o_j whether the row goes that way at every split of j, z_j the share of the sample
 * that did. The sizes of coalitions are coefficients of Π (z_j + o_j t); one column's factor is divided out again.
 */
export function attribute(row: ArrayLike<number>, forest: Forest): Float64Array {
  const { depth, trees, columns } = forest;
  const leaves = 2 ** depth;
  const contributions = new Float64Array(columns);
  const path = new LeafPath(depth);
  for (let t = 0; t < trees; t++) {
    for (let leaf = 0; leaf < leaves; leaf++) {
      const cover = forest.covers[t * (2 * leaves - 1) + leaves - 1 + leaf]!;
      if (cover === 0) continue;
      path.walk(row, forest, t, leaf);
      path.share(-forest.lengths[t * leaves + leaf]! / trees, contributions);
    }
  }
  return contributions;
}

class LeafPath {
  size = 0;
  readonly column: Int32Array;
  readonly share_of_sample: Float64Array;
  readonly followed: Uint8Array;
  readonly product: Float64Array;
  readonly weights: Float64Array[];

  constructor(depth: number) {
    this.column = new Int32Array(depth);
    this.share_of_sample = new Float64Array(depth);
    this.followed = new Uint8Array(depth);
    this.product = new Float64Array(depth + 1);
    this.weights = Array.from({ length: depth + 1 }, (_, d) => coalitionWeights(d));
  }

  /** Collects the distinct columns on the way to a leaf. */
  walk(row: ArrayLike<number>, forest: Forest, t: number, leaf: number): void {
    const inner = 2 ** forest.depth - 1;
    const nodes = 2 * inner + 1;
    this.size = 0;
    let node = 0;
    for (let k = forest.depth - 1; k >= 0; k--) {
      const right = (leaf >> k) & 1;
      const child = 2 * node + 1 + right;
      const threshold = forest.thresholds[t * inner + node]!;
      if (threshold < Infinity) {
        const column = forest.features[t * inner + node]!;
        const share = forest.covers[t * nodes + child]! / forest.covers[t * nodes + node]!;
        const follows = row[column]! > threshold === (right === 1);
        this.add(column, share, follows);
      }
      node = child;
    }
  }

  add(column: number, share: number, follows: boolean): void {
    let i = 0;
    while (i < this.size && this.column[i] !== column) i++;
    if (i === this.size) {
      this.size++;
      this.column[i] = column;
      this.share_of_sample[i] = 1;
      this.followed[i] = 1;
    }
    this.share_of_sample[i] = this.share_of_sample[i]! * share;
    if (!follows) this.followed[i] = 0;
  }

  /** Adds the Shapley values of a leaf worth `value`. */
  share(value: number, contributions: Float64Array): void {
    const d = this.size;
    if (d === 0) return;
    const { product } = this;
    product.fill(0);
    product[0] = 1;
    for (let j = 0; j < d; j++) {
      const z = this.share_of_sample[j]!;
      const o = this.followed[j]!;
      for (let k = j + 1; k > 0; k--) product[k] = product[k]! * z + product[k - 1]! * o;
      product[0] = product[0]! * z;
    }
    const weights = this.weights[d]!;
    for (let j = 0; j < d; j++) {
      const z = this.share_of_sample[j]!;
      let sum = 0;
      if (this.followed[j] === 1) {
        // Divide by (z + t), from the highest power down: stable, as z is at most 1.
        let quotient = product[d]!;
        sum = weights[d - 1]! * quotient;
        for (let k = d - 1; k > 0; k--) {
          quotient = product[k]! - z * quotient;
          sum += weights[k - 1]! * quotient;
        }
        sum *= 1 - z;
      } else {
        // The factor was z alone, which cancels with the -z in front.
        for (let k = 0; k < d; k++) sum -= weights[k]! * product[k]!;
      }
      const column = this.column[j]!;
      contributions[column] = contributions[column]! + value * sum;
    }
  }
}

/** k! (d - k - 1)! / d! for k known others of d columns. */
function coalitionWeights(d: number): Float64Array {
  const weights = new Float64Array(Math.max(1, d));
  for (let k = 0; k < d; k++) {
    let choose = 1;
    for (let i = 1; i <= k; i++) choose = (choose * (d - i)) / i;
    weights[k] = 1 / (d * choose);
  }
  return weights;
}
