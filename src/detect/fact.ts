import { OldestOut, OldestOutSet, type SavedOldestOut } from '../base/bounded.ts';
import { duration } from '../base/duration.ts';
import { numbered } from '../base/format.ts';
import { boundedP, scoreOfLog10 } from '../models/surprise.ts';
import type { Detector, Feature, ModelUse } from '../schema/detector.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import { Habits, type HabitsState } from './habit.ts';
import { House, type HouseState } from './house.ts';
import type { Judge, Judgement } from './judge.ts';

type Use = Extract<ModelUse, { kind: 'fact' }>;

/** Entities remembered; beyond that the oldest is forgotten. */
const most_entities = 200_000;

/** Hosts remembered of each habit; beyond that the oldest is forgotten. */
const most_hosts = 1000;

/** Habits of the house kept apart (signatures of another engine); beyond that the one unheard for longest is forgotten. */
const most_habits = 1000;

interface State {
  readonly begun: number;
  readonly seen: SavedOldestOut<string, true>;
  readonly shown_by: SavedOldestOut<string, SavedOldestOut<string, true>>;
  readonly habits: HabitsState;
  readonly houses: SavedOldestOut<string, HouseState>;
}

/**
 * Something that is telling in itself. How telling is learned from the network: what an entity showed on three days is
 * its habit, so is what its host showed of others; and what different hosts show on different days is a habit of the
 * house (`by`: of each value of a column its own). What was raised is covered by the habit of what was raised only.
 */
export function factJudge(detector: Detector, feature: Feature, use: Use, saved?: unknown): Judge {
  const state = saved as State | undefined;
  const window_us = duration(detector.window) * 1e6;
  const seen = new OldestOutSet<string>(most_entities, state?.seen);
  const shown_by = new OldestOut<string, OldestOutSet<string>>(
    most_habits,
    opened(state?.shown_by, (keys) => new OldestOutSet(most_hosts, keys)),
  );
  const habits = new Habits(state?.habits);
  const houses = new OldestOut<string, House>(
    most_habits,
    opened(state?.houses, (house) => new House(house)),
  );
  let begun = state?.begun ?? Number.NaN;

  const whatOf = (row: FeatureRow): string => (use.by ? String(row.entity[use.by]) : '');
  /** Who shows it: where a row is about what was said of a host, that host. */
  const actorOf = (row: FeatureRow): string =>
    feature.grain[0] === 'src_ip' || row.entity.src_ip === undefined ? row.host : String(row.entity.src_ip);
  const habitOf = (row: FeatureRow): string =>
    `${actorOf(row)} ${whatOf(row)} ${row.raised.some(Boolean) ? 'raised' : ''}`;

  return {
    judge(window_at, rows) {
      if (Number.isNaN(begun)) begun = window_at;
      const passed = Math.max(0, (window_at - begun) / window_us);
      const judged: Judgement[] = [];
      for (const row of rows) {
        if (!row.worth) continue;
        const at = row.last_at;
        // Chance that some entity starts to show it in a window: prior and what the network showed, per window.
        const shown = houses.get(whatOf(row))?.shown ?? 0;
        const house = (use.p_value * use.strength + shown) / (use.strength + passed);
        const habit = Math.max(habits.chance(row.key, at, []), habits.chance(habitOf(row), at, []));
        const p = Math.min(1, Math.max(house, habit));
        judged.push({
          row,
          score: scoreOfLog10(Math.log10(p)),
          model_p: boundedP(Math.log10(Math.min(1, house))),
          p_value: boundedP(Math.log10(p)),
          reasons: use.show.map((name) => ({
            feature: name,
            says: feature.columns[name]!.says,
            unit: feature.columns[name]!.unit,
            actual: Number(row.values[name]),
            expected: 0,
            low: 0,
            high: 0,
            weight: 1 / use.show.length,
            pattern: 'RARE' as const,
          })),
          baseline: {
            level: habit > 0 ? 'entity' : passed >= 24 ? 'population' : 'prior',
            windows: Math.floor(passed),
            entities: seen.size,
            says:
              habit > 0
                ? `seen from it on ${Math.round(habit * 100)} % of its days so far`
                : `${use.because}; ${seenBefore(shown_by.get(whatOf(row)), actorOf(row))}`,
          },
        });
      }
      for (const row of rows) {
        if (!row.worth) continue;
        const at = row.last_at;
        habits.note(row.key, at, []);
        habits.note(habitOf(row), at, []);
        const hosts = shown_by.get(whatOf(row)) ?? new OldestOutSet<string>(most_hosts);
        hosts.add(actorOf(row));
        shown_by.renew(whatOf(row), hosts);
        if (!seen.add(row.key)) continue;
        const house = houses.get(whatOf(row)) ?? new House();
        houses.renew(whatOf(row), house);
        house.note(actorOf(row), at);
      }
      return judged;
    },
    save(): State {
      return {
        begun,
        seen: seen.save(),
        shown_by: closed(shown_by, (hosts) => hosts.save()),
        habits: habits.save(),
        houses: closed(houses, (house) => house.save()),
      };
    },
  };
}

/** Memories of memories, from a saved record and to one. */
function opened<S, V>(
  saved: SavedOldestOut<string, S> | undefined,
  of: (state: S) => V,
): SavedOldestOut<string, V> | undefined {
  return saved && { ...saved, entries: saved.entries.map(([key, state]) => [key, of(state)] as const) };
}
function closed<S, V>(memory: OldestOut<string, V>, of: (value: V) => S): SavedOldestOut<string, S> {
  const { entries, forgotten } = memory.save();
  return { entries: entries.map(([key, value]) => [key, of(value)] as const), forgotten };
}

/** Who else showed it before; the same host may have done so to or with another. */
function seenBefore(hosts: OldestOutSet<string> | undefined, self: string): string {
  if (!hosts) return 'not seen before here';
  const others = hosts.size - Number(hosts.has(self));
  return others === 0
    ? 'seen before of this host only'
    : `seen of ${numbered(others, 'count', 'other hosts before')}`;
}
