import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { WeirError } from '../base/error.ts';
import { type EventKind, tables, type WeirEvent } from '../schema/event/index.ts';
import type { Finding } from '../schema/finding.ts';
import { recordCheck, type Table } from '../schema/table.ts';
import { columnsOf, createTable, eventKinds, originColumns, tableSettings, ttl } from './ddl.ts';
import {
  countEvents,
  countRejects,
  EventWriter,
  findEvents,
  listFiles,
  listFindings,
  listRejects,
  listRuns,
  openStore,
  RejectWriter,
  type Store,
  type StorePlace,
  saveFiles,
  saveFindings,
  saveRun,
  timeRange,
} from './index.ts';
import { migrate } from './migrate.ts';
import { start } from './migrations/001-start.ts';
import { applyRetention } from './retention.ts';

const texts = [
  '',
  'plain',
  'quote \' " ` \\ back',
  'Grüße, 世界, 🦦',
  'line\nbreak\ttab\r\0 zero\n\n;blank line',
  'x'.repeat(300),
  'ä'.repeat(127),
  `${'a'.repeat(31)}é`,
  '\u0001\u007f\u2028',
];
const micros = 1_763_719_200_123_457;

/** A record of any table, with awkward values that differ from row to row. */
function sample(table: Table, row: number): WeirEvent {
  const record: Record<string, unknown> = { kind: table.kind };
  Object.entries(table.columns).forEach(([name, { type, nullable }], i) => {
    const at = row + i;
    const largest = at % 3 === 0;
    const values: Record<typeof type, unknown> = {
      time: micros + row,
      text: texts[at % texts.length],
      word: texts[(at * 5) % texts.length],
      ip: ['', '10.1.2.3', '2001:db8::1', '255.255.255.255'][at % 4],
      u8: largest ? 255 : at % 7,
      u16: largest ? 65_535 : at,
      u32: largest ? 4_294_967_295 : at,
      u64: largest ? Number.MAX_SAFE_INTEGER : at,
      f64: largest ? 1 / 3 : -at * 1e300,
      bool: at % 2 === 0,
      texts: largest ? [] : texts.slice(0, at % 5),
    };
    record[name] = nullable && at % 4 === 0 ? null : values[type];
  });
  return record as unknown as WeirEvent;
}

/** test/external runs the same against a server. */
const place: StorePlace = process.env.WEIR_TEST_STORE
  ? (JSON.parse(process.env.WEIR_TEST_STORE) as StorePlace)
  : { directory: null };

describe('the store', () => {
  let store: Store;
  before(async () => {
    store = await openStore(place);
  });
  after(() => store.close());

  test('gives back every kind of event as it was written, to the last byte and microsecond', async () => {
    const writer = store.writer();
    const input = writer.input("logs/it's {a} * file.log", 'zeek_json');
    const rows = 40;
    for (const table of Object.values(tables)) {
      for (let row = 0; row < rows; row++) {
        const event = sample(table, row);
        recordCheck(table).parse(event);
        writer.write(
          event,
          0xffff_ffff,
          row,
          input,
          row + 1,
          Number.MAX_SAFE_INTEGER - row,
          texts[row % 9] ?? '',
        );
      }
    }
    await writer.flush();
    assert.equal(writer.stored(), rows * eventKinds.length);
    for (const table of Object.values(tables) as Table[]) {
      const found = await findEvents(store, table.kind as EventKind, { order: 'line' });
      assert.equal(found.length, rows, table.kind);
      found.forEach((one, row) => {
        assert.deepEqual(one.record, sample(table, row), `${table.kind} row ${row}`);
        assert.equal(one.event_id, `ffffffff${row.toString(16).padStart(8, '0')}`);
        assert.equal(one.file, "logs/it's {a} * file.log");
        assert.equal(one.source, 'zeek_json');
        assert.equal(one.line, row + 1);
        assert.equal(one.offset, Number.MAX_SAFE_INTEGER - row);
        assert.equal(one.raw, texts[row % 9]);
      });
    }
  });

  test('finds events by id, by time and by a condition with bound values', async () => {
    const by_id = await findEvents(store, 'dns', { ids: ['ffffffff00000003', 'ffffffff00000007'] });
    assert.deepEqual(
      by_id.map(({ line }) => line),
      [4, 8],
    );
    const by_time = await findEvents(store, 'dns', { from: micros + 5, to: micros + 7 });
    assert.deepEqual(
      by_time.map(({ line }) => line),
      [6, 7],
    );
    const by_value = { where: 'query = {query:String}', params: { query: texts[4] } };
    const found = await findEvents(store, 'dns', by_value);
    assert.ok(found.length > 0 && found.every(({ record }) => record.query === texts[4]));
    assert.equal(await countEvents(store, 'dns', by_value), found.length);
    assert.deepEqual(await timeRange(store, 'dns'), { first: micros, last: micros + 39 });
  });

  test('keeps exact counts over many batches, and says when to wait', async () => {
    const writer = new EventWriter(store.connection, { batch_rows: 10_000 });
    const input = writer.input('many', 'test');
    const event = sample(tables.sensor_stats, 0);
    let waits = 0;
    for (let i = 0; i < 100_001; i++) {
      writer.write(event, 1, i, input, i, 0, '');
      if (writer.busy) {
        waits++;
        await writer.ready();
      }
    }
    await writer.flush();
    assert.ok(waits > 0);
    const [row] = await store.rows(
      "SELECT count(), uniqExact(event_id) FROM sensor_stats WHERE file = 'many'",
    );
    assert.deepEqual(row, [100_001, 100_001]);
    assert.equal(writer.stored('sensor_stats'), 100_001);
  });

  test('drops a batch that comes twice under the same name', async () => {
    const send = () =>
      store.connection.insert(
        'INSERT INTO sensor_stats (event_id, file) FORMAT JSONEachRow',
        Buffer.from('{"event_id":1,"file":"twice"}\n{"event_id":2,"file":"twice"}'),
        'one name',
      );
    await send();
    await send();
    assert.deepEqual(await store.rows("SELECT count() FROM sensor_stats WHERE file = 'twice'"), [[2]]);
  });

  test('says what is wrong with a statement in the words of the engine', async () => {
    const refused = (words: RegExp) => (error: unknown) => {
      assert.ok(error instanceof WeirError);
      assert.equal(error.code, 'store_failed');
      assert.match(error.message, words);
      return true;
    };
    await assert.rejects(store.query('SELECT nothing FROM nowhere'), refused(/nowhere/));
    await assert.rejects(store.query('SELEC 1'), refused(/Syntax error/i));
    await assert.rejects(store.query('SELECT {missing:String}'), refused(/missing/));
    await assert.rejects(store.command('CREATE TABLE broken'), refused(/Incorrect CREATE/));
    const bad = Buffer.from('{"event_id": "not a number"}');
    await assert.rejects(
      store.connection.insert('INSERT INTO dns (event_id) FORMAT JSONEachRow', bad, 'bad'),
      refused(/not a number|Cannot parse/i),
    );
    // An error after the first rows are already on their way.
    const late = 'SELECT number, throwIf(number = 3000000) FROM numbers(4000000)';
    let rows = 0;
    await assert.rejects(
      async () => {
        for await (const batch of store.batches(late)) rows += batch.length;
      },
      refused(/throwIf/),
    );
    assert.ok(rows > 0);
  });

  test('keeps settings and parameters of a statement to that statement', async () => {
    const settings = { max_block_size: 777 };
    const read = "SELECT getSetting('max_block_size') AS size";
    assert.deepEqual(await store.query(read, {}, { settings }), [{ size: 777 }]);
    for (let i = 0; i < 4; i++) assert.notDeepEqual(await store.query(read), [{ size: 777 }]);
    const asked = Array.from({ length: 40 }, (_, i) =>
      store.rows('SELECT {n:UInt32}, {text:String}, sum(number) FROM numbers(1000)', {
        n: i,
        text: texts[i % texts.length],
      }),
    );
    (await Promise.all(asked)).forEach(([row], i) => {
      assert.deepEqual(row, [i, texts[i % texts.length], 499_500]);
    });
    await assert.rejects(store.query('SELECT {n:UInt32}'), WeirError);
  });

  test('streams a result that is larger than what it holds, and stops when nobody reads on', async () => {
    let rows = 0;
    for await (const [n] of store.stream<[number]>('SELECT number FROM numbers(200000)')) {
      assert.equal(n, rows++);
    }
    assert.equal(rows, 200_000);
    const name = 'left early';
    for await (const _ of store.batches('SELECT number FROM numbers(100000000000)', {}, { name })) break;
    const running = "SELECT count() FROM system.processes WHERE Settings['log_comment'] LIKE '%left early'";
    for (let tries = 0; (await store.rows<[number]>(running))[0]?.[0] !== 0; tries++) {
      assert.ok(tries < 100, 'the abandoned statement is still running');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  test('gives up a statement whose caller has', async () => {
    const stop = new AbortController();
    const asked = store.rows(
      'SELECT sum(sipHash64(number)) FROM numbers(1000000000000)',
      {},
      { signal: stop.signal },
    );
    setTimeout(() => stop.abort(), 200);
    await assert.rejects(asked);
    const running =
      "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64%' AND query NOT LIKE '%processes%'";
    for (let tries = 0; (await store.rows<[number]>(running))[0]?.[0] !== 0; tries++) {
      assert.ok(tries < 100, 'the abandoned statement is still running');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  test('answers others while one statement takes long', async () => {
    const stop = new AbortController();
    const long = store.rows(
      'SELECT sum(sipHash64(number)) FROM numbers(1000000000000)',
      {},
      { signal: stop.signal },
    );
    const started = performance.now();
    await store.rows('SELECT 1');
    assert.ok(performance.now() - started < 2000);
    stop.abort();
    await assert.rejects(long);
  });

  test('keeps runs, inputs, rejects and findings, the newest account of each', async () => {
    const run = {
      run_id: 'r1',
      started_at: micros,
      ended_at: null,
      command: 'analyze',
      version: '0.1.0',
      state: 'running' as const,
      figures: { events: 3 },
    };
    await saveRun(store, run, micros + 1);
    await saveRun(store, { ...run, ended_at: micros + 9, state: 'done' }, micros + 2);
    assert.deepEqual(await listRuns(store), [{ ...run, ended_at: micros + 9, state: 'done' }]);

    const file = {
      ...{ run_id: 'r1', file: 'a.log', format: 'zeek_tsv', sha256: 'ab', bytes: 10, read: 4, stored: 1 },
      ...{ filtered: 1, duplicates: 1, rejected: 1, first_at: micros, last_at: null },
    };
    await saveFiles(store, [file], micros);
    assert.deepEqual(await listFiles(store, { run_id: 'r1' }), [file]);
    assert.deepEqual(await listFiles(store, { sha256: 'ab' }), [file]);
    assert.deepEqual(await listFiles(store, { sha256: 'cd' }), []);

    const rejects = new RejectWriter(store, 'r1');
    const reject = {
      file: 'a.log',
      line: 2,
      offset: 7,
      format: 'zeek conn',
      reason: 'not a port: 99999',
      excerpt: '\0"',
    };
    for (let i = 0; i < 20_001; i++) {
      rejects.write({ ...reject, line: i });
      if (rejects.busy) await rejects.ready();
    }
    await rejects.flush();
    assert.equal(rejects.stored, 20_001);
    assert.deepEqual(await listRejects(store, 'r1', 1), [{ ...reject, line: 0 }]);
    assert.deepEqual(await countRejects(store, 'r1'), [
      { format: 'zeek conn', reason: 'not a port: 99999', count: 20_001 },
    ]);

    const finding = {
      ...{ finding_id: 'f1', detector: 'scan', severity: 'high', stage: 'discovery', start_at: micros },
      ...{
        end_at: micros + 1,
        score: 0.5,
        p_value: 1e-9,
        risk_score: 77,
        entity: { src_ip: '10.0.0.1', dst_port: 445 },
      },
      summary: "it's 🦦",
    } as unknown as Finding;
    await saveFindings(store, 'r1', [finding], false, micros);
    await saveFindings(store, 'r1', [{ ...finding, summary: 'grown' }], true, micros + 1);
    assert.deepEqual(await listFindings(store, { run_id: 'r1', entity: '10.0.0.1' }), [
      { ...finding, summary: 'grown' },
    ]);
    assert.deepEqual(await listFindings(store, { shown: false }), []);
  });

  test('brings a store of layout 1 up to date, adds columns, and refuses what it cannot', async () => {
    await store.command('TRUNCATE TABLE schema_version');
    const options = { durable: false, retention_days: 30 };
    const older = {
      ...tables.dhcp,
      kind: 'older',
      columns: { time: tables.dhcp.columns.time },
    } as unknown as Table;
    const newer = { ...tables.dhcp, kind: 'older' } as unknown as Table;
    const second = {
      version: 2,
      name: 'second',
      statements: () => [
        'ALTER TABLE run ADD COLUMN IF NOT EXISTS note String',
        'CREATE TABLE IF NOT EXISTS more (a UInt8) ENGINE = Memory',
      ],
    };
    await migrate(store.connection, options, [start], [older]);
    await store.command(
      "INSERT INTO older (time, event_id, stored_at) VALUES ('2026-01-01 00:00:00', 5, now())",
    );
    await migrate(store.connection, options, [start, second], [newer]);
    await migrate(store.connection, options, [start, second], [newer]);
    assert.deepEqual(await store.query('SELECT note FROM run FINAL'), [{ note: '' }]);
    assert.deepEqual(await store.query('SELECT mac, messages, lease_s, event_id FROM older'), [
      { mac: '', messages: [], lease_s: null, event_id: 5 },
    ]);
    assert.deepEqual(await store.rows('SELECT version, name FROM schema_version ORDER BY version'), [
      [1, 'start'],
      [2, 'second'],
    ]);
    const unavailable = (words: RegExp) => (error: unknown) =>
      error instanceof WeirError && error.code === 'store_unavailable' && words.test(error.message);
    await assert.rejects(
      migrate(store.connection, options, [start], []),
      unavailable(/newer Weir \(layout 2/),
    );
    const clash = {
      ...newer,
      columns: { time: newer.columns.time, mac: { type: 'u8', nullable: false, doc: '' } },
    };
    await assert.rejects(
      migrate(store.connection, options, [start, second], [clash as Table]),
      unavailable(/older\.mac .* LowCardinality\(String\).* UInt8/),
    );
    await store.command(
      'ALTER TABLE schema_version DELETE WHERE version = 2',
      {},
      { settings: { mutations_sync: 1 } },
    );
  });

  test('deletes what is older than it should keep, and nothing when told to keep all', async () => {
    await applyRetention(store.connection, 1);
    await store.command(
      "INSERT INTO dhcp (time, event_id, file, stored_at) VALUES (now64(6), 1, 'old', now() - 40 * 86400), (now64(6), 2, 'new', now())",
    );
    await store.command('OPTIMIZE TABLE dhcp FINAL');
    const read = () => store.rows("SELECT file FROM dhcp WHERE file IN ('old', 'new') ORDER BY file");
    assert.deepEqual(await read(), [['new']]);
    await applyRetention(store.connection, null);
    const [row] = await store.rows<[string]>(
      "SELECT engine_full FROM system.tables WHERE name = 'dhcp' AND database = currentDatabase()",
    );
    assert.doesNotMatch(row?.[0] ?? '', /TTL/);
  });

  test('is gone from the disk when a temporary one is closed', async () => {
    const one = await openStore({ directory: null });
    const { directory, socket } = one.connection.engine ?? { directory: '', socket: '' };
    assert.ok(existsSync(directory) && existsSync(socket));
    await one.close();
    assert.ok(!existsSync(directory) && !existsSync(socket));
  });
});

test('no column of an event has the name of one that says where it came from', () => {
  const names = new Set(originColumns.map(({ name }) => name));
  for (const table of Object.values(tables)) {
    assert.deepEqual(
      Object.keys(table.columns).filter((name) => names.has(name)),
      [],
      table.kind,
    );
    assert.equal(new Set(columnsOf(table).map(({ name }) => name)).size, columnsOf(table).length);
  }
});

test('tables that are kept survive a power cut and drop repeated batches; the date of an event cannot split a batch', () => {
  const kept = { durable: true, retention_days: 90 };
  assert.match(tableSettings(kept), /fsync_after_insert = 1, fsync_part_directory = 1/);
  assert.doesNotMatch(tableSettings({ ...kept, durable: false }), /fsync/);
  const statements = [
    ...Object.values(tables).map((table) => createTable(table, kept)),
    ...start.statements({ settings: tableSettings(kept), ttl: (column) => ttl(column, kept) }),
  ];
  for (const sql of statements) {
    assert.match(sql, /non_replicated_deduplication_window = \d+/);
    assert.match(sql, /fsync_after_insert = 1/);
    assert.doesNotMatch(sql, /PARTITION BY (?!toMonday\(stored_at\))/);
  }
});
