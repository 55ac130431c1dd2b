import { duration } from '../base/duration.ts';
import { numbered } from '../base/format.ts';
import {
  combineDeviations,
  type Deviation,
  type DeviationColumn,
  deviation,
  offScale,
  type Usual,
  usual,
} from '../models/robust-deviation.ts';
import type { Detector, Feature, ModelUse } from '../schema/detector.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import type { Baseline, Reason } from '../schema/finding.ts';
import { numbers, Recent, type RecentState } from './columns.ts';
import { Habits, type HabitsState } from './habit.ts';
import { comparable, History, type HistoryState, type Taught } from './history.ts';
import { House, type HouseState, isCrowd } from './house.ts';
import type { Judge, Judgement } from './judge.ts';

type Use = Extract<ModelUse, { kind: 'deviation' }>;

/** Past windows after which a rung of the ladder weighs more than the one above it. */
const strength = { population: 12, peer_group: 12, entity: 6 } as const;
/** Others in the same window that are enough to compare with when the network has no past. */
const enough_past = 64;
/** A host that does the same to many others must not become the population. */
const most_of_host = 5;
/** Hours are compared with hours of the same part of the day, this many hours long. */
const part_h = 4;
/** Rows so strange that they teach the baseline only the edge of the usual: an attacker must not move it. */
const teach_above_p = 0.01;

interface State {
  readonly entities: HistoryState;
  readonly habits: HabitsState;
  readonly unjudged: HouseState;
  readonly peers: readonly (readonly [string, RecentState])[];
  readonly everyone: RecentState;
  readonly parts: readonly RecentState[];
}

/**
 * Robust deviation on the ladder shipped prior → population → peer group → entity: each rung's usual value and spread
 * are the prior of the next, so that an entity with little history is measured by its peers and one with much by
 * itself. In a network without a past the other hosts of the same window stand in for it.
 */
export function deviationJudge(detector: Detector, feature: Feature, use: Use, saved?: unknown): Judge {
  const state = saved as State | undefined;
  const names = Object.keys(use.columns);
  const columns: DeviationColumn[] = names.map((name) => {
    const { side, scale, prior } = use.columns[name]!;
    return { side, scale, prior };
  });
  const window_s = duration(detector.window);
  const length = window_s >= 86_400 ? 'days' : window_s >= 3600 ? 'hours' : 'windows';
  const entities = new History(window_s, names.length, state?.entities);
  const habits = new Habits(state?.habits);
  const unjudged = new House(state?.unjudged);
  const peers = new Map(state?.peers.map(([peer, recent]) => [peer, new Recent(names.length, recent)]));
  const everyone = new Recent(names.length, state?.everyone);
  const parts = Array.from({ length: 24 / part_h }, (_, i) => new Recent(names.length, state?.parts[i]));
  /** What the network showed at the same part of the day; of whole days, all of it. */
  const populationAt = (at: number): Recent => (window_s > 3600 ? everyone : parts[partOf(at)]!);

  /**
   * Rows of one host in one window teach the population at most `most_of_host` times. Strange ones do not: they are what
   * it is there to tell apart, and the host's own history and habits take them in.
   */
  function learn(window_at: number): void {
    const taught = new Map<string, number>();
    for (const { host, peer, values, strange, window_at: at } of entities.advance(window_at)) {
      const nth = (taught.get(host) ?? 0) + 1;
      taught.set(host, nth);
      if (nth > most_of_host) continue;
      if (strange) continue;
      populationAt(at).add(values);
      if (!peer) continue;
      const group_key = peerKey(peer, at);
      let group = peers.get(group_key);
      if (!group) {
        group = new Recent(names.length);
        peers.set(group_key, group);
      }
      group.add(values);
    }
  }

  /** What is the same for all rows of a window is worked out once. */
  let of_window = new Map<string, Usual>();
  function once(name: string, of: () => Usual): Usual {
    let state = of_window.get(name);
    if (!state) {
      state = of();
      of_window.set(name, state);
    }
    return state;
  }
  const ofAll = (c: number, at: number): Usual =>
    once(`${c}`, () => usual(populationAt(at).columns[c]!, columns[c]!));
  const peerKey = (peer: string, at: number): string => (window_s > 3600 ? peer : `${peer} ${partOf(at)}`);

  /** What is usual for one column of one row, and how many rows each rung had. */
  function expectation(
    row: FeatureRow,
    c: number,
    others: readonly number[] | null,
    window_at: number,
    with_past: boolean,
  ): Expectation {
    // Each rung is judged with the one above as its prior; where a rung is empty, the one above speaks for itself.
    let column = columns[c]!;
    let state = others
      ? usual([...populationAt(window_at).columns[c]!, ...others], column)
      : ofAll(c, window_at);
    const group = row.peer ? peers.get(peerKey(row.peer, window_at)) : undefined;
    if (group && group.size > 0) {
      column = narrowed(column, state, strength.peer_group);
      const group_column = column;
      state = others
        ? usual(group.columns[c]!, column)
        : once(`${c} ${row.peer}`, () => usual(group.columns[c]!, group_column));
    }
    const past = entities.of(row.key);
    const own = past.columns[c] ?? [];
    if (own.length > 0 && with_past) {
      const { rows } = comparable(past, window_at, window_s);
      column = narrowed(column, state, strength.entity);
      state = usual(rows ? rows.map((at) => own[at]!) : own, column);
    }
    return { column, state };
  }

  /** Whether values are far out by what is known of the network so far, whoever shows them. */
  function isFar(values: readonly number[], window_at: number): boolean {
    return values.some(
      (value, c) => deviation(value, ofAll(c, window_at), columns[c]!).tail.p < teach_above_p,
    );
  }

  /**
   * The rows of a window that may tell others what is usual. Hosts that are strange by what is known so far may not, else
   * two that scan at once would be each other's population; nor may their other rows. A crowd that is far out is one.
   */
  function companyOf(
    rows: readonly FeatureRow[],
    all: readonly (readonly number[])[],
    window_at: number,
  ): readonly boolean[] {
    const far_hosts = new Set<string>();
    all.forEach((values, i) => {
      if (isFar(values, window_at)) far_hosts.add(rows[i]!.host);
    });
    const crowded = isCrowd(far_hosts.size, new Set(rows.map((row) => row.host)).size);
    return rows.map((row) => crowded || !far_hosts.has(row.host));
  }

  return {
    judge(window_at, rows) {
      learn(window_at);
      of_window = new Map();
      const all = rows.map((row) => numbers(row, names));
      const cold = populationAt(window_at).size < enough_past;
      const company = cold ? companyOf(rows, all, window_at) : [];
      const in_company = new Map<string, number>();
      for (const [i, { host }] of rows.entries())
        in_company.set(host, (in_company.get(host) ?? 0) + Number(company[i] ?? false));
      const company_size = company.filter(Boolean).length;
      const countOthers = (host: string): number => company_size - in_company.get(host)!;
      const judged: Judgement[] = [];
      const taught: Taught[] = [];
      rows.forEach((row, i) => {
        const values = all[i]!;
        if (!row.worth) {
          // What is not judged, because its work is known or for what else it shows, is a measure for others where
          // different hosts show it on different days.
          const strange =
            isFar(values, window_at) && !(unjudged.note(row.host, window_at) && unjudged.shown > 0);
          taught.push({ window_at, key: row.key, host: row.host, peer: row.peer, values, strange });
          return;
        }
        const seen_by = (with_past: boolean): Seen => {
          const deviations = names.map((_, c) => {
            const { column, state } = expectation(
              row,
              c,
              cold ? others(rows, all, company, i, c) : null,
              window_at,
              with_past,
            );
            return deviation(values[c]!, state, column);
          });
          const tried = 4 * names.length + names.length * (names.length - 1);
          return { deviations, score: combineDeviations(values, deviations, use.combine, tried) };
        };
        let { deviations, score } = seen_by(true);
        if (!comparable(entities.of(row.key), window_at, window_s).same_hours) {
          // Nights do not accuse the first morning: without the same hours, its past may only excuse.
          const without = seen_by(false);
          if (without.score.p_value > score.p_value) ({ deviations, score } = without);
        }
        const strange = score.p_value < teach_above_p;
        const habit = strange ? habits.chance(row.key, window_at, values) : 0;
        const again = strange && habits.again(row.key, window_at, values);
        if (strange) habits.note(row.key, window_at, values);
        const teaches = strange ? clipped(values, deviations) : values;
        taught.push({ window_at, key: row.key, host: row.host, peer: row.peer, values: teaches, strange });
        judged.push({
          // What it did on an earlier day too is told, but no longer as the worst of its kind.
          row: again ? { ...row, raised: row.raised.map(() => false) } : row,
          score: score.score,
          model_p: score.p_value,
          p_value: Math.max(score.p_value, habit),
          reasons: names.map((name, c) =>
            reason(feature, name, score.parts[c]!.weight, values[c]!, deviations[c]!),
          ),
          baseline: baseline(row, window_at, cold ? countOthers(row.host) : 0),
        });
      });
      const far_hosts = new Set(taught.filter((one) => one.strange).map((one) => one.host)).size;
      const crowded = isCrowd(far_hosts, in_company.size);
      for (const one of taught) entities.add(crowded ? { ...one, strange: false } : one);
      return judged;
    },
    save(): State {
      return {
        entities: entities.save(),
        habits: habits.save(),
        unjudged: unjudged.save(),
        peers: [...peers].map(([peer, recent]) => [peer, recent.save()]),
        everyone: everyone.save(),
        parts: parts.map((one) => one.save()),
      };
    },
  };

  function baseline(row: FeatureRow, window_at: number, others: number): Baseline {
    const cases = (n: number, of: string): string => countedApart(n, length, of, feature.grain);
    const past = entities.of(row.key);
    const own = past.windows_at.length;
    const group = row.peer ? (peers.get(peerKey(row.peer, window_at))?.size ?? 0) : 0;
    const known = populationAt(window_at).size + others;
    if (own >= strength.entity) {
      const { rows, says } = comparable(past, window_at, window_s);
      return {
        level: 'entity',
        windows: rows?.length ?? own,
        entities: 1,
        says: `its own ${numbered(rows?.length ?? own, 'count', `past ${length}`)}${says}`,
      };
    }
    if (group >= strength.peer_group) {
      return {
        level: 'peer_group',
        windows: group,
        entities: entities.entities,
        says: `${cases(group, `its peers (${row.peer}s)`)}; its own history is short (${own})`,
      };
    }
    if (known >= 8) {
      const says =
        known === others
          ? `nothing of the kind seen before: compared with ${numbered(others, 'count', 'others in the same window')} only`
          : `${cases(known - others, 'the whole network')}; its own history is short (${own})`;
      return { level: 'population', windows: known, entities: Math.max(entities.entities, others), says };
    }
    return {
      level: 'prior',
      windows: known,
      entities: entities.entities,
      says: 'too little of the kind seen before: measured by what is usual on other networks',
    };
  }
}

/**
 * What a rung above the entity's own rests on: "312 past host-hours of the whole network". The hours of each host, pair or
 * what else rows are about count apart, so that their number is no length of time and must not read like one.
 */
function countedApart(
  n: number,
  length: 'days' | 'hours' | 'windows',
  of: string,
  grain: readonly string[],
): string {
  const about_hosts = grain.length === 1 && grain[0]!.endsWith('_ip');
  if (about_hosts) return `${numbered(n, 'count', `past host-${length}`)} of ${of}`;
  const each = grain.includes('src_ip') && grain.includes('dst_ip') ? 'pair' : 'case';
  return `${numbered(n, 'count', `past ${length}`)} of ${of}, those of each ${each} counted apart`;
}

/** Number of the part of the day, UTC. */
function partOf(at: number): number {
  return Math.floor((at % 86_400e6) / 3600e6 / part_h);
}

interface Seen {
  readonly deviations: Deviation[];
  readonly score: ReturnType<typeof combineDeviations>;
}

interface Expectation {
  readonly column: DeviationColumn;
  readonly state: Usual;
}

/** The column with a rung's usual value as prior of the next rung. */
function narrowed(column: DeviationColumn, state: Usual, weight: number): DeviationColumn {
  const spread = column.side === 'low' ? state.down : state.up;
  return {
    ...column,
    prior: {
      median: offScale(state.centre, column),
      spread: column.scale === 'log' ? Math.exp(spread) : spread,
      strength: weight,
    },
  };
}

/** What other hosts show in the same window; a host that does the same to many is not its own population. */
function others(
  rows: readonly FeatureRow[],
  all: readonly (readonly number[])[],
  company: readonly boolean[],
  self: number,
  c: number,
): number[] {
  const values: number[] = [];
  const { host } = rows[self]!;
  for (let i = 0; i < all.length && values.length < 2048; i++)
    if (company[i] && rows[i]!.host !== host) values.push(all[i]![c]!);
  return values;
}

function clipped(values: readonly number[], deviations: readonly Deviation[]): number[] {
  return values.map((value, c) => Math.max(deviations[c]!.low, Math.min(deviations[c]!.high, value)));
}

function reason(feature: Feature, name: string, weight: number, actual: number, judged: Deviation): Reason {
  const { unit, says } = feature.columns[name]!;
  const pattern = judged.spreads >= 0 ? 'SURGE' : 'DROP';
  const floor =
    unit === 'share' || unit === 'count' || unit === 'bytes' || unit === 'seconds'
      ? 0
      : Number.NEGATIVE_INFINITY;
  const ceiling = unit === 'share' ? 1 : Number.POSITIVE_INFINITY;
  const bound = (x: number): number => Math.max(floor, Math.min(ceiling, x));
  return {
    feature: name,
    says,
    unit,
    actual,
    expected: bound(judged.expected),
    low: bound(judged.low),
    high: bound(judged.high),
    weight,
    pattern,
  };
}
