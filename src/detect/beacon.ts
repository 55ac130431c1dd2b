import { duration } from '../base/duration.ts';
import { counted } from '../base/format.ts';
import { type Beacon, judgeBeacon } from '../models/beacon.ts';
import type { Detector, Feature, ModelUse } from '../schema/detector.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import type { Baseline, Reason } from '../schema/finding.ts';
import { Habits, type HabitsState } from './habit.ts';
import type { Judge, Judgement } from './judge.ts';

type Use = Extract<ModelUse, { kind: 'beacon' }>;

/** Scores below this are irregular, however unlikely by chance. */
const least_score = 0.5;

interface State {
  readonly begun: number;
  readonly habits: HabitsState;
}

/**
 * Rhythm of the calls of one pair. Regular is not yet dangerous: what many hosts have called for days is a service of the
 * house, and what a pair did on most of its days, three at least, is its habit; both raise the p-value. That many call a
 * new place alike excuses none of them: so do the hosts that one intruder has taken over.
 */
export function beaconJudge(detector: Detector, feature: Feature, use: Use, saved?: unknown): Judge {
  const state = saved as State | undefined;
  const window_us = duration(detector.window) * 1e6;
  const habits = new Habits(state?.habits);
  let begun = state?.begun ?? Number.NaN;

  return {
    judge(window_at, rows) {
      if (Number.isNaN(begun)) begun = window_at;
      const judged: Judgement[] = [];
      for (const row of rows) {
        if (!row.worth) continue;
        const beacon = judgeBeacon(callsOf(row), { min_calls: use.min_calls });
        if (beacon.score < least_score) continue;
        const shared = sharedBy(row, use);
        const habit = habits.chance(row.key, row.last_at, []);
        judged.push({
          row: withRhythm(row, beacon),
          score: beacon.score,
          model_p: beacon.p_value,
          p_value: Math.min(1, Math.max(beacon.p_value, shared, habit >= 0.5 ? habit : 0)),
          reasons: reasonsOf(beacon, feature, use, row),
          baseline: baselineOf(habit, (window_at - begun) / window_us),
        });
      }
      for (const { row } of judged) habits.note(row.key, row.last_at, []);
      return judged;
    },
    save(): State {
      return { begun, habits: habits.save() };
    },
  };
}

/** Hosts that a network is taken to have besides those seen: two of two that call the same place may both be taken over. */
const unseen_hosts = 10;

/**
 * The share of local hosts that call the same place too, squared: what many call is a service of the house. 0 where the
 * place is too new for that.
 */
function sharedBy(row: FeatureRow, { prevalence, excused }: Use): number {
  if (!prevalence || (excused && Number(row.values[excused]) === 0)) return 0;
  const others = Math.max(0, Number(row.values[prevalence]) - 1);
  const hosts = Number(row.values.hosts ?? 1) + unseen_hosts;
  return Math.min(1, (others / hosts) ** 2);
}

function callsOf(row: FeatureRow): { times: Float64Array; src_bytes?: Float64Array } {
  const times = Float64Array.from(row.values.call_times as readonly number[]);
  const sizes = Float64Array.from(row.values.call_bytes as readonly number[]);
  return sizes.some((size) => size > 0) ? { times, src_bytes: sizes } : { times };
}

function withRhythm(row: FeatureRow, beacon: Beacon): FeatureRow {
  const { period_s, jitter_share, span_s, coverage } = beacon;
  return {
    ...row,
    values: {
      ...row.values,
      period_s,
      jitter_share,
      span_s,
      coverage_share: coverage,
      rounds: roundsOf(beacon),
    },
  };
}

/** What the period lies between, where that is not each call: " in 16 rounds"; '' where no two calls were taken as one. */
function roundsOf({ calls, connections }: Beacon): string {
  return calls === connections ? '' : ` in ${counted(calls, 'round')}`;
}

function reasonsOf(beacon: Beacon, feature: Feature, use: Use, row: FeatureRow): Reason[] {
  const total = beacon.parts.reduce((sum, part) => sum + part.weight * part.value, 0) || 1;
  const weight = (name: string): number => {
    const part = beacon.parts.find((one) => one.name === name);
    return part ? (part.weight * part.value) / total : 0;
  };
  const base = { low: 0, pattern: 'PERIODIC' as const };
  // Gaps without rhythm (exponential, or lognormal with sigma 1) put at most 0.8 w of themselves within ± w of any value.
  const by_chance = Math.min(0.9, 0.8 * Math.max(0.02, beacon.jitter_share));
  const reasons: Reason[] = [
    {
      ...base,
      feature: 'regular_share',
      says: 'of the gaps lie near one period',
      unit: 'share',
      actual: beacon.regular_share,
      expected: by_chance,
      high: Math.min(1, by_chance + 2 * Math.sqrt((by_chance * (1 - by_chance)) / Math.max(1, beacon.calls))),
      weight: weight('timing'),
    },
    {
      ...base,
      feature: 'coverage_share',
      says: 'of the time is explained by the period',
      unit: 'share',
      actual: beacon.coverage,
      expected: 0.2,
      high: 0.5,
      weight: weight('coverage'),
    },
    {
      ...base,
      feature: 'calls',
      says: roundsOf(beacon) === '' ? 'calls' : 'rounds of calls',
      unit: 'count',
      actual: beacon.calls,
      expected: use.min_calls,
      high: use.min_calls * 2,
      weight: weight('count'),
    },
  ];
  if (weight('size') > 0) {
    reasons.push({
      ...base,
      feature: 'size_spread',
      says: 'spread of the bytes sent a call',
      unit: 'share',
      actual: beacon.src_size_spread,
      expected: 0.5,
      high: 1,
      weight: weight('size'),
    });
  }
  if (use.prevalence) {
    const { unit, says } = feature.columns[use.prevalence]!;
    reasons.push({
      feature: use.prevalence,
      says,
      unit,
      actual: Number(row.values[use.prevalence]),
      expected: 1,
      low: 1,
      high: 1,
      weight: 0,
      pattern: 'RARE',
    });
  }
  return reasons;
}

function baselineOf(habit: number, passed: number): Baseline {
  if (habit > 0) {
    const days = `${Math.round(habit * 100)} % of its days`;
    return {
      level: 'entity',
      windows: Math.floor(passed),
      entities: 1,
      says: `the pair was regular on ${days} so far`,
    };
  }
  return {
    level: passed >= 3 ? 'population' : 'prior',
    windows: Math.max(0, Math.floor(passed)),
    entities: 1,
    says: 'measured against calls without any rhythm, as people and random programs make them',
  };
}
