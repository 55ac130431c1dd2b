import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { duration } from '../../src/base/duration.ts';
import { loadContent } from '../../src/content/index.ts';
import type { AnalyzeOptions, AnalyzeResult } from '../../src/pipeline/route.ts';
import { sampleStart, scenario, zeekJson } from '../../src/scenarios/index.ts';
import type { WeirEvent } from '../../src/schema/event/index.ts';
import type { Finding } from '../../src/schema/finding.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { run, temporaryFolder } from './run-analyze.ts';

/** What is asked for, and what happens later, change nothing of a finding that is over: three days of the sample. */

const hour_us = 3600e6;
const folder = temporaryFolder();
const setting = { seed: 1, start: sampleStart };
const windows = new Map(loadContent().detectors.map((one) => [one.id, duration(one.window) * 1e6]));
/** A budget that holds nothing back, so that only judging and folding are compared. */
const all = { budget_per_day: 1e9, evidence: 1 };
let store: Store;
let file: string;
let whole: AnalyzeResult;

function writeLog(name: string, wanted: (event: WeirEvent) => boolean): string {
  const lines: string[] = [];
  for (const event of scenario('sample', {}, setting)) if (wanted(event)) lines.push(zeekJson(event));
  return folder.write(name, `${lines.filter((line) => line !== '').join('\n')}\n`);
}

before(async () => {
  store = await openStore({ directory: null });
  file = writeLog('office.log', () => true);
  whole = await run(store, [file], all);
});
after(async () => {
  await store.close();
  folder.remove();
});

const asked = (more: Partial<AnalyzeOptions>): Promise<AnalyzeResult> =>
  run(store, [file], { ...all, ...more });

/** What must not change of a finding. */
function kept(findings: readonly Finding[]): Record<string, unknown>[] {
  return findings
    .map(({ finding_id, detector, entity, start_at, end_at, p_value, severity, windows, summary }) => ({
      ...{ finding_id, detector, entity, start_at, end_at, p_value, severity, windows, summary },
    }))
    .sort((a, b) => (a.finding_id < b.finding_id ? -1 : 1));
}

/** A finding but for the others on the same host that it names: what is not asked for is not kept, so it is not named. */
const unnamed = ({ related, ...rest }: Finding): Omit<Finding, 'related'> => rest;

/** What is named is kept, and is named without `--since` as well. */
function assertNamesKnown(asked: AnalyzeResult, all: AnalyzeResult): void {
  const before = new Map(all.findings.map((one) => [one.finding_id, new Set(one.related)]));
  for (const { finding_id, related } of asked.findings)
    assert.ok(related.every((id) => before.get(finding_id)!.has(id)));
}

/** What comes again within 26 hours joins what was told (alert/fold.ts). */
const daily_us = 26 * hour_us;
/** No window that could still add to it ends after the instant. */
const over =
  (at: number) =>
  ({ detector, end_at }: Finding): boolean =>
    end_at + Math.max(daily_us, 3 * Math.max(windows.get(detector)!, hour_us)) <= at;

describe('--since', () => {
  for (const hours of [30, 57.75, 60, 63.5]) {
    it(`${hours} hours after the beginning tells what ends after it, whole and as without it`, async () => {
      const since = sampleStart + hours * hour_us;
      const found = await asked({ since });
      const wanted = whole.findings.filter((one) => one.end_at >= since);
      assert.ok(wanted.length > 3 && wanted.length < whole.findings.length);
      assert.deepEqual(found.findings.map(unnamed), wanted.map(unnamed));
      assertNamesKnown(found, whole);
    });
  }

  it('and the default budget give what the default budget gives, in the same order', async () => {
    const since = sampleStart + 60 * hour_us;
    const [every, later] = [await run(store, [file]), await run(store, [file], { since })];
    assert.deepEqual(
      later.findings.map(unnamed),
      every.findings.filter((one) => one.end_at >= since).map(unnamed),
    );
    assertNamesKnown(later, every);
  });
});

describe('--until', () => {
  for (const hours of [48, 60, 64.3]) {
    it(`${hours} hours after the beginning changes nothing of what is over by then`, async () => {
      const until = sampleStart + hours * hour_us;
      const cut = await asked({ until });
      const wanted = kept(whole.findings.filter(over(until)));
      assert.ok(wanted.length > 0);
      assert.deepEqual(kept(cut.findings.filter(over(until))), wanted);
    });
  }

  it('changes nothing of it at the default budget either', async () => {
    const until = sampleStart + 62.3 * hour_us;
    const whole_at_default = await run(store, [file]);
    const cut = await run(store, [file], { until });
    const wanted = kept(whole_at_default.findings.filter(over(until)));
    assert.ok(wanted.length > 0);
    assert.deepEqual(kept(cut.findings.filter(over(until))), wanted);
  });

  it('is the same as an input that ends there', async () => {
    const until = sampleStart + 61.4 * hour_us;
    const shorter = writeLog('morning.log', (event) => event.time < until);
    const ended = await run(store, [shorter], all);
    assert.deepEqual(kept(ended.findings), kept((await asked({ until })).findings));
  });
});

describe('a second run', () => {
  it('in the same folder, of more than the first, gives what a run of its own gives', async () => {
    const kept_store = await openStore({ directory: `${folder.path}/store` });
    try {
      await run(kept_store, [file], { ...all, until: sampleStart + 60 * hour_us });
      const second = await run(kept_store, [file], all);
      assert.deepEqual(second.findings, whole.findings);
      assert.deepEqual((await run(kept_store, [file], all)).findings, whole.findings);
    } finally {
      await kept_store.close();
    }
  });
});
