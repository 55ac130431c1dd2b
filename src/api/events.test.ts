import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { now, type Serving, serving, watchState } from '../../test/serving.ts';
import { loadContent } from '../content/index.ts';
import { tables, type WeirEvent } from '../schema/event/index.ts';
import { openStore, type Store } from '../store/index.ts';
import { detectorRoutes } from './detectors.ts';
import { csvLine, eventRoutes, formatOf } from './events.ts';

let store: Store;
let server: Serving;
const detectors = loadContent().detectors;
const start = 1_764_000_000_000_000;
const told = 300;

before(async () => {
  store = await openStore({ directory: null });
  const writer = store.writer();
  const file = writer.input('conn.log', 'zeek_json');
  for (let i = 0; i < told; i++) {
    // Later ones are over earlier, and two each at the same instant.
    const duration_s = (told - Math.floor(i / 2) * 2) * 1.5;
    writer.write(connection(start + Math.floor(i / 2) * 1e6, duration_s, i), 7, i, file, i + 1, i * 10, '');
    if (writer.busy) await writer.ready();
  }
  await writer.flush();
  const state = { ...watchState, failed: [{ detector: detectors[1]!.id, file: '', why: 'no memory' }] };
  server = await serving(() => [
    eventRoutes(store),
    detectorRoutes(detectors, () => ({
      ...state,
      detectors: [{ detector: detectors[0]!.id, judged_until: now, judged: 40, findings: 1 }],
    })),
  ]);
});
after(async () => {
  await server.close();
  await store.close();
});

/** A connection with nothing in it but what is given. */
function connection(time: number, duration_s: number, i: number): WeirEvent {
  const zero = { time: 0, text: '', word: '', ip: '', u8: 0, u16: 0, u32: 0, u64: 0, f64: 0, bool: false };
  const empty = Object.entries(tables.connection.columns).map(([name, { type, nullable }]) => [
    name,
    nullable ? null : type === 'texts' ? [] : zero[type],
  ]);
  return {
    ...Object.fromEntries(empty),
    ...{ kind: 'connection', time, duration_s, src_ip: `10.0.0.${i % 3}`, dst_ip: '2001:db8::1' },
    dst_name: i % 2 === 0 ? '=cmd|"x"' : 'plain, with a comma',
  } as WeirEvent;
}

interface Page {
  readonly events: readonly {
    readonly told_at: number;
    readonly event_id: string;
    readonly src_ip: string;
  }[];
  readonly next: string | null;
}
const page = async (query: string): Promise<Page> => {
  const answer = await server.get(`/v1/events?${query}`);
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as Page;
};

test('pages follow each other by when events could be told, each event once', async () => {
  const all: Page['events'][number][] = [];
  for (let next: string | null = ''; next !== null; ) {
    const { events, next: behind }: Page = await page(
      `kind=connection&limit=37${next === '' ? '' : `&after=${next}`}`,
    );
    assert.ok(events.length <= 37);
    all.push(...events);
    next = behind;
  }
  assert.equal(all.length, told);
  assert.equal(new Set(all.map((one) => one.event_id)).size, told);
  assert.ok(
    all.every((one) => /^00000007[0-9a-f]{8}$/.test(one.event_id)),
    'an id has sixteen digits, also one that begins with zeros',
  );
  const order = all.map((one) => [one.told_at, one.event_id] as const);
  assert.deepEqual(
    order,
    order.toSorted(([a, x], [b, y]) => a - b || Number(BigInt(`0x${x}`) - BigInt(`0x${y}`))),
  );
  assert.ok(new Set(all.map((one) => one.told_at)).size < told, 'some are told at the same instant');
});

test('a time is one of telling, and addresses are compared as addresses, however they are written', async () => {
  const { events } = await page('kind=connection&limit=1000');
  const [from, to] = [events[100]!.told_at, events[200]!.told_at];
  const part = await page(`kind=connection&limit=1000&from=${from}&to=${to}`);
  assert.deepEqual(
    part.events,
    events.filter((one) => one.told_at >= from && one.told_at < to),
  );
  const of_one = await page('kind=connection&limit=1000&src_ip=10.0.0.1&dst_ip=2001:DB8:0:0::1');
  assert.equal(of_one.events.length, 100);
  assert.deepEqual([...new Set(of_one.events.map((one) => one.src_ip))], ['10.0.0.1']);
  assert.deepEqual(await page('kind=dns'), { events: [], next: null });
});

test('what was not meant as a value does not become a part of the statement', async () => {
  for (const wrong of [
    "kind=connection&src_ip=' OR 1=1 --",
    'kind=system.tables',
    "kind=connection&after=1.7' OR 1",
    'kind=connection&from=-1',
    'kind=connection&limit=0',
    'kind=connection&limit=5000',
  ]) {
    const answer = await server.get(`/v1/events?${new URLSearchParams(wrong)}`);
    assert.equal(answer.status, 400, wrong);
    assert.match(await answer.text(), /"request_invalid"/);
  }
});

test('an export of lines goes on where the one before ended', async () => {
  const lines = async (query: string, headers = {}): Promise<Record<string, unknown>[]> => {
    const answer = await server.get(`/v1/events?kind=connection&${query}`, headers);
    assert.match(answer.headers.get('content-type')!, /^application\/x-ndjson/);
    const text = await answer.text();
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  };
  const { events } = await page('kind=connection&limit=1000');
  assert.deepEqual(await lines('format=ndjson'), events);
  const first = await lines('limit=120', { accept: 'application/x-ndjson' });
  const { told_at, event_id } = first.at(-1)!;
  const rest = await lines(`format=ndjson&after=${told_at}.${event_id}`);
  assert.deepEqual([...first, ...rest], events);
});

test('an export as CSV holds no formula, and as many columns in each line', async () => {
  const answer = await server.get('/v1/events?kind=connection', { accept: 'text/csv, */*' });
  assert.match(answer.headers.get('content-type')!, /^text\/csv/);
  assert.equal(answer.headers.get('content-disposition'), 'attachment; filename="weir-connection.csv"');
  const rows = (await answer.text()).split('\r\n');
  assert.equal(rows.length, told + 2);
  const names = rows[0]!.split(',');
  assert.deepEqual(names.slice(0, 3), ['told_at', 'event_id', 'source']);
  const cells = [...rows[1]!.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)];
  assert.equal(cells.length, names.length);
  assert.ok(rows.some((row) => row.includes('"\'=cmd|""x"""')));
  assert.ok(!rows.some((row) => /(?:^|,)"?[=+@]/.test(row)));
});

test('a cell of CSV is what it was, or can be read as it', () => {
  const table: readonly [value: unknown, cell: string][] = [
    ['a', 'a'],
    ['a,b', '"a,b"'],
    ['a "b"', '"a ""b"""'],
    ['two\nlines', '"two\nlines"'],
    ['=1+1', "'=1+1"],
    ['-1', "'-1"],
    [-1, '-1'],
    [null, ''],
    [true, 'true'],
    [['a', 'b'], '"[""a"",""b""]"'],
  ];
  for (const [value, cell] of table) assert.equal(csvLine([value]), `${cell}\r\n`);
});

test('what is asked for goes by the first name that is known', () => {
  const table: readonly [accept: string | undefined, format: string][] = [
    [undefined, 'json'],
    ['*/*', 'json'],
    ['text/html, text/csv;q=0.9, application/json', 'csv'],
    ['application/NDJSON', 'ndjson'],
    ['application/json, text/csv', 'json'],
  ];
  for (const [accept, format] of table) assert.equal(formatOf(accept), format);
});

test('detectors are told with what they see and miss, and how far each has come', async () => {
  const answer = (await (await server.get('/v1/detectors')).json()) as {
    detectors: {
      id: string;
      sees: string;
      judged_until: number | null;
      judged: number;
      failed: string | null;
    }[];
  };
  assert.deepEqual(
    answer.detectors.map(({ id, sees }) => [id, sees]),
    detectors.map(({ id, sees }) => [id, sees]),
  );
  const [first, second, third] = answer.detectors;
  assert.deepEqual([first!.judged_until, first!.judged, first!.failed], [now, 40, null]);
  assert.deepEqual([second!.judged_until, second!.failed], [null, 'no memory']);
  assert.equal(third!.failed, null);
});
