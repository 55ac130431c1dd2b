import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { groupRuns } from '../src/base/order.ts';
import { loadContent } from '../src/content/index.ts';
import { Detection, type DetectionState, type DetectorRun } from '../src/detect/index.ts';
import { Past } from '../src/pipeline/past.ts';
import { featureRows } from '../src/pipeline/rows.ts';
import { play } from '../src/pipeline/try.ts';
import { scenarios } from '../src/scenarios/index.ts';
import type { Detector } from '../src/schema/detector.ts';
import type { FeatureRow } from '../src/schema/feature-row.ts';
import type { Finding } from '../src/schema/finding.ts';
import { openStore, type Store } from '../src/store/index.ts';

/** What a detector has learned can be written down between any two windows, and it goes on as if it had never ended. */

const content = loadContent();
let store: Store;
before(async () => {
  store = await openStore({ directory: null });
});
after(async () => {
  await store.close();
});

/** Windows of a detector's rows, in their order. */
async function windowsOf(detector: Detector): Promise<FeatureRow[][]> {
  const feature = content.features.get(detector.features)!;
  const rows = featureRows(store, new Past(store, content.rollups), feature, detector, 2e15);
  return Array.fromAsync(groupRuns(rows, (row) => row.window_at));
}

/** What ends before is a baseline. */
const taught_us = Date.UTC(2026, 0, 6, 12) * 1000;

/** All findings; after each window at which it is cut the detector ends, and another one goes on with what was written. */
function told(
  detector: Detector,
  windows: readonly FeatureRow[][],
  cuts: ReadonlySet<number>,
): { findings: Finding[]; run: DetectorRun; end: DetectionState } {
  const feature = content.features.get(detector.features)!;
  const options = {
    taught_until: taught_us,
    most_p: (tests: number) => Math.min(0.3, 3 / (1 + tests)),
    techniques: () => undefined,
  };
  const run: DetectorRun = { detector: detector.id, windows: 0, rows: 0, judged: 0, findings: 0 };
  let detection = new Detection(detector, feature, options, run);
  const findings: Finding[] = [];
  for (const [at, rows] of windows.entries()) {
    findings.push(...detection.window(rows));
    if (!cuts.has(at)) continue;
    const written = serialize(detection.save());
    detection = new Detection(detector, feature, options, run, deserialize(written) as DetectionState);
  }
  return { findings, run, end: structuredClone(detection.save()) };
}

/** Every harmful scenario, one after the other on the third and fourth day. */
const attacks = Object.entries(scenarios)
  .filter(([name, one]) => one.harmful && name !== 'sample')
  .map(([scenario, one], i) => ({
    scenario,
    ...('after_s' in (one.params.parse({}) as object) ? { after_s: (2 + i / 20) * 86_400 } : {}),
  }));
test('a detector that is saved, ended and opened again tells what one tells that never ended', async (t) => {
  await play(store, content, {
    scenario: 'office',
    hosts: 8,
    days: 4,
    activity: 0.4,
    with: [...attacks, { scenario: 'backup', days: 4 }],
  });
  const silent: string[] = [];
  for (const detector of content.detectors) {
    const windows = await windowsOf(detector);
    const whole = told(detector, windows, new Set());
    if (whole.findings.length === 0) silent.push(detector.id);
    const everywhere = new Set(windows.keys());
    assert.deepEqual(told(detector, windows, everywhere), whole, `${detector.id}, cut after every window`);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(Math.max(0, windows.length - 1)), { maxLength: 4 }), (cuts) => {
        assert.deepEqual(told(detector, windows, new Set(cuts)), whole, detector.id);
      }),
      { numRuns: 4 },
    );
  }
  t.diagnostic(
    `${content.detectors.length - silent.length} detectors told something; nothing to tell: ${silent.join(', ')}`,
  );
  assert.ok(silent.length < content.detectors.length / 2, silent.join());
});

test('what was saved in another layout is not used', () => {
  const detector = content.detectors.find((one) => one.id === 'admin_share')!;
  const feature = content.features.get(detector.features)!;
  const options = { taught_until: 0, most_p: () => 0.5, techniques: () => undefined };
  const run: DetectorRun = { detector: detector.id, windows: 0, rows: 0, judged: 0, findings: 0 };
  const fresh = new Detection(detector, feature, options, run);
  const old = { ...fresh.save(), layout: 0, judge: { begun: 'long ago' } };
  assert.deepEqual(new Detection(detector, feature, options, run, old).save(), fresh.save());
});
