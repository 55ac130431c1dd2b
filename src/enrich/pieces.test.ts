import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { Connection } from '../schema/event/connection.ts';
import { createPieces } from './pieces.ts';

function connection(uid: string, duration_s: number, src_bytes: number): Connection {
  return {
    kind: 'connection',
    time: 1e15,
    uid,
    src_ip: '10.0.0.1',
    src_port: 1000,
    dst_ip: '192.0.2.1',
    dst_port: 443,
    transport: 'tcp',
    service: 'ssl',
    duration_s,
    src_bytes,
    dst_bytes: 0,
    src_packets: 1,
    dst_packets: 1,
    src_ip_bytes: src_bytes,
    dst_ip_bytes: 0,
    missed_bytes: 0,
    conn_state: 'S1',
    history: 'ShAD',
    community_id: '',
  } as Connection;
}

interface Told {
  readonly of: Connection;
  readonly whole: boolean;
}

/** uid → what it was given out with; how many records were dropped; how many went their own way. */
function play(records: readonly Told[], most_held = 1000) {
  const given: Connection[] = [];
  let dropped = 0;
  const pieces = createPieces<null>({
    given: ({ event }) => given.push(event),
    dropped: () => dropped++,
    most_held,
  });
  for (const { of, whole } of records) if (!pieces.take({ ...of }, whole, null)) given.push(of);
  pieces.end();
  return { given, dropped };
}

const growing = [1, 2, 3, 4].map((n) => ({ of: connection('C1', 1200 * n, 1000 * n), whole: false }));
const last = { of: connection('C1', 6000, 5000), whole: true };

test('a connection told in pieces counts once, with its last figures, in whatever order its records come', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...growing, last], { minLength: 1 }), (records) => {
      const { given, dropped } = play(records);
      const most = Math.max(...records.map(({ of }) => of.duration_s!));
      assert.deepEqual(
        given.map((one) => [one.uid, one.duration_s]),
        [['C1', most]],
      );
      assert.equal(dropped, records.length - 1);
    }),
  );
});

test('short connections go their way, and one that is still open at the end is kept', () => {
  const short = { of: connection('C2', 5, 10), whole: true };
  const { given, dropped } = play([short, ...growing]);
  assert.deepEqual(
    given.map((one) => [one.uid, one.src_bytes]),
    [
      ['C2', 10],
      ['C1', 4000],
    ],
  );
  assert.equal(dropped, 3);
});

test('the end of a short connection that was told while it was open is known for the same', () => {
  const open = { of: connection('C3', 3, 10), whole: false };
  const closed = { of: connection('C3', 8, 20), whole: true };
  assert.deepEqual(
    play([open, closed]).given.map((one) => one.src_bytes),
    [20],
  );
});

test('the same uid between other hosts is another connection', () => {
  const other = { of: { ...last.of, dst_ip: '192.0.2.2' }, whole: true };
  assert.equal(play([last, other]).given.length, 2);
});

test('when there is no room the one held longest is given out, and counts once all the same', () => {
  const all = Array.from({ length: 10 }, (_, n) => ({ of: connection(`C${n}`, 700, 10), whole: false }));
  const { given, dropped } = play([...all, ...all], 3);
  assert.equal(given.length, 10);
  assert.equal(dropped, 10);
});

test('what is held keeps nothing of the text that it was cut out of', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const given: string[] = [];
  const pieces = createPieces<null>({ given: ({ event }) => given.push(event.uid), dropped: () => {} });
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 500; i++) {
    const text = `CConnection${String(i).padStart(9, '0')} ${'x'.repeat(64_000)}`;
    pieces.take(connection(Buffer.from(text).toString().slice(0, 20), 900, i), true, null);
  }
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  pieces.end();
  assert.equal(given.length, 500);
  assert.ok(grown < 8e6, `500 connections hold ${(grown / 1e6).toFixed(0)} MB; their texts had 32 MB`);
});

test('as a sensor writes them, the record at the end is given at once, and pieces before and after it are dropped', () => {
  const out: string[] = [];
  const pieces = createPieces<string>({
    given: ({ from }) => out.push(`given ${from}`),
    dropped: (from) => out.push(`dropped ${from}`),
    as_written: true,
  });
  const take = (one: Told, from: string): void => {
    if (!pieces.take({ ...one.of }, one.whole, from)) out.push(`passed ${from}`);
  };
  take(growing[0]!, 'first piece');
  take({ of: connection('C2', 1, 10), whole: true }, 'a short one');
  take(growing[1]!, 'second piece');
  take(last, 'whole');
  take(growing[2]!, 'late piece');
  take({ of: connection('C3', 900, 10), whole: false }, 'open at the end');
  pieces.end();
  assert.deepEqual(out, [
    'passed a short one',
    'dropped first piece',
    'dropped second piece',
    'passed whole',
    'dropped late piece',
    'given open at the end',
  ]);
});
