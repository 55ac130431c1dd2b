import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fillFragments, readFragments } from '../src/content/fragments.ts';
import { loadContent } from '../src/content/index.ts';
import { openStore, type Store } from '../src/store/index.ts';

const file = new URL('../content/features/_fragments.yaml', import.meta.url).pathname;
const fragments = readFragments(file).data!;

/** What is asked of a row: the first record of all, the start of its window, and when each host first used the place. */
type Asked = readonly [begun: string, window_at: string, users_since: readonly string[]];
const morning = ['2026-01-05 09:00:00', '2026-01-05 09:10:00', '2026-01-05 23:50:00'];

const cases: readonly (readonly [title: string, asked: Asked, first_day: boolean, before: number])[] = [
  ['on the first day nothing is known', ['2026-01-05 00:00:05', '2026-01-05 10:00:00', morning], true, 0],
  [
    'on the second, what was used on the first',
    ['2026-01-05 00:00:05', '2026-01-06 00:00:00', morning],
    false,
    3,
  ],
  [
    'on the third, what was used a day before',
    ['2026-01-04 00:00:05', '2026-01-06 10:00:00', morning],
    false,
    2,
  ],
  [
    'what begins before noon has its first day until midnight',
    ['2026-01-05 08:00:00', '2026-01-06 00:00:00', morning],
    false,
    3,
  ],
  [
    'an hour before midnight is no day: the next morning is of the first',
    ['2026-01-04 23:00:00', '2026-01-05 10:00:00', morning],
    true,
    0,
  ],
  [
    'and the evening after it of the second',
    ['2026-01-04 23:00:00', '2026-01-05 23:00:00', morning],
    false,
    2,
  ],
];

describe('how many used a place before', () => {
  let store: Store;
  before(async () => {
    store = await openStore({ directory: null });
  });
  after(() => store.close());

  for (const [title, [begun, window_at, users], first_day, known] of cases)
    it(title, async () => {
      const sql = `SELECT toUInt8($(first_day)) AS first_day, $(users_before(users_since)) AS known
FROM (SELECT toDateTime({window_at:String}, 'UTC') AS window_at, arrayMap(at -> toDateTime64(at, 6, 'UTC'), {users:Array(String)}) AS users_since)`;
      const [row] = await store.query<{ first_day: number; known: number }>(
        fillFragments(sql, fragments, file),
        { begun, window_at, users },
      );
      assert.deepEqual([row!.first_day === 1, Number(row!.known)], [first_day, known]);
    });
});

describe('clients are hosts, however many ports or addresses of a place one of them calls', () => {
  for (const { id, sql, grain } of loadContent().features.values())
    for (const [, place] of sql.matchAll(/\bcount\(\) OVER \(PARTITION BY ([^)]*)\) AS clients\b/g))
      it(`${id} counts rows where a host has one row a place`, () =>
        assert.deepEqual(
          place!.split(', ').sort(),
          ['window_at', ...grain].filter((one) => one !== 'src_ip').sort(),
        ));
});
