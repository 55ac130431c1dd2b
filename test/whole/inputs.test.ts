import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { WeirEvent } from '../../src/schema/event/index.ts';
import { addLedger, emptyLedger, type Ledger, residue, total } from '../../src/schema/ledger.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { caseFolder, noCases } from '../data/cases.ts';
import { linesOf, run, smallOffice, temporaryFolder, type Write } from './run-analyze.ts';

/** What people really have: logs in other units of time, in pieces, and with values that cannot be. */

let store: Store;
let events: WeirEvent[];
const folder = temporaryFolder();
before(async () => {
  store = await openStore({ directory: null });
  events = smallOffice().slice(0, 600);
});
after(async () => {
  await store.close();
  folder.remove();
});

let runs = 0;

interface Read {
  readonly ledger: Ledger;
  rows(sql: string): Promise<Record<string, unknown>[]>;
}

/** Reads what `write` puts into a folder of its own; only one detector, because what is stored counts here. */
async function read(fill: (write: Write) => void): Promise<Read> {
  const name = `inputs-${++runs}`;
  fill((file, data) => folder.write(join(name, file), data));
  return readPath(join(folder.path, name));
}

async function readPath(path: string): Promise<Read> {
  await store.command('TRUNCATE TABLE connection');
  const result = await run(store, [path], {
    detectors: ['ids_alert'],
    now: Date.UTC(2027, 0, 1) * 1000,
  });
  const ledger = emptyLedger();
  for (const one of result.inputs) {
    assert.equal(residue(one.ledger), 0, one.file);
    addLedger(ledger, one.ledger);
  }
  return { ledger, rows: (sql) => store.query<Record<string, unknown>>(sql) };
}

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

describe('a connection that is told in pieces', () => {
  const piece = (n: number, more: object = {}): string =>
    JSON.stringify({
      ts: 1_767_607_200.5,
      uid: 'CLong',
      'id.orig_h': '10.1.1.5',
      'id.orig_p': 50_123,
      'id.resp_h': '192.0.2.80',
      'id.resp_p': 443,
      proto: 'tcp',
      duration: 1200 * n,
      orig_bytes: 630_000 * n,
      resp_bytes: 45_000 * n,
      conn_state: 'S1',
      history: 'ShADad',
      ...more,
    });
  const pieces = text(Array.from({ length: 20 }, (_, n) => piece(n + 1)));
  const end = text([
    piece(21, { conn_state: 'SF', history: 'ShADadFf', orig_bytes: 12_600_000, resp_bytes: 900_000 }),
  ]);
  const figures =
    "SELECT count() AS n, sum(src_bytes) AS sent, max(duration_s) AS lasted FROM connection WHERE uid = 'CLong'";
  const inputs: Record<string, readonly [Record<string, string>, duration_s: number]> = {
    'by conn_long alone': [{ 'conn_long.log': pieces }, 24_000],
    'by open_conn alone': [{ 'open_conn.log': pieces }, 24_000],
    'by conn alone': [{ 'conn.log': end }, 25_200],
    'by both': [{ 'conn.log': end, 'conn_long.log': pieces }, 25_200],
    'by both, named so that the end comes first': [{ 'a/conn.log': end, 'b/conn_long.log': pieces }, 25_200],
    'by all in one file': [{ 'conn.log': pieces + end }, 25_200],
    'by all in one file, the end first': [{ 'conn.log': end + pieces }, 25_200],
    'by one stream that names its logs': [
      { 'zeek.json': pieces.replaceAll('{"ts"', '{"_path":"conn_long","ts"') + end },
      25_200,
    ],
    'twice, by copies': [
      { 'conn.log': end, 'copy/conn.log': end, 'conn_long.1.log': pieces, 'conn_long.2.log': pieces },
      25_200,
    ],
  };
  for (const [name, [files, duration_s]] of Object.entries(inputs))
    test(`${name} counts once, with its last figures`, async () => {
      const { rows } = await read((write) => {
        for (const [file, data] of Object.entries(files)) write(file, data);
      });
      assert.deepEqual(await rows(figures), [{ n: 1, sent: 12_600_000, lasted: duration_s }]);
    });
});

describe('what a sensor tells one by one and in sum', () => {
  const asked = (ts: number, more: object): string =>
    JSON.stringify({
      ts: 1_767_607_200 + ts,
      ...{
        uid: 'CAsk',
        'id.orig_h': '10.1.1.5',
        'id.orig_p': 5353,
        'id.resp_h': '10.1.0.53',
        'id.resp_p': 53,
      },
      ...{ query: 'a.example', qtype_name: 'A', answers: ['192.0.2.7'], ...more },
    });
  const each = text([1, 2, 3].map((n) => asked(n, { trans_id: n, rcode_name: 'NOERROR', proto: 'udp' })));
  const sum = text([asked(1, { rcode: 0, num: 3 }), asked(2, { query: 'b.example', rcode: 0, num: 1 })]);
  const carried = (fuid: string, ts: unknown): string =>
    JSON.stringify({
      ts,
      fuid,
      seen_bytes: 9,
      source: 'HTTP',
      tx_hosts: ['192.0.2.7'],
      rx_hosts: ['10.1.1.5'],
      conn_uids: ['CAsk'],
    });
  const files_red = text([carried('F1', [1_767_607_201.5, 1_767_607_209]), carried('F3', [1_767_607_204])]);
  const files = text([carried('F1', 1_767_607_201.5), carried('F2', 1_767_607_209)]);
  const named = (log: string, lines: string): string => lines.replaceAll('{"ts"', `{"_path":"${log}","ts"`);
  const inputs: Record<string, readonly [Record<string, string>, dns: number, files: number]> = {
    'in sum alone': [{ 'dns_red.log': sum, 'files_red.log': files_red }, 2, 2],
    'in both': [
      { 'dns.log': each, 'dns_red.log': sum, 'files.log': files, 'files_red.log': files_red },
      4,
      3,
    ],
    'in both, named so that sums come first': [
      { 'z/dns.log': each, 'a/dns_red.log': sum, 'z/files.log': files, 'a/files_red.log': files_red },
      4,
      3,
    ],
    'in one stream': [{ 'zeek.json': named('dns', each) + named('dns_red', sum) }, 4, 0],
    'in one stream, sums first': [{ 'zeek.json': named('dns_red', sum) + named('dns', each) }, 4, 0],
  };
  for (const [name, [logs, dns, carried_files]] of Object.entries(inputs))
    test(`${name} counts once`, async () => {
      const { ledger, rows } = await read((write) => {
        for (const [file, data] of Object.entries(logs)) write(file, data);
      });
      assert.equal(total(ledger.rejected), 0);
      assert.deepEqual(await rows('SELECT count() AS n FROM dns'), [{ n: dns }]);
      const first = "SELECT count() AS n, countIf(time = '2026-01-05 10:00:01.5') AS first FROM file";
      assert.deepEqual(await rows(first), [{ n: carried_files, first: Math.min(1, carried_files) }]);
    });
});

test('Zeek logs are read alike in every unit and form of time', async () => {
  const lines = linesOf(events);
  const told = async (change: (ts: number) => unknown): Promise<unknown> => {
    const { ledger, rows } = await read((write) =>
      write(
        'zeek.json',
        text(
          lines.map((line) => {
            const record = JSON.parse(line) as Record<string, unknown>;
            return JSON.stringify({ ...record, ts: change(record.ts as number) });
          }),
        ),
      ),
    );
    assert.equal(total(ledger.rejected), 0);
    assert.equal(ledger.stored, lines.length);
    return rows(
      'SELECT count() AS n, min(toUnixTimestamp(time)) AS first, max(toUnixTimestamp(time)) AS last FROM connection',
    );
  };
  const seconds = await told((ts) => ts);
  const iso = (ts: number): string => new Date(ts * 1000).toISOString();
  assert.deepEqual(await told((ts) => Math.floor(ts * 1000)), seconds, 'milliseconds');
  assert.deepEqual(await told((ts) => Math.round(ts * 1e6)), seconds, 'microseconds');
  assert.deepEqual(await told((ts) => String(ts)), seconds, 'a text');
  assert.deepEqual(await told((ts) => String(Math.floor(ts * 1000))), seconds, 'milliseconds in a text');
  assert.deepEqual(await told(iso), seconds, 'ISO 8601');
  assert.deepEqual(
    await told((ts) => iso(ts).replace(/\.\d+Z$/, '+00:00')),
    seconds,
    'ISO 8601 without a fraction',
  );
});

test('loss that a sensor tells of is in the account, and on the findings of its time', async () => {
  const name = `inputs-${++runs}`;
  const office = smallOffice();
  folder.write(join(name, 'zeek.json'), text(linesOf(office)));
  const last = Math.max(...office.map((event) => event.time)) / 1e6;
  const loss = { _path: 'capture_loss', ts: last, ts_delta: 6 * 3600, peer: 'worker-1', gaps: 5, acks: 40 };
  folder.write(join(name, 'capture_loss.log'), `${JSON.stringify({ ...loss, percent_lost: 12.5 })}\n`);
  const result = await run(store, [join(folder.path, name)], { detectors: ['vertical_scan'] });
  assert.deepEqual(
    result.losses.map((one) => [one.sensor, one.share, one.to - one.from]),
    [['worker-1', 0.125, 6 * 3600e6]],
  );
  assert.ok(result.findings.length > 0);
  for (const { caveats } of result.findings)
    assert.ok(
      caveats.some((one) => one.startsWith('The sensor worker-1 lost 13 % of packets, ')),
      caveats.join(),
    );
});

describe('the shared cases', () => {
  test('07: every record in milliseconds is read', async (t) => {
    const path = caseFolder('07-time-in-milliseconds');
    if (path === null) return t.skip(noCases);
    const { ledger } = await readPath(path);
    assert.deepEqual([total(ledger.rejected), ledger.stored > 1000], [0, true]);
  });

  test('08: 12.6 MB and one connection, from either log and from both', async (t) => {
    const path = caseFolder('08-conn-long-pieces');
    if (path === null) return t.skip(noCases);
    for (const file of ['conn_long.log', 'conn.log', '']) {
      const { rows } = await readPath(join(path, file));
      const [row] = await rows(
        "SELECT count() AS n, sum(src_bytes) AS sent FROM connection WHERE src_ip = '10.1.2.29' AND dst_ip = '192.0.2.80'",
      );
      assert.deepEqual(row, { n: 1, sent: 12_600_000 }, file);
    }
  });

  test('20: a record with one bad value is kept without it, and the value counted', async (t) => {
    const path = caseFolder('20-one-bad-value');
    if (path === null) return t.skip(noCases);
    const { ledger } = await readPath(path);
    assert.equal(total(ledger.rejected), 0);
    assert.ok(total(ledger.set_aside) > 0);
  });

  test('21: five ways to wrap the same records, each read as what it carries', async (t) => {
    const path = caseFolder('21-wrapped-by-shippers');
    if (path === null) return t.skip(noCases);
    const columns = `uid, time, src_ip, src_port, dst_ip, dst_port, transport, service, src_bytes, dst_bytes, duration_s`;
    const told: unknown[] = [];
    for (const file of readdirSync(path)) {
      const { ledger, rows } = await readPath(join(path, file));
      assert.deepEqual([total(ledger.rejected), ledger.stored > 0], [0, true], file);
      told.push(await rows(`SELECT ${columns} FROM connection ORDER BY ALL`));
    }
    assert.equal(told.length, 5);
    for (const one of told) assert.deepEqual(one, told[0]);
  });
});
