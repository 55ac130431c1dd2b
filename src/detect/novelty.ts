import { OldestOut, type SavedOldestOut } from '../base/bounded.ts';
import { duration } from '../base/duration.ts';
import { numbered } from '../base/format.ts';
import type { CountPast } from '../models/counts.ts';
import { noveltySurprise } from '../models/first-seen.ts';
import { boundedP, scoreOfLog10 } from '../models/surprise.ts';
import type { Detector, Feature, ModelUse } from '../schema/detector.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import type { Baseline } from '../schema/finding.ts';
import { House, type HouseState } from './house.ts';
import type { Judge, Judgement } from './judge.ts';

type Use = Extract<ModelUse, { kind: 'novelty' }>;

/** Sums over past windows in which older windows weigh less: half after `half_life` windows. */
interface Rate {
  /** µs since 1970 */
  at: number;
  windows: number;
  total: number;
  squares: number;
}

interface State {
  readonly begun: number;
  readonly network: Rate;
  readonly entities: SavedOldestOut<string, Rate>;
  readonly house: HouseState;
  readonly strange: StrangeState;
}

/** Entities remembered; beyond that the oldest is forgotten. */
const most_entities = 200_000;

/** A network is quickly known at first: what was new in its first days says little about the next. In windows. */
const half_life = 12;

/**
 * How many things never seen before one entity shows, against how many it and the network usually show. The rate falls
 * as a network becomes known; windows without anything new count as zeros. What a network shows while it is `young`
 * teaches no rate: then all that is there is met for the first time. The network's rate learns from different entities on
 * different days, not from how many show something new at once nor from how much one does; the entity's own from all it does.
 */
export function noveltyJudge(detector: Detector, feature: Feature, use: Use, saved?: unknown): Judge {
  const state = saved as State | undefined;
  const window_s = duration(detector.window);
  const window_us = window_s * 1e6;
  const young_us = use.young === undefined ? 0 : duration(use.young) * 1e6;
  const network: Rate = { at: Number.NaN, windows: 0, total: 0, squares: 0, ...state?.network };
  const entities = new OldestOut<string, Rate>(most_entities, state?.entities);
  const house = new House(state?.house);
  const strange = new Strange(state?.strange);
  let begun = state?.begun ?? Number.NaN;

  function past(rate: Rate | undefined, window_at: number): CountPast {
    if (!rate || Number.isNaN(rate.at)) return { windows: 0, total: 0, squares: 0 };
    age(rate, window_at, window_us);
    return { windows: rate.windows, total: rate.total, squares: rate.squares };
  }

  return {
    judge(window_at, rows) {
      if (Number.isNaN(begun)) {
        begun = window_at;
        network.at = begun + young_us;
      }
      const judged: Judgement[] = [];
      const counts = new Map<string, number>();
      const far: string[] = [];
      const strange_share = window_at < begun + day_us ? 1 : strange.share(use.prior.strength);
      for (const row of rows) {
        const key = use.by ? String(row.entity[use.by]) : '';
        const fresh = Number(row.values[use.count]);
        counts.set(key, (counts.get(key) ?? 0) + fresh);
        if (!row.worth) continue;
        const everyone = past(network, window_at);
        const heard = Math.max(1, entities.size);
        const average = { windows: everyone.windows, total: everyone.total / (use.by ? heard : 1) };
        const own = past(entities.get(key), window_at);
        const rungs = use.by ? [average, own] : [everyone];
        const novelty = noveltySurprise(fresh, rungs, use.prior, strange_share);
        if (fresh > novelty.high) far.push(key);
        judged.push({
          row,
          score: scoreOfLog10(novelty.log10_p),
          model_p: boundedP(novelty.log10_p),
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
          baseline: baseline(
            own,
            watched(Math.floor((window_at - begun) / window_us), row, window_s),
            row,
            window_s,
          ),
        });
      }
      strange.learn(window_at, counts.values(), far);
      if (window_at < begun + young_us) return judged;
      age(network, window_at, window_us);
      for (const [key, count] of counts) {
        const before = house.shown;
        if (!use.by) add(network, count);
        else if (count > 0 && house.note(key, window_at)) add(network, house.shown - before);
        let rate = entities.get(key);
        if (!rate) {
          rate = { at: window_at, windows: network.windows, total: 0, squares: 0 };
          entities.set(key, rate);
        }
        age(rate, window_at, window_us);
        add(rate, count);
      }
      return judged;
    },
    save(): State {
      return { begun, network, entities: entities.save(), house: house.save(), strange: strange.save() };
    },
  };
}

interface StrangeState {
  readonly ordinary: number;
  readonly house: HouseState;
}

/** On the first day all that is there is met for the first time, and hours in which nobody works say nothing of it. */
const day_us = 86_400e6;

/** How seldom windows of a kind never seen are, by those of all entities in which nothing new was seen. */
class Strange {
  /** windows of any entity without anything new, where the feature gives them */
  #ordinary: number;
  readonly #house: House;

  constructor(saved?: StrangeState) {
    this.#ordinary = saved?.ordinary ?? 0;
    this.#house = new House(saved?.house);
  }

  save(): StrangeState {
    return { ordinary: this.#ordinary, house: this.#house.save() };
  }

  /** Takes in a window: what each entity showed that was new, and which of them showed more than is usual. */
  learn(window_at: number, counts: Iterable<number>, far: readonly string[]): void {
    for (const count of counts) if (count === 0) this.#ordinary++;
    for (const key of far) this.#house.note(key, window_at);
  }

  /** At most 1. `strength`: windows that weigh as much as the prior. */
  share(strength: number): number {
    return Math.min(1, (1 + this.#house.shown) / (this.#ordinary + strength));
  }
}

/** Brings a rate up to a window: those passed since count as windows without anything new. */
function age(rate: Rate, window_at: number, window_us: number): void {
  const passed = (window_at - rate.at) / window_us;
  if (!(passed > 0)) return;
  const keep = 0.5 ** (passed / half_life);
  const sum_of_passed = (1 - keep) / (1 - 0.5 ** (1 / half_life));
  rate.windows = rate.windows * keep + sum_of_passed;
  rate.total *= keep;
  rate.squares *= keep;
  rate.at = window_at;
}

function add(rate: Rate, count: number): void {
  rate.total += count;
  rate.squares += count * count;
}

/**
 * Past windows that anything was seen in, where the feature tells for how many hours the network was watched; else those
 * since the first row: before it nothing new was seen, and so no row.
 */
function watched(passed: number, row: FeatureRow, window_s: number): number {
  const hours = row.values.network_age_h;
  return typeof hours === 'number' && window_s === 3600 ? hours : passed;
}

function baseline(own: CountPast, windows: number, row: FeatureRow, window_s: number): Baseline {
  const length = window_s >= 86_400 ? 'days' : window_s >= 3600 ? 'hours' : 'windows';
  if (windows < 6) {
    return {
      level: 'prior',
      windows,
      entities: 1,
      says: `${numbered(windows, 'count', `past ${length}`)} of the network: measured by what is usual on other networks`,
    };
  }
  if (own.windows >= 12 && own.total > 0) {
    return {
      level: 'entity',
      windows: Math.floor(own.windows),
      entities: 1,
      says: `what ${Object.values(row.entity)[0]} showed in ${numbered(windows, 'count', `past ${length}`)}`,
    };
  }
  return {
    level: 'population',
    windows,
    entities: 1,
    says: `${numbered(windows, 'count', `past ${length}`)} of the whole network`,
  };
}
