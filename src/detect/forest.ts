import { duration } from '../base/duration.ts';
import { numbered } from '../base/format.ts';
import { median, quantile } from '../base/stats.ts';
import {
  attribute,
  type Forest,
  type ForestState,
  fitForest,
  openForest,
  scoreRows,
} from '../models/isolation-forest.ts';
import { shares } from '../models/surprise.ts';
import type { Detector, Feature, ModelUse } from '../schema/detector.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import type { Reason } from '../schema/finding.ts';
import { columnValues, numbers } from './columns.ts';
import { type OddState, OddWindows } from './habit.ts';
import { isCrowd } from './house.ts';
import type { Judge, Judgement } from './judge.ts';

type Use = Extract<ModelUse, { kind: 'forest' }>;

/** Rows of the past kept, the newest. */
const most_rows = 20_000;
/** Rows that score more stand out, and grow no forest; by Liu and others (2008) 0.6 and more is worth a look. */
const stands_out = 0.6;
/** The forest is grown anew when the past has grown by this much. */
const regrow = 1.25;

/** A row of a window that is not over yet. */
interface Held {
  readonly over: number;
  readonly values: number[];
  readonly key: string;
  readonly score: number | null;
  readonly teaches: boolean;
}

interface State {
  readonly past: number[][];
  readonly own: OddState;
  readonly waiting: readonly Held[];
  readonly added: number;
  readonly grown_at: number;
  readonly fitted: ForestState | null;
  readonly usual: readonly { expected: number; low: number; high: number }[];
}

/**
 * An isolation forest over all figures of a host's window together: sees combinations that no single figure shows.
 * Learns from the past windows of all hosts; says nothing until there are `min_rows` of them. Figures are taken as
 * ln(1 + x), so that a factor counts the same everywhere. Rows that stand out do not teach what is usual, unless more than 20
 * hosts and more than half of all stand out in the same window. A host that was about as odd before is not told for being so
 * again: its chance is at least the share of its own past windows in which it was.
 */
export function forestJudge(detector: Detector, feature: Feature, use: Use, saved?: unknown): Judge {
  const state = saved as State | undefined;
  const names = use.columns;
  const window_us = duration(detector.window) * 1e6;
  const past: number[][] = [...(state?.past ?? [])];
  const own = new OddWindows(state?.own);
  let waiting: Held[] = [...(state?.waiting ?? [])];
  let added = state?.added ?? 0;
  let grown_at = state?.grown_at ?? 0;
  let fitted: ForestState | null = state?.fitted ?? null;
  let forest: Forest | null = fitted && openForest(fitted);
  let usual = state?.usual ?? [];

  function learn(window_at: number): void {
    for (const one of waiting) {
      if (one.over > window_at) continue;
      if (one.teaches) past[added++ % most_rows] = one.values;
      if (one.score !== null) own.note(one.key, one.score, one.values.map(Math.expm1));
    }
    waiting = waiting.filter((one) => one.over > window_at);
    if (past.length < use.min_rows || added < grown_at * regrow) return;
    fitted = fitForest(matrix(past), { trees: 100, sample: 256, min_rows: use.min_rows }, 20_177);
    forest = openForest(fitted);
    grown_at = added;
    const columns = columnValues(names.length);
    for (const row of past) for (let c = 0; c < names.length; c++) columns[c]!.push(Math.expm1(row[c]!));
    usual = columns.map((values) => ({
      expected: median(values),
      low: quantile(values, 0.025),
      high: quantile(values, 0.975),
    }));
  }

  return {
    judge(window_at, rows) {
      learn(window_at);
      const logs = rows.map((row) => numbers(row, names).map((value) => Math.log1p(Math.max(0, value))));
      const grown = forest;
      const scores = grown ? scoreRows(matrix(logs), grown) : null;
      const out = scores?.map((score) => Number(score > stands_out));
      const out_hosts = new Set(rows.filter((_, i) => out?.[i]).map((row) => row.host)).size;
      const crowded = isCrowd(out_hosts, new Set(rows.map((row) => row.host)).size);
      for (const [i, values] of logs.entries())
        waiting.push({
          over: window_at + window_us,
          values,
          key: rows[i]!.key,
          score: scores?.[i] ?? null,
          teaches: crowded || !out?.[i],
        });
      if (!grown || !scores) return [];
      return rows.flatMap((row, i) => (row.worth ? [judgement(row, logs[i]!, scores[i]!, grown)] : []));
    },
    save(): State {
      return { past, own: own.save(), waiting, added, grown_at, fitted, usual };
    },
  };

  function judgement(row: FeatureRow, values: readonly number[], score: number, grown: Forest): Judgement {
    const says = {
      level: 'population' as const,
      windows: past.length,
      entities: 0,
      says: `${numbered(past.length, 'count', 'past host-hours')} of the whole network, all figures together`,
    };
    // Exact attribution costs a walk through all leaves: only for rows that can become findings.
    const weights = score > stands_out ? shares(attribute(values, grown)) : names.map(() => 0);
    const reasons = names.map((name, c): Reason => {
      const { unit, says } = feature.columns[name]!;
      const actual = Number(row.values[name]);
      return {
        feature: name,
        says,
        unit,
        actual,
        ...usual[c]!,
        weight: weights[c]!,
        pattern: actual >= usual[c]!.expected ? 'SURGE' : 'DROP',
      };
    });
    // Until calibration has seen enough scores, a forest's score proves nothing.
    const p_value = score > stands_out ? 0.02 : 1;
    const habit_p = own.share(row.key, score, values.map(Math.expm1));
    return { row, score, p_value, model_p: p_value, habit_p, reasons, baseline: says };
  }
}

function matrix(rows: readonly (readonly number[])[]): {
  rows: number;
  columns: number;
  values: Float64Array;
} {
  const columns = rows[0]?.length ?? 0;
  const values = new Float64Array(rows.length * columns);
  for (const [r, row] of rows.entries()) values.set(row, r * columns);
  return { rows: rows.length, columns, values };
}
