import { duration } from '../base/duration.ts';
import type { CountPast } from '../models/counts.ts';
import { noveltySurprise } from '../models/first-seen.ts';
import { boundedP, scoreOfLog10 } from '../models/surprise.ts';
import type { Detector, Feature, ModelUse } from '../schema/detector.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import type { Baseline } from '../schema/finding.ts';
import type { Judge, Judgement } from './judge.ts';

type Use = Extract<ModelUse, { kind: 'novelty' }>;

interface Rate {
  since_s: number;
  total: number;
  squares: number;
}

/**
 * How many things never seen before one entity shows, against how many it and the network usually show. The rate falls
 * as a network becomes known; windows without anything new count as zeros.
 */
export function noveltyJudge(detector: Detector, feature: Feature, use: Use): Judge {
  const window_s = duration(detector.window);
  const network: Rate = { since_s: Number.NaN, total: 0, squares: 0 };
  const entities = new Map<string, Rate>();

  function past(rate: Rate | undefined, window_at_s: number): CountPast {
    if (!rate || Number.isNaN(rate.since_s)) return { windows: 0, total: 0, squares: 0 };
    return {
      windows: Math.max(0, (window_at_s - rate.since_s) / window_s),
      total: rate.total,
      squares: rate.squares,
    };
  }

  return {
    judge(window_at_s, rows) {
      if (Number.isNaN(network.since_s)) network.since_s = window_at_s;
      const judged: Judgement[] = [];
      const counts = new Map<string, number>();
      for (const row of rows) {
        const key = use.by ? String(row.entity[use.by]) : '';
        const fresh = Number(row.values[use.count]);
        counts.set(key, (counts.get(key) ?? 0) + fresh);
        if (!row.worth) continue;
        const everyone = past(network, window_at_s);
        const heard = Math.max(1, entities.size);
        const average = { windows: everyone.windows, total: everyone.total / (use.by ? heard : 1) };
        const own = past(entities.get(key), window_at_s);
        const rungs = use.by ? [average, own] : [everyone];
        const novelty = noveltySurprise(fresh, rungs, use.prior);
        judged.push({
          row,
          score: scoreOfLog10(novelty.log10_p),
          p_value: boundedP(novelty.log10_p),
          reasons: [
            {
              feature: use.count,
              says: feature.columns[use.count]!.says,
              unit: feature.columns[use.count]!.unit,
              actual: fresh,
              expected: novelty.expected,
              low: 0,
              high: novelty.high,
              weight: 1,
              pattern: 'UNSEEN',
            },
          ],
          baseline: baseline(own, everyone, row, window_s),
        });
      }
      for (const [key, count] of counts) {
        add(network, count, window_at_s);
        let rate = entities.get(key);
        if (!rate) {
          rate = { since_s: network.since_s, total: 0, squares: 0 };
          entities.set(key, rate);
        }
        add(rate, count, window_at_s);
      }
      return judged;
    },
  };
}

function add(rate: Rate, count: number, window_at_s: number): void {
  if (Number.isNaN(rate.since_s)) rate.since_s = window_at_s;
  rate.total += count;
  rate.squares += count * count;
}

function baseline(own: CountPast, network: CountPast, row: FeatureRow, window_s: number): Baseline {
  const length = window_s >= 86_400 ? 'days' : window_s >= 3600 ? 'hours' : 'windows';
  const windows = Math.floor(network.windows);
  if (windows < 6) {
    return {
      level: 'prior',
      windows,
      entities: 1,
      says: `${windows} past ${length} of the network: measured by what is usual on other networks`,
    };
  }
  if (own.windows >= 12 && own.total > 0) {
    return {
      level: 'entity',
      windows: Math.floor(own.windows),
      entities: 1,
      says: `what ${Object.values(row.entity)[0]} showed in ${Math.floor(own.windows)} past ${length}`,
    };
  }
  return {
    level: 'population',
    windows,
    entities: 1,
    says: `${windows} past ${length} of the whole network`,
  };
}
