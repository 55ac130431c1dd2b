import { duration } from '../base/duration.ts';
import { boundedP, scoreOfLog10 } from '../models/surprise.ts';
import type { Detector, Feature, ModelUse } from '../schema/detector.ts';
import type { Judge, Judgement } from './judge.ts';

type Use = Extract<ModelUse, { kind: 'fact' }>;

interface Seen {
  first_s: number;
  windows: number;
}

/** Entities remembered; beyond that the oldest is forgotten. */
const most_entities = 200_000;

/**
 * Something that is telling in itself. How telling is learned from the network: what an entity showed in many of its
 * earlier windows is its habit, and what many others show is a habit of the house.
 */
export function factJudge(detector: Detector, feature: Feature, use: Use): Judge {
  const window_s = duration(detector.window);
  const seen = new Map<string, Seen>();
  let begun_s = Number.NaN;
  let shown = 0;

  return {
    judge(window_at_s, rows) {
      if (Number.isNaN(begun_s)) begun_s = window_at_s;
      const passed = Math.max(0, (window_at_s - begun_s) / window_s);
      const judged: Judgement[] = [];
      for (const row of rows) {
        if (!row.worth) continue;
        const own = seen.get(row.key);
        const own_windows = own ? (window_at_s - own.first_s) / window_s : 0;
        // Chance that some entity starts to show it in a window: prior and what the network showed, per window.
        const house = (use.p_value * use.strength + shown) / (use.strength + passed);
        // Chance that this one shows it again, after it was seen in `windows` of the windows since.
        const habit = own && own_windows >= 3 ? own.windows / (own_windows + 1) : 0;
        const p = Math.min(1, Math.max(house, habit));
        judged.push({
          row,
          score: scoreOfLog10(Math.log10(p)),
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
            level: own && own_windows >= 3 ? 'entity' : passed >= 24 ? 'population' : 'prior',
            windows: Math.floor(passed),
            entities: seen.size,
            says:
              own && own_windows >= 3
                ? `seen from it in ${own.windows} of ${Math.floor(own_windows)} earlier windows`
                : `${use.because}; ${seen.size === 0 ? 'not seen before here' : `seen of ${seen.size} others here before`}`,
          },
        });
      }
      for (const row of rows) {
        if (!row.worth) continue;
        const own = seen.get(row.key);
        if (own) own.windows++;
        else {
          seen.set(row.key, { first_s: window_at_s, windows: 1 });
          shown++;
          if (seen.size > most_entities) seen.delete(seen.keys().next().value!);
        }
      }
      return judged;
    },
  };
}
