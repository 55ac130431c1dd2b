import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { duration } from '../../src/base/duration.ts';
import { groupRuns } from '../../src/base/order.ts';
import { technique } from '../../src/content/attack.ts';
import { loadContent } from '../../src/content/index.ts';
import { Detection, type DetectorRun } from '../../src/detect/index.ts';
import { createDuplicates, createEnricher, defaultLocalNetworks } from '../../src/enrich/index.ts';
import { clearEvents } from '../../src/pipeline/clear.ts';
import { Past } from '../../src/pipeline/past.ts';
import type { AnalyzeResult } from '../../src/pipeline/route.ts';
import { featureRows } from '../../src/pipeline/rows.ts';
import { merge, scenario } from '../../src/scenarios/index.ts';
import { event_id_text, type WeirEvent } from '../../src/schema/event/index.ts';
import type { Finding } from '../../src/schema/finding.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { linesOf, monday, run, smallOffice, temporaryFolder, unplaced } from './run-analyze.ts';

const content = loadContent();
let store: Store;
const folder = temporaryFolder();
const events = smallOffice();
const lines = linesOf(events);
let file: string;
let once: AnalyzeResult;

before(async () => {
  store = await openStore({ directory: null });
  file = folder.write('office.json', `${lines.join('\n')}\n`);
  once = await run(store, [file]);
  assert.deepEqual(once.failed, []);
  assert.ok(once.findings.length >= 3);
});
after(async () => {
  await store.close();
  folder.remove();
});

test('the same input gives the same findings, in the same order, to the last digit', async () => {
  const again = await run(store, [file]);
  assert.deepEqual(again.findings, once.findings);
  assert.deepEqual(again.held, once.held);
});

test('how many detectors run side by side does not matter', async () => {
  for (const at_once of [1, 5]) {
    const other = await run(store, [file], { at_once });
    assert.deepEqual(other.findings, once.findings);
    assert.deepEqual(other.runs, once.runs);
    assert.deepEqual(other.failed, []);
  }
});

test('how the input is cut into files, and in which order they are given, does not matter', async () => {
  const pieces: string[] = [];
  const n = 7;
  for (let i = 0; i < n; i++) {
    const part = lines.slice(Math.floor((i * lines.length) / n), Math.floor(((i + 1) * lines.length) / n));
    // Names that sort against the time.
    pieces.push(folder.write(`rotated/${n - i}.json`, `${part.join('\n')}\n`));
  }
  assert.deepEqual(unplaced((await run(store, pieces)).findings), unplaced(once.findings));
  assert.deepEqual(unplaced((await run(store, [...pieces].reverse())).findings), unplaced(once.findings));
});

test('how records are spread over logs does not matter', async () => {
  const by_path = Map.groupBy(lines, (line) => String((JSON.parse(line) as { _path: string })._path));
  const logs = [...by_path].map(([path, of]) => folder.write(`logs/${path}.log`, `${of.join('\n')}\n`));
  assert.deepEqual(unplaced((await run(store, logs)).findings), unplaced(once.findings));
});

/** Puts events into the store without files, as weir check's tests do. */
async function put(all: Iterable<WeirEvent>): Promise<void> {
  await clearEvents(store);
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  const duplicates = createDuplicates();
  const writer = store.writer();
  const number = writer.input('test', 'test');
  let line = 0;
  for (const made of all) {
    const event = enricher.enrich(made);
    duplicates.check(event, number, 0);
    writer.write(event, duplicates.id_hi, duplicates.id_lo, number, ++line, 0, '');
    if (writer.busy) await writer.ready();
  }
  await writer.flush();
}

interface Seen {
  readonly finding: Finding;
  /** when the window ends in which it was seen, µs */
  readonly ends: number;
}

/** Everything every detector sees in what is stored, however ordinary. */
async function allSeen(most_p = 1): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const detector of content.detectors) {
    const feature = content.features.get(detector.features)!;
    const rows = featureRows(
      store,
      new Past(store, content.rollups),
      feature,
      detector,
      monday + 30 * 86_400e6,
    );
    const window_us = duration(detector.window) * 1e6;
    // The window of a finding, by what makes its id.
    const windows = new Map<string, number>();
    async function* noted() {
      for await (const row of rows) {
        windows.set(`${JSON.stringify(row.entity)} ${row.first_at} ${row.last_at}`, row.window_at);
        yield row;
      }
    }
    const ran: DetectorRun = { detector: detector.id, windows: 0, rows: 0, judged: 0, findings: 0 };
    const options = { taught_until: 0, most_p: () => most_p, techniques: technique };
    const detection = new Detection(detector, feature, options, ran);
    const found = await Array.fromAsync(
      groupRuns(noted(), (row) => row.window_at),
      (window) => detection.window(window),
    );
    for (const finding of found.flat()) {
      const at = windows.get(`${JSON.stringify(finding.entity)} ${finding.start_at} ${finding.end_at}`)!;
      seen.push({ finding, ends: at + window_us });
    }
  }
  return seen;
}

const idAndP = ({ finding }: Seen): string =>
  `${finding.detector} ${finding.finding_id} ${new Date(finding.start_at / 1000).toISOString()} p=${finding.p_value} ${finding.summary}`;

test("Zeek's JSON of a scenario and its events directly give the same findings", async () => {
  await run(store, [file]);
  const read = (await allSeen(0.01)).map(idAndP);
  await put(smallOffice());
  const direct = (await allSeen(0.01)).map(idAndP);
  assert.ok(read.length > 0);
  assert.deepEqual(direct, read);
});

test('a window sees only the past: what ended before an instant is judged alike, whatever comes after it', async () => {
  await put(smallOffice());
  const whole = await allSeen();
  // Rows worth judging, of several detectors: else the comparison would say nothing.
  assert.ok(whole.length >= 30);
  assert.ok(new Set(whole.map((one) => one.finding.detector)).size >= 4);
  const begin = events[0]!.time;
  const end = events.at(-1)!.time;
  for (const share of [0.37, 0.62, 0.85]) {
    const cut = begin + share * (end - begin);
    await put(smallOffice().filter((event) => event.time < cut));
    const before_cut = (seen: readonly Seen[]) => seen.filter((one) => one.ends <= cut).map(idAndP);
    assert.deepEqual(before_cut(await allSeen()), before_cut(whole), `cut at ${share}`);
  }
});

test('that holds for detectors that look back over days as well', async () => {
  const place = { seed: 7, start: monday };
  const days = [
    ...merge(
      scenario('office', { hosts: 4, days: 3, activity: 0.05 }, place),
      scenario('host_silent', { after_s: 180_000 }, place),
    ),
  ];
  const cut = monday + 56 * 3600e6;
  await put(days);
  const whole = await allSeen();
  await put(days.filter((event) => event.time < cut));
  // The last hour is judged only when the next one shows that it is over.
  const before_cut = (seen: readonly Seen[]) =>
    seen
      .filter((one) => one.ends <= cut - 3600e6)
      .map((one) => `${idAndP(one)} ${JSON.stringify(one.finding.values)}`);
  const cut_off = new Set(before_cut(await allSeen()));
  const differ = before_cut(whole).filter((one) => !cut_off.has(one));
  assert.deepEqual(differ, []);
});

test('evidence leads to events in the store and to the lines of the input', async () => {
  const { findings } = await run(store, [file], { keep_raw: true });
  let shown = 0;
  const bytes = readFileSync(file);
  for (const { evidence, evidence_total, detector } of findings) {
    assert.ok(evidence.length > 0, `${detector} has evidence`);
    assert.ok(evidence_total >= evidence.length);
    for (const one of evidence) {
      shown++;
      assert.equal(one.file, file);
      const line = lines[one.line - 1]!;
      assert.equal(one.raw, line);
      assert.equal(bytes.toString('utf8', one.offset, one.offset + line.length), line);
      assert.equal(Math.round((JSON.parse(line) as { ts: number }).ts * 1e6), one.time);
      const [row] = await store.query<{ n: number }>(
        `SELECT count() AS n FROM ${one.table} WHERE ${event_id_text} = {id:String} AND line = {line:UInt64}`,
        { id: one.event_id, line: one.line },
      );
      assert.equal(row?.n, 1, `${one.table} ${one.event_id}`);
    }
  }
  assert.ok(shown > 10);
});
