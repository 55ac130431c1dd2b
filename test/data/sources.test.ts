import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { ZodType } from 'zod';
import { findInputs, openInput } from '../../src/collect/index.ts';
import { tables } from '../../src/schema/event/index.ts';
import type { SourceFormat } from '../../src/schema/reading.ts';
import { recordCheck } from '../../src/schema/table.ts';
import { detectFormat, whyUnknown } from '../../src/sources/index.ts';
import { type CollectingSink, collectingSink } from '../collecting-sink.ts';
import { noData, pack } from './packs.ts';

/** Logs that other projects' sensors wrote: every record is read, or it is known here why it is not. */

const latest_time = Date.now() * 1000;
const checks = new Map<string, ZodType>(
  Object.entries(tables).map(([kind, table]) => [kind, recordCheck(table)]),
);

interface Read {
  format: SourceFormat | null;
  head: Buffer;
  sink: CollectingSink;
}

async function read(path: string): Promise<Read> {
  const [input] = await findInputs([path]);
  const opened = await openInput(input!);
  const format = detectFormat(opened.head);
  const sink = collectingSink();
  if (format === null) await opened.close();
  else {
    const decoder = format.open(path, sink, { latest_time, keep_raw: false });
    for await (const chunk of opened.chunks) decoder.push(chunk);
    decoder.end();
  }
  assert.deepEqual(opened.problems(), []);
  return { format, head: opened.head, sink };
}

/** Reads every log below a folder; gives counts by kind, the rejects as 'file: reason', and the files of no known kind. */
async function readAll(folder: string, wanted: (file: string) => boolean) {
  const files = (await findInputs([folder])).map((one) => relative(folder, one.path)).filter(wanted);
  const kinds: Record<string, number> = {};
  const rejects: string[] = [];
  const set_aside: string[] = [];
  const unknown: string[] = [];
  let records = 0;
  for (const file of files) {
    const { format, head, sink } = await read(join(folder, file));
    if (format === null) {
      unknown.push(`${file}: ${whyUnknown(head)}`);
      continue;
    }
    for (const { event } of sink.events) {
      kinds[event.kind] = (kinds[event.kind] ?? 0) + 1;
      records++;
      for (const note of event.set_aside ?? []) set_aside.push(`${file}: ${note}`);
    }
    // the whole check is slow: the first of every file
    for (const { event } of sink.events.slice(0, 200)) {
      const result = checks.get(event.kind)!.safeParse(event);
      assert.ok(result.success, `${file}: ${JSON.stringify(event)} ${result.error?.message}`);
    }
    for (const one of sink.rejects) rejects.push(`${file}: ${one.reason}`);
  }
  return { files: files.length, kinds, rejects, set_aside, unknown, records };
}

const isLog = (file: string): boolean => /\.log(\.labeled)?(\.gz)?$/.test(file);

test('zeek-wrccdc: TSV and JSON of the same traffic are the same events, all of them', async (t) => {
  const folder = pack('zeek-wrccdc');
  if (folder === null) return t.skip(noData);
  let records = 0;
  for (const name of readdirSync(join(folder, 'zeek-default'))) {
    const tsv: CollectingSink = (await read(join(folder, 'zeek-default', name))).sink;
    const json: CollectingSink = (await read(join(folder, 'zeek-json', name.replace('.log', '.json')))).sink;
    assert.deepEqual([...tsv.rejects, ...json.rejects], [], name);
    assert.equal(tsv.events.length, json.events.length, name);
    assert.equal(tsv.filtereds.filter((one) => one.reason !== 'header').length, json.filtereds.length, name);
    for (let i = 0; i < tsv.events.length; i++) {
      const [a, b] = [tsv.events[i]!.event, json.events[i]!.event];
      if (!isDeepStrictEqual(a, b)) assert.deepEqual(a, b, `${name} record ${i}`);
    }
    // a line of counters is several events
    records += new Set(json.events.map((one) => one.line)).size + json.filtereds.length;
  }
  assert.equal(records, 158_439);
});

test('rita: the HTTP log in TSV and in JSON is the same 27,204 events', async (t) => {
  const folder = pack('rita');
  if (folder === null) return t.skip(noData);
  const tsv = (await read(join(folder, 'test_data/valid_tsv/http.log.gz'))).sink;
  const json = (await read(join(folder, 'test_data/valid_json/http.log.gz'))).sink;
  assert.equal(tsv.events.length, 27_204);
  assert.equal(json.events.length, 27_204);
  for (let i = 0; i < tsv.events.length; i++)
    assert.ok(isDeepStrictEqual(tsv.events[i]!.event, json.events[i]!.event), `record ${i}`);
});

test('rita: damaged logs give one reject for every record that is damaged', async (t) => {
  const folder = pack('rita');
  if (folder === null) return t.skip(noData);
  const { rejects, set_aside, unknown } = await readAll(join(folder, 'test_data'), isLog);
  const headless = rejects.filter((one) => one.startsWith('truncated/conn_top.log: no Zeek header'));
  // the log's beginning is cut off: not one of its 59 lines can be read
  assert.equal(headless.length, 59);
  assert.deepEqual(
    rejects.filter((one) => !headless.includes(one)),
    [
      // its last line is cut in mid-column
      'has_unknown_field/http.log: 30 columns expected, 29 found',
      'truncated/conn.log: the file ends within the record: 9 of 21 columns',
      'truncated/conn_json.log: not valid JSON: the record ends before it is complete',
    ],
  );
  // a record with a port that cannot be loses the port alone
  assert.ok(set_aside.length > 0);
  assert.deepEqual(
    set_aside.filter((one) => !one.includes('93145')),
    [],
  );
  assert.deepEqual(unknown, ['text_file/conn.log: text of a kind that is not known']);
});

test('slips: Zeek folders, with the lines that were put in by hand as rejects', async (t) => {
  const folder = pack('slips');
  if (folder === null) return t.skip(noData);
  const { rejects, unknown, records } = await readAll(join(folder, 'dataset'), isLog);
  assert.deepEqual(rejects, [
    // a record above the header
    'test10-mixed-zeek-dir/conn.log: no Zeek header (#fields) above this line',
    // a record with three columns missing
    'test10-mixed-zeek-dir/notice.log: 26 columns expected, 23 found',
  ]);
  assert.deepEqual(unknown, []);
  assert.ok(records > 4000, `${records}`);
});

test('slips: Suricata eve, 5,000 records', async (t) => {
  const folder = pack('slips');
  if (folder === null) return t.skip(noData);
  const { format, sink } = await read(join(folder, 'dataset/test6-malicious.suricata.json'));
  assert.equal(format!.id, 'suricata_eve');
  assert.deepEqual(sink.rejects, []);
  const kinds = new Map<string, number>();
  for (const { event } of sink.events) kinds.set(event.kind, (kinds.get(event.kind) ?? 0) + 1);
  assert.equal(kinds.get('connection'), 3512);
  assert.equal(kinds.get('external_alert'), 745 + 3);
  assert.equal(kinds.get('http'), 56);
  assert.equal(kinds.get('tls'), 1);
  assert.equal(kinds.get('certificate'), 1);
  const joined = sink.filtereds.filter((one) => one.reason.startsWith('dns')).length;
  assert.equal(kinds.get('dns')! + joined, 680);
});

test('suricata-verify: the eve record that comes with a capture', async (t) => {
  const folder = pack('suricata-verify');
  if (folder === null) return t.skip(noData);
  const { sink } = await read(join(folder, 'tests/output-eve-fileinfo/expected/eve.json'));
  const event = sink.events[0]!.event;
  assert.ok(event.kind === 'file' && event.name === 'eicar.com' && event.sender_ips[0] === '188.40.238.250');
});

for (const [name, below, at_least] of [
  ['zeek-scenarios', '.', 71_204],
  ['zeek-botnet4', '.', 25_000],
  ['windows-otrf', 'datasets/compound/apt29/day1/zeek', 4200],
] as const) {
  test(`${name}: every Zeek log without a reject`, async (t) => {
    const folder = pack(name);
    if (folder === null) return t.skip(noData);
    const { rejects, unknown, records } = await readAll(join(folder, below), isLog);
    assert.deepEqual(rejects, []);
    assert.deepEqual(unknown, []);
    assert.ok(records >= at_least, `${records}`);
  });
}

/** Tests of Zeek's logging itself: their logs have columns of their own, or lack those that make the record. */
const oddLogs =
  /^(plugins\.logging-hooks|scripts\.base\.frameworks\.logging\.(ascii-gz|attr|attr-extend|empty-event|enable-stream|exclude|file|include|remove|test-logging|types|vec|field-name-map2?|scope_sep_and_field_name_map)|scripts\.policy\.misc\.stats|spicy\.terminate-session)\//;

test("zeek-btest: the logs of Zeek's own tests", async (t) => {
  const folder = pack('zeek-btest');
  if (folder === null) return t.skip(noData);
  const baseline = join(folder, 'testing/btest/Baseline');
  const rejects: string[] = [];
  let files = 0;
  let events = 0;
  for (const name of readdirSync(baseline)) {
    for (const file of readdirSync(join(baseline, name)).filter((one) => one.includes('log'))) {
      // Stamps that the test runner blanked out get a time again.
      const text = readFileSync(join(baseline, name, file), 'latin1').replaceAll(
        'XXXXXXXXXX.XXXXXX',
        '1300475167.096535',
      );
      const bytes = Buffer.from(text, 'latin1');
      const format = detectFormat(bytes.subarray(0, 65_536));
      if (format === null) continue; // notes and cut-outs without a header
      const sink = collectingSink();
      const decoder = format.open(file, sink, { latest_time, keep_raw: false });
      decoder.push(bytes);
      decoder.end();
      files++;
      events += sink.events.length;
      for (const { event } of sink.events) {
        const result = checks.get(event.kind)!.safeParse(event);
        assert.ok(result.success, `${name}/${file}: ${JSON.stringify(event)} ${result.error?.message}`);
      }
      if (!oddLogs.test(`${name}/`))
        for (const one of sink.rejects) rejects.push(`${name}/${file}:${one.line} ${one.reason}`);
    }
  }
  assert.deepEqual(rejects, []);
  assert.ok(files > 800 && events > 5000, `${files} files, ${events} events`);
});
