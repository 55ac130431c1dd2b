import type { Finding } from '../schema/finding.ts';
import { type Loss, lossCaveat, lossesOf, lossFigures, type SensorFigure } from '../schema/loss.ts';
import type { Store } from '../store/index.ts';

/** Says with each finding of a time in which a sensor lost packets that this is so. */
export function stampLoss(findings: readonly Finding[], losses: readonly Loss[]): void {
  for (const { caveats, start_at, end_at } of findings) {
    const caveat = lossCaveat(losses, start_at, end_at);
    if (caveat !== null) caveats.push(caveat);
  }
}

/** Figures of sensors that are looked at: those of eight workers that tell each minute for half a year. */
const most_figures = 2_000_000;

/** When sensors lost packets, by their own word. */
export async function readLosses(store: Store): Promise<Loss[]> {
  return lossesOf(
    await store.query<SensorFigure>(
      `SELECT engine, sensor, name, toUnixTimestamp64Micro(time) AS time, value, interval_s
       FROM (SELECT * FROM sensor_stats WHERE has({names:Array(String)}, name)
             ORDER BY time DESC, engine, sensor, name LIMIT ${most_figures})`,
      { names: [...lossFigures] },
    ),
  );
}
