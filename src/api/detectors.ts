import { z } from 'zod';
import type { WatchState } from '../pipeline/live/watch.ts';
import { type Detector, Severity, Stage } from '../schema/detector.ts';
import type { Api } from './server.ts';

const DetectorNow = z.object({
  id: z.string(),
  title: z.string(),
  sees: z.string(),
  misses: z.string(),
  severity: Severity.describe('as it is when nothing raises or lowers it'),
  stage: Stage,
  attack: z.array(z.string()).describe('ATT&CK techniques'),
  window: z.string(),
  judged_until: z
    .number()
    .nullable()
    .describe('windows that start before are judged, µs since 1970; null: none is yet'),
  judged: z.int().describe('rows that it has judged'),
  failed: z.string().nullable().describe('why it failed in the last look; null: it did not'),
});
export type DetectorNow = z.infer<typeof DetectorNow>;

/** `GET /v1/detectors`: what each sees and misses, and how far it has come. */
export function detectorRoutes(detectors: readonly Detector[], state: () => WatchState): (app: Api) => void {
  return (app) => {
    app.get(
      '/v1/detectors',
      {
        schema: {
          tags: ['detectors'],
          summary: 'What each detector sees and misses, how far it has judged, whether it failed',
          response: { 200: z.object({ detectors: z.array(DetectorNow) }) },
        },
      },
      async () => ({ detectors: detectorsNow(detectors, state()) }),
    );
  };
}

/** Detectors as they stand. Pure. */
export function detectorsNow(detectors: readonly Detector[], state: WatchState): DetectorNow[] {
  const progress = new Map(state.detectors.map((one) => [one.detector, one]));
  const failed = new Map(state.failed.map((one) => [one.detector, one.why]));
  return detectors.map(({ id, title, sees, misses, severity, stage, attack, window }) => ({
    ...{ id, title, sees, misses, severity, stage, attack, window },
    judged_until: progress.get(id)?.judged_until ?? null,
    judged: progress.get(id)?.judged ?? 0,
    failed: failed.get(id) ?? null,
  }));
}
