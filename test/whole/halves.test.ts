import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { oneSideOf } from '../../src/scenarios/harmless/one-sided.ts';
import { scenario } from '../../src/scenarios/index.ts';
import type { WeirEvent } from '../../src/schema/event/index.ts';
import { total } from '../../src/schema/ledger.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { linesOf, monday, run, smallOffice, temporaryFolder } from './run-analyze.ts';

/** Two sensors, each of which sees one direction of the same traffic. */

let store: Store;
const folder = temporaryFolder();
before(async () => {
  store = await openStore({ directory: null });
});
after(async () => {
  await store.close();
  folder.remove();
});

const connections = smallOffice().filter((event) => event.kind === 'connection');
/** Answers begin 20 ms after what they answer. */
const seenFrom = (end: 'src' | 'dst'): WeirEvent[] =>
  connections
    .map((event) => oneSideOf(event, end))
    .filter((event) => event !== null)
    .map((event) => ({
      ...event,
      uid: `${event.uid}${end}`,
      time: event.time + (end === 'dst' ? 20_000 : 0),
    }));

const write = (name: string, events: readonly WeirEvent[]): string =>
  folder.write(`${name}/conn.log`, `${linesOf(events).join('\n')}\n`);

const figures = `SELECT count() AS n, countIf(outcome = 'answered') AS answered, countIf(outcome = 'refused') AS refused,
  countIf(outcome = 'one_sided') AS one_sided, sum(src_packets) AS src_packets, sum(dst_packets) AS dst_packets,
  sum(src_bytes) AS src_bytes, sum(dst_bytes) AS dst_bytes FROM connection`;

test('two sensors of one direction each tell what one of both tells, in whatever order they are read', async () => {
  const whole = await run(store, [write('whole', connections)]);
  const [seen] = await store.query(figures);
  const told = (of: typeof whole): unknown[] =>
    of.findings.map(({ detector, entity, severity }) => [detector, entity, severity]);
  assert.ok(whole.findings.length > 0);
  const sent = seenFrom('src');
  const received = seenFrom('dst');
  for (const [name, first, second] of [
    ['asked first', sent, received],
    ['answered first', received, sent],
  ] as const) {
    const both = await run(store, [write(`${name}-1`, first), write(`${name}-2`, second)]);
    const [put_together] = await store.query(figures);
    assert.deepEqual(put_together, seen, name);
    assert.deepEqual(told(both), told(whole), name);
    assert.deepEqual(both.vantage, []);
    for (const { ledger } of both.inputs)
      assert.equal(ledger.read, ledger.stored + total(ledger.duplicates) + total(ledger.filtered));
  }
  assert.deepEqual(await store.query("SELECT name FROM system.tables WHERE name LIKE '%half'"), []);
});

test('of a sensor that sees half and one that sees all, what sees all is believed, in whatever order', async () => {
  const half = seenFrom('src');
  for (const [first, second] of [
    [half, connections],
    [connections, half],
  ] as const) {
    await run(store, [write('a', first), write('b', second)], { detectors: ['ids_alert'] });
    const [row] = await store.query<{ n: number; received: number }>(
      'SELECT toUInt32(count()) AS n, toUInt32(sum(dst_packets)) AS received FROM connection',
    );
    assert.equal(row!.n, connections.length);
    assert.equal(
      row!.received,
      connections.reduce((sum, one) => sum + one.dst_packets, 0),
    );
  }
});

for (const sees of ['sent', 'received'] as const)
  test(`the first hour of a network of which only what it ${sees} is seen: nothing is told of answers and durations`, async () => {
    const day = [
      ...scenario('one_sided', { hosts: 12, days: 1, inside: true, sees }, { seed: 7, start: monday }),
    ];
    const first = day.filter(
      (event) => event.time >= monday + 8 * 3600e6 && event.time < monday + 9 * 3600e6,
    );
    const lines = linesOf(first).filter((line) => line !== '');
    const { findings } = await run(store, [folder.write(`hour-${sees}/conn.log`, `${lines.join('\n')}\n`)]);
    assert.deepEqual(
      findings
        .filter((one) => /scan|sweep|dead|flood|silent|long|brute|spray|unusual/.test(one.detector))
        .map((one) => one.summary),
      [],
    );
  });

test('how long a connection was is not judged by what one direction shows of it', async () => {
  const whole = [...scenario('long_connection', { hours: 14 }, { seed: 3, start: monday })];
  const told = async (name: string, events: readonly WeirEvent[]): Promise<string[]> =>
    (await run(store, [write(name, events)], { detectors: ['long_connection'] })).findings.map(
      (one) => one.detector,
    );
  const all = whole.filter((event) => event.kind === 'connection');
  const halves = all.map((event) => oneSideOf(event, 'src')).filter((event) => event !== null);
  assert.deepEqual(await told('long-whole', all), ['long_connection']);
  assert.deepEqual(await told('long-half', halves), []);
});

test('what came back is not said to be nothing where answers are not seen', async () => {
  const sent = [...scenario('exfil', {}, { seed: 3, start: monday })].filter(
    (event) => event.kind === 'connection',
  );
  const halves = sent.map((event) => oneSideOf(event, 'src')).filter((event) => event !== null);
  const said = async (name: string, events: readonly WeirEvent[]): Promise<string> => {
    const { findings } = await run(store, [write(name, events)], { detectors: ['upload_volume'] });
    return findings[0]?.summary ?? '';
  };
  assert.match(await said('upload-whole', sent), /outside \(received \d.*\), \d+ % of it to/);
  assert.match(await said('upload-half', halves), /outside, \d+ % of it to/);
});
