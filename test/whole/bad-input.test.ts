import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { AnalyzeResult } from '../../src/pipeline/route.ts';
import { tables } from '../../src/schema/event/index.ts';
import type { Finding } from '../../src/schema/finding.ts';
import { addLedger, emptyLedger, type InputReport, residue, total } from '../../src/schema/ledger.ts';
import type { Reject } from '../../src/schema/origin.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { Conversation, capture, pcapngCapture } from '../packets.ts';
import { linesOf, monday, run, smallOffice, temporaryFolder } from './run-analyze.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

let store: Store;
const folder = temporaryFolder();
before(async () => {
  store = await openStore({ directory: null });
});
after(async () => {
  await store.close();
  folder.remove();
});

let serial = 0;

/** A connection that no other call gives, as Zeek's JSON; 100 ms after the one before. */
function conn(more: Record<string, unknown> = {}): string {
  const n = ++serial;
  return JSON.stringify({
    _path: 'conn',
    ts: monday / 1e6 + n / 10,
    uid: `C${n}`,
    'id.orig_h': `10.1.${(n >> 8) & 255}.${n & 255}`,
    'id.orig_p': 1024 + (n % 60_000),
    'id.resp_h': '198.51.100.7',
    'id.resp_p': 443,
    proto: 'tcp',
    service: 'ssl',
    duration: 1.5,
    orig_bytes: 1000 + n,
    resp_bytes: 5000,
    conn_state: 'SF',
    ...more,
  });
}
const conns = (n: number): string => Array.from({ length: n }, () => `${conn()}\n`).join('');

/** Good lines around a bad one. */
const around = (bad: string): string => `${conns(2)}${bad}\n${conns(2)}`;

const tsvFields = ['ts', 'uid', 'id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p', 'proto', 'conn_state'];
const tsvHead = (fields: readonly string[], path = 'conn'): string =>
  `#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t${path}\n#fields\t${fields.join('\t')}\n`;

function tsvLine(fields: readonly string[], line = conn()): string {
  const record = JSON.parse(line) as Record<string, unknown>;
  return fields
    .map((name) => (name === 'ts' ? (record.ts as number).toFixed(6) : String(record[name] ?? '-')))
    .join('\t');
}

function conversation(client: string): Conversation {
  return new Conversation(client).open().client('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n').close();
}

/** The first part of some bytes. */
const cut = (data: Buffer, share: number): Buffer => data.subarray(0, Math.floor(data.length * share));

function damaged(data: Buffer): Buffer {
  const copy = Buffer.from(data);
  copy.fill(0xff, copy.length >> 1, (copy.length >> 1) + 64);
  return copy;
}

const escapes = '\u001b]0;owned\u0007\u001b[31m\u202e';

interface Case {
  readonly data: string | Buffer;
  /** events that must be stored; a function for what was cut in the middle */
  readonly stored: number | ((n: number) => boolean);
  /** rejects: how the reasons begin, the line, and the offset where it is known */
  readonly rejects: readonly (readonly [reason: RegExp, line: number, offset?: number])[];
  readonly filtered?: readonly string[];
  /** notes of values, each made once */
  readonly set_aside?: readonly string[];
}

const some = (n: number): boolean => n > 0;
const first_two = (): { two: string; offset: number } => {
  const two = conns(2);
  return { two, offset: two.length };
};
/** Good, bad, good; the bad one is line 3. */
function third(bad: string, reason: RegExp): Case {
  const { two, offset } = first_two();
  return { data: `${two}${bad}\n${conns(2)}`, stored: 4, rejects: [[reason, 3, offset]] };
}
const deep = `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`;
const many_keys = `{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":1`).join(',')}}`;
const packed = (): Buffer => Buffer.from(conns(3000));

const cases: Record<string, Case> = {
  'truncated.log.gz': {
    data: cut(gzipSync(packed()), 0.6),
    stored: some,
    rejects: [
      [/^the gzip data ends early/, 0],
      [/^not valid JSON: the record ends/, -1],
    ],
  },
  'truncated.log.zst': {
    // Several frames, so that some are whole.
    data: cut(Buffer.concat([packed(), packed(), packed()].map((one) => zstdCompressSync(one))), 0.8),
    stored: some,
    rejects: [[/^the zstd data ends early/, 0]],
  },
  'damaged.log.gz': { data: damaged(gzipSync(packed())), stored: some, rejects: [[/^the gzip data/, 0]] },
  'bomb.log.gz': {
    data: Buffer.concat([
      gzipSync(conns(2)),
      ...Array.from(
        { length: 12 },
        (
          (zeros) => () =>
            zeros
        )(gzipSync(Buffer.alloc(32 * 1024 * 1024))),
      ),
    ]),
    stored: 2,
    rejects: [
      [/^unpacking stopped/, 0],
      [/^the line is longer/, 3],
    ],
  },
  'truncated.pcap': {
    data: cut(capture(conversation('10.2.0.1').frames), 0.9),
    stored: some,
    rejects: [[/^packet (header )?cut short/, -1]],
  },
  'truncated.pcapng': {
    data: cut(pcapngCapture(conversation('10.2.0.2').frames, {}), 0.9),
    stored: some,
    rejects: [[/^block cut short/, -1]],
  },
  'truncated-conn.log': {
    data: `${tsvHead(tsvFields)}${tsvLine(tsvFields)}\n${tsvLine(tsvFields).slice(0, 30)}`,
    stored: 1,
    rejects: [[/^the file ends within the record/, 8]],
  },
  'truncated-conn.json': {
    data: `${conns(2)}${conn().slice(0, 80)}`,
    stored: 2,
    rejects: [[/^not valid JSON: the record ends/, 3]],
  },
  'noise/conn.log': {
    data: Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 73 + (i >> 3) * 31) & 255)),
    stored: 0,
    rejects: [[/^binary data of a kind that is not known/, 1, 0]],
  },
  'README.txt': { data: 'not a log\n', stored: 0, rejects: [], filtered: ['file of another kind'] },
  'empty.log': { data: '', stored: 0, rejects: [], filtered: ['empty file'] },
  'utf16/conn.log': {
    data: Buffer.from(`\ufeff${conns(3)}`, 'utf16le'),
    stored: 0,
    rejects: [[/^UTF-16 text/, 1, 0]],
  },
  'latin1.json': {
    data: Buffer.concat([
      Buffer.from(conns(1)),
      Buffer.from(`${conn({ _path: 'http', user_agent: 'Caf\xe9', host: 'a' })}\n`, 'latin1'),
      Buffer.from(conns(1)),
    ]),
    stored: 3,
    rejects: [],
  },
  'long-line.json': third(`{"ts":1,"x":"${'x'.repeat(5 * 1024 * 1024)}"}`, /^the line is longer than/),
  'year-1601.json': third(conn({ ts: '1601-01-01T00:00:00.000000Z' }), /^ts is before 1970/),
  'year-2200.json': third(conn({ ts: '2200-01-01T00:00:00.000000Z' }), /^ts is in the future/),
  'tomorrow.json': third(conn({ ts: Date.UTC(2026, 5, 3) / 1e3 }), /^ts is in the future/),
  'negative-epoch.json': third(conn({ ts: -5 }), /^ts is before 1970/),
  'negative-epoch.log': {
    data: `${tsvHead(tsvFields)}${tsvLine(tsvFields, conn({ ts: -5 }))}\n${tsvLine(tsvFields)}\n`,
    stored: 1,
    rejects: [[/^ts is before 1970/, 7]],
  },
  'negative-bytes.json': {
    data: around(conn({ orig_bytes: -1, service: 7 })),
    stored: 5,
    rejects: [],
    set_aside: ['src_bytes: not a count', 'service: not text'],
  },
  'duplicate-keys.json': third(
    conn().replace('{', '{"id.orig_h":"10.9.9.9",'),
    /^duplicate key in JSON: id\.orig_h/,
  ),
  'deep.json': third(conn({ x: 1 }).replace('"x":1', `"x":${deep}`), /^JSON nested deeper/),
  'many-keys.json': third(conn({ x: 1 }).replace('"x":1', `"x":${many_keys}`), /^JSON with more than 10000/),
  'nul.json': third(conn().replace('ssl', 's\0l'), /^not valid JSON/),
  'nul.log': {
    data: `${tsvHead(tsvFields)}${tsvLine(tsvFields).replace('SF', 'S\0')}\n${tsvLine(tsvFields)}\n`,
    stored: 2,
    rejects: [],
  },
  'zones.json': {
    data: around(conn({ 'id.orig_h': 'fe80::1%eth0', 'id.resp_h': 'fe80::2%25en1' })),
    stored: 5,
    rejects: [],
  },
  'escapes.json': {
    data: around(
      conn({ _path: 'http', host: `a${escapes}.example`, uri: `/${escapes}`, 'id.orig_h': escapes }),
    ),
    stored: 4,
    rejects: [[/^id\.orig_h is not an address/, 3]],
  },
  'new-header.log': {
    data: [
      tsvHead(tsvFields),
      `${tsvLine(tsvFields)}\n`,
      tsvHead([...tsvFields].reverse()),
      `${tsvLine([...tsvFields].reverse())}\n`,
      `${tsvLine(tsvFields)}\ttoo\tmany\n`,
      `${tsvLine([...tsvFields].reverse())}`,
    ].join(''),
    stored: 3,
    rejects: [[/^8 columns expected, 10 found/, 15]],
  },
};

describe('a folder full of broken files', () => {
  const at = join(folder.path, 'broken');
  const good = 500;
  let result: AnalyzeResult;
  let rejects: Reject[];
  const report = (name: string): InputReport => {
    const found = result.inputs.find((one) => one.file === join(at, name));
    assert.ok(found, `${name} was read`);
    return found;
  };

  before(async () => {
    for (const [name, { data }] of Object.entries(cases)) folder.write(join('broken', name), data);
    folder.write('broken/good.json', conns(good));
    const gone = folder.write('broken/gone.json', conns(3));
    symlinkSync('..', join(at, 'noise', 'loop'));
    symlinkSync('nowhere', join(at, 'dangling.log'));
    // Root may read any file, but not this one's first page.
    if (existsSync('/proc/self/mem')) symlinkSync('/proc/self/mem', join(at, 'unreadable.log'));
    result = await run(store, [at], {
      run_id: 'broken',
      keep_raw: true,
      progress: () => rmSync(gone, { force: true }),
    });
    rejects = await store.query<Reject>(
      "SELECT file, line, offset, format, reason, excerpt FROM reject WHERE run_id = 'broken' ORDER BY file, offset, line",
    );
  });

  for (const [name, { stored, rejects: wanted, filtered, set_aside }] of Object.entries(cases)) {
    test(`${name}: what can be read is stored, the rest is a reject with reason and place`, () => {
      const { ledger } = report(name);
      assert.equal(residue(ledger), 0);
      if (typeof stored === 'number') assert.equal(ledger.stored, stored);
      else assert.ok(stored(ledger.stored), `${ledger.stored} stored`);
      const kept = rejects.filter((one) => one.file === join(at, name));
      assert.equal(kept.length, total(ledger.rejected), 'as many are kept as are counted');
      for (const [reason, line, offset] of wanted) {
        const one = kept.find((reject) => reason.test(reject.reason));
        assert.ok(one, `${reason} among ${kept.map((reject) => reject.reason).join('; ')}`);
        if (line >= 0) assert.equal(one.line, line);
        if (offset !== undefined) assert.equal(one.offset, offset);
        assert.ok(one.excerpt.length <= 4096);
      }
      if (wanted.length === 0) assert.deepEqual(kept, []);
      for (const note of set_aside ?? []) assert.equal(ledger.set_aside.get(note), 1);
      for (const why of filtered ?? []) assert.equal(ledger.filtered.get(why), 1);
    });
  }

  test('a file that vanishes is a reject, and so is one that cannot be read', () => {
    const names = existsSync('/proc/self/mem') ? ['gone.json', 'unreadable.log'] : ['gone.json'];
    for (const name of names) {
      assert.equal(total(report(name).ledger.rejected), 1, name);
      assert.match(rejects.find((one) => one.file === join(at, name))?.reason ?? '', /^cannot read /);
    }
  });

  test('a loop of folders is entered once, a link to nothing is passed over', () => {
    const files = result.inputs.map((one) => one.file);
    assert.equal(new Set(files).size, files.length);
    assert.ok(!files.some((one) => one.includes('loop') || one.includes('dangling')));
  });

  test('nothing of the other files is lost, and the ledger balances in total', async () => {
    assert.equal(report('good.json').ledger.stored, good);
    const all = emptyLedger();
    for (const one of result.inputs) addLedger(all, one.ledger);
    assert.equal(residue(all), 0);
    assert.equal(total(all.duplicates), 0);
    // Events whose clock was wrong are stored, though a run does not look at them.
    store.lookAt(null);
    const counts = Object.keys(tables).map((kind) => `SELECT count() AS n FROM ${kind}`);
    const [row] = await store.query<{ n: number }>(`SELECT sum(n) AS n FROM (${counts.join(' UNION ALL ')})`);
    assert.equal(row?.n, all.stored);
    const [account] = await store.query<{ stored: number; read: number; rejected: number }>(
      "SELECT sum(stored) AS stored, sum(read) AS read, sum(rejected) AS rejected FROM input_file FINAL WHERE run_id = 'broken'",
    );
    assert.deepEqual(account, { stored: all.stored, read: all.read, rejected: total(all.rejected) });
  });

  test('the command ends with status 0, and nothing of the traffic steers the terminal', () => {
    folder.write('cli/escapes.json', cases['escapes.json']!.data);
    folder.write('cli/noise/conn.log', cases['noise/conn.log']!.data);
    const hostile = folder.write(`cli/x\u001b[31m.pcap`, 'noise');
    // A program that is loaded from a host and over a path full of escapes is a finding that quotes both.
    const download = {
      _path: 'http',
      method: 'GET',
      host: `a${escapes}.example`,
      uri: `/${escapes}.exe`,
      user_agent: escapes,
      status_code: 200,
      resp_mime_types: ['application/x-dosexec'],
      response_body_len: 900_000,
    };
    folder.write('cli/download.json', `${conn(download)}\n${conns(5)}`);
    const ran = spawnSync(process.execPath, [main, 'analyze', join(folder.path, 'cli')], {
      encoding: 'utf8',
    });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /rejected/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
    const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/;
    assert.doesNotMatch(ran.stdout, steering);
    assert.doesNotMatch(ran.stderr, steering);
    const failed = spawnSync(process.execPath, [main, 'analyze', hostile], { encoding: 'utf8' });
    assert.equal(failed.status, 2);
    assert.doesNotMatch(failed.stderr, steering);
  });
});

test('an empty folder is told, not analyzed', async () => {
  const empty = temporaryFolder();
  await assert.rejects(run(store, [empty.path]), { code: 'input_unknown', message: /there is no file in/ });
  empty.remove();
});

test('an empty file alone is a run without events', async () => {
  const result = await run(store, [folder.write('alone.log', '')]);
  assert.deepEqual([result.events, result.findings.length, result.inputs.length], [0, 0, 1]);
});

test('reasons that differ in every record are counted in a bounded table, and each is kept', async () => {
  const broken = Array.from({ length: 3000 }, (_, i) => `{"ts":1,"x":"${'y'.repeat(i)}",}`).join('\n');
  const foreign = Array.from({ length: 3000 }, (_, i) => conn({ _path: `log_${i}` })).join('\n');
  const file = folder.write('reasons.json', `${conns(2)}${broken}\n${foreign}\n`);
  const { inputs } = await run(store, [file], { run_id: 'reasons', detectors: ['beacon_name'] });
  const { ledger } = inputs[0]!;
  assert.equal(residue(ledger), 0);
  assert.deepEqual([ledger.stored, total(ledger.rejected), total(ledger.filtered)], [2, 3000, 3000]);
  assert.ok(ledger.rejected.size <= 201 && ledger.filtered.size <= 201);
  assert.ok(ledger.rejected.get('other reasons')! > 2000);
  const [kept] = await store.query<{ n: number; reasons: number }>(
    "SELECT count() AS n, uniqExact(reason) AS reasons FROM reject WHERE run_id = 'reasons'",
  );
  assert.equal(kept?.n, 3000);
  assert.ok(kept.reasons > 2900);
});

describe('an office that is given in several ways', () => {
  const events = smallOffice();
  const lines = linesOf(events);
  const whole = `${lines.join('\n')}\n`;
  let once: AnalyzeResult;
  let file: string;
  const told = (findings: readonly Finding[]) =>
    findings.map(({ finding_id, p_value, summary, risk_score, evidence_total }) => ({
      finding_id,
      p_value,
      summary,
      risk_score,
      evidence_total,
    }));
  const sums = (result: AnalyzeResult) => {
    const all = emptyLedger();
    for (const one of result.inputs) addLedger(all, one.ledger);
    assert.equal(residue(all), 0);
    return {
      read: all.read,
      stored: all.stored,
      duplicates: total(all.duplicates),
      rejected: total(all.rejected),
    };
  };

  before(async () => {
    file = folder.write('office/office.json', whole);
    once = await run(store, [file]);
    assert.ok(once.findings.some((one) => one.detector === 'vertical_scan'));
    assert.equal(once.failed.length, 0);
  });

  test('the same file twice is read once', async () => {
    const result = await run(store, [file, file, join(folder.path, 'office')]);
    assert.equal(result.inputs.length, 1);
    assert.deepEqual(told(result.findings), told(once.findings));
  });

  test('a copy under another name and a packed one are duplicates, all of them counted', async () => {
    const copies = [folder.write('copies/b.json', whole), folder.write('copies/c.json.gz', gzipSync(whole))];
    const result = await run(store, [file, ...copies]);
    assert.deepEqual(sums(result), {
      read: lines.length * 3,
      stored: lines.length,
      duplicates: lines.length * 2,
      rejected: 0,
    });
    assert.deepEqual(told(result.findings), told(once.findings));
  });

  test('rotated files that overlap count what they share once', async () => {
    const n = lines.length;
    const [to, from] = [Math.floor(n * 0.6), Math.floor(n * 0.4)];
    const result = await run(store, [
      folder.write('overlap/2.json', `${lines.slice(from).join('\n')}\n`),
      folder.write('overlap/1.json', `${lines.slice(0, to).join('\n')}\n`),
    ]);
    assert.deepEqual(sums(result), { read: n + to - from, stored: n, duplicates: to - from, rejected: 0 });
    assert.deepEqual(told(result.findings), told(once.findings));
  });

  test('the same log as TSV and as JSON is one log', async () => {
    const fields = [
      ...['ts', 'uid', 'id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p', 'proto', 'service', 'duration'],
      ...['orig_bytes', 'resp_bytes', 'conn_state', 'local_orig', 'local_resp', 'missed_bytes', 'history'],
      ...['orig_pkts', 'orig_ip_bytes', 'resp_pkts', 'resp_ip_bytes', 'community_id', 'vlan'],
      ...['orig_l2_addr', 'resp_l2_addr'],
    ];
    const conn_lines = lines.filter((line) => line.startsWith('{"_path":"conn"'));
    const rows = conn_lines.map((line) => {
      const record = JSON.parse(line) as Record<string, unknown>;
      return fields
        .map((name) => {
          const value = record[name];
          if (typeof value === 'boolean') return value ? 'T' : 'F';
          if (name === 'ts' || (name === 'duration' && value !== undefined))
            return (value as number).toFixed(6);
          return String(value ?? '-');
        })
        .join('\t');
    });
    const tsv = folder.write('both/conn.log', `${tsvHead(fields)}${rows.join('\n')}\n`);
    const result = await run(store, [file, tsv]);
    const { stored, duplicates, rejected } = sums(result);
    assert.deepEqual([stored, duplicates, rejected], [lines.length, conn_lines.length, 0]);
    assert.deepEqual(told(result.findings), told(once.findings));
  });

  test('a stray record a year before changes neither the number of windows nor what is found', async () => {
    const stray = conn({ ts: monday / 1e6 - 365 * 86_400 });
    const result = await run(store, [folder.write('stray.json', `${stray}\n${whole}`)]);
    const windows = (of: AnalyzeResult) => Math.max(...of.runs.map((one) => one.windows));
    assert.ok(
      windows(result) <= windows(once) + 48,
      `${windows(result)} windows, ${windows(once)} without it`,
    );
    const ids = (of: AnalyzeResult) => new Set(of.findings.map((one) => one.finding_id));
    const lost = [...ids(once)].filter((id) => !ids(result).has(id));
    assert.deepEqual(lost, []);
  });

  test('a stray record a year before does not spoil what comes after a baseline', async () => {
    const half = Math.floor(lines.length / 2);
    const baseline = folder.write('halves/1.json', `${lines.slice(0, half).join('\n')}\n`);
    const stray = conn({ ts: monday / 1e6 - 365 * 86_400 });
    const later = `${lines.slice(half).join('\n')}\n`;
    const clean = await run(store, [folder.write('halves/2.json', later)], { baseline_paths: [baseline] });
    const result = await run(store, [folder.write('halves/3.json', `${later}${stray}\n`)], {
      baseline_paths: [baseline],
    });
    assert.ok(Math.min(...result.findings.map((one) => one.end_at)) > events[half - 1]!.time);
    assert.deepEqual(
      clean.findings
        .map((one) => one.finding_id)
        .filter((id) => !result.findings.some((one) => one.finding_id === id)),
      [],
    );
  });
});
