import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadContent } from '../../src/content/index.ts';
import { type AnalyzeOptions, type AnalyzeResult, analyze, runDefaults } from '../../src/pipeline/route.ts';
import { merge, scenario, zeekJson } from '../../src/scenarios/index.ts';
import type { WeirEvent } from '../../src/schema/event/index.ts';
import type { Finding } from '../../src/schema/finding.ts';
import type { Store } from '../../src/store/index.ts';

/** Monday 5 January 2026, 00:00 UTC, µs. */
export const monday = Date.UTC(2026, 0, 5) * 1000;

const content = loadContent();
let runs = 0;

/** `analyze` with everything at its default but what is given. */
export function run(
  store: Store,
  paths: readonly string[],
  more: Partial<AnalyzeOptions> = {},
): Promise<AnalyzeResult> {
  return analyze(store, content, {
    run_id: `run-${++runs}`,
    version: '0',
    paths,
    ...runDefaults,
    now: Date.UTC(2026, 5, 1) * 1000,
    progress: () => {},
    ...more,
  });
}

/** Findings without where their events stand in which file, those of the reasons told with them too. */
export function unplaced(findings: readonly Finding[]): unknown[] {
  const without = <T extends Pick<Finding, 'evidence'>>({ evidence, ...rest }: T) => ({
    ...rest,
    evidence: evidence.map(({ file, source, line, offset, ...one }) => one),
  });
  return findings.map((one) => ({ ...without(one), also: one.also.map(without) }));
}

/** A folder of the test's own. */
export function temporaryFolder(): { path: string; write: Write; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'weir-test-'));
  return {
    path,
    write: (name, data) => {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, data);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
export type Write = (name: string, data: string | Buffer) => string;

/** Half a working day of a small office, with a beacon and a scan; some 8,000 events, all of which Zeek has logs for. */
export function smallOffice(): WeirEvent[] {
  const place = (seed: number) => ({ seed, start: monday });
  const all = merge(
    scenario('office', { hosts: 4, days: 1, activity: 0.1 }, place(7)),
    scenario('beacon', { after_s: 36_000, hours: 4 }, place(8)),
    scenario('vertical_scan', { after_s: 40_000, ports: 200 }, place(9)),
  );
  const [from, to] = [monday + 8 * 3600e6, monday + 14 * 3600e6];
  return [...all].filter((event) => event.time >= from && event.time < to && zeekJson(event) !== '');
}

export function linesOf(events: readonly WeirEvent[]): string[] {
  return events.map(zeekJson);
}
