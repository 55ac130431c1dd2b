import { type Rollup, rollupsIn } from '../schema/rollup.ts';

/** Roll-ups that are filled from themselves, by way of others or at once: none of them could be filled first. */
export function inCircles(rollups: ReadonlyMap<string, Rollup>): Rollup[] {
  return [...rollups.values()].filter(({ id }) => {
    const reached = new Set<string>();
    const next = [id];
    for (let at = next.pop(); at !== undefined; at = next.pop()) {
      const { sql = '', sql_without_proxy = '' } = rollups.get(at) ?? {};
      for (const one of rollupsIn(`${sql} ${sql_without_proxy}`)) {
        if (one === id) return true;
        if (!reached.has(one)) next.push(one);
        reached.add(one);
      }
    }
    return false;
  });
}
