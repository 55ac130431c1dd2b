import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ErrorCode, WeirError } from '../base/error.ts';
import { loadContent } from '../content/index.ts';
import { type Rollup, rollupsIn, rollupTable } from '../schema/rollup.ts';
import { openStore, type Store } from '../store/index.ts';
import { Past } from './past.ts';
import { play } from './try.ts';

describe('what statements ask of all the past', () => {
  let store: Store;
  const content = loadContent();
  before(async () => {
    store = await openStore({ directory: null });
    await play(store, content, { scenario: 'office', hosts: 4, days: 1 });
  });
  after(() => store.close());

  const counted: Rollup = {
    id: 'counted',
    about: '',
    key: ['n'],
    reads: ['connection'],
    sql: 'SELECT count() AS n FROM connection',
    sql_without_proxy: 'SELECT count() AS n FROM connection',
    file: '',
  };
  const rows = async (): Promise<number> => {
    const [row] = await store.query<{ n: number }>('SELECT n FROM rollup_counted');
    return row!.n;
  };

  it('every roll-up has one row a key, with the instants that the events have', async () => {
    const past = new Past(store, content.rollups);
    for (const { id, key } of content.rollups.values()) {
      const table = rollupTable(id);
      await past.fillFor(`SELECT * FROM ${table}`);
      const [counts] = await store.query<{ rows: number; keys: number }>(
        `SELECT count() AS rows, uniqExact((${key.join(', ')}, 1)) AS keys FROM ${table}`,
      );
      assert.equal(counts!.rows, counts!.keys, id);
    }
    const [pairs] = await store.query<object>(
      'SELECT count() AS n, min(first_at) AS first, minIf(answered_at, answered_at != toDateTime64(0, 6)) AS answered FROM rollup_pairs',
    );
    const [events] = await store.query<object>(
      "SELECT uniqExact(src_ip, dst_ip, dst_port, transport, direction) AS n, min(told_at) AS first, minIf(told_at, outcome = 'answered') AS answered FROM connection",
    );
    assert.deepEqual(pairs, events);
  });

  it('figures of roll-ups are least, greatest and counts, so that those of two batches of events can be merged', () => {
    for (const { id, sql } of content.rollups.values())
      assert.doesNotMatch(sql, /\b(uniq|sum|avg|any|arg|median|quantile|top)[A-Za-z]*\(/, id);
  });

  it('is filled once, for all statements that name it, and anew by the next run', async () => {
    const rollups = new Map([['counted', counted]]);
    const past = new Past(store, rollups);
    await past.fillFor('SELECT n FROM rollup_counted');
    const before = await rows();
    await play(store, content, { scenario: 'office', hosts: 6, days: 1 });
    await past.fillFor('SELECT n FROM rollup_counted AS again');
    assert.equal(await rows(), before);
    await new Past(store, rollups).fillFor('SELECT n FROM rollup_counted');
    assert.ok((await rows()) > before);
  });

  it('counts the events of several tables by the hour, up to an instant', async () => {
    const past = new Past(store, content.rollups);
    const { hours, all } = await past.held(['connection', 'dns'], Number.POSITIVE_INFINITY);
    const total = hours.reduce((sum, one) => sum + one.events, 0);
    const [row] = await store.query<{ n: number }>(
      'SELECT (SELECT count() FROM connection) + (SELECT count() FROM dns) AS n',
    );
    assert.equal(total, row!.n);
    const half = await past.held(['connection', 'dns'], (all.from + all.to) / 2);
    assert.ok(half.hours.length < hours.length && half.hours.length > 0);
    assert.deepEqual(await past.held(['ftp'], 0), { hours: [], all: { from: 0, to: 0 } });
  });

  it('what the engine did not answer is asked again', async () => {
    const dying = failing(store, 'store_unavailable', 2);
    const past = new Past(dying, content.rollups);
    await assert.rejects(past.held(['connection'], 2e15), { code: 'store_unavailable' });
    await assert.rejects(past.proxied(), { code: 'store_unavailable' });
    assert.ok((await past.held(['connection'], 2e15)).hours.length > 0);
    assert.equal(await past.proxied(), false);
  });

  it('what the engine has not the memory for is filled with what it has on disk', async () => {
    const past = new Past(failing(store, 'store_memory', 1, 'INSERT'), new Map([['counted', counted]]));
    await past.fillFor('SELECT n FROM rollup_counted');
    assert.ok((await rows()) > 0);
  });

  it('a name is that of a roll-up only as a whole word', () => {
    assert.deepEqual(rollupsIn('FROM rollup_pairs AS a JOIN rollup_names, rollup_pairs WHERE my_rollup_x'), [
      'pairs',
      'names',
    ]);
  });
});

/** The store, which fails so many times to do what begins with a word. */
function failing(store: Store, code: ErrorCode, fails: number, begins = ''): Store {
  let failed = 0;
  return new Proxy(store, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name, of);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        if (!String(given[0]).startsWith(begins) || failed++ >= fails) return Reflect.apply(value, of, given);
        return Promise.reject(new WeirError(code, 'as asked'));
      };
    },
  });
}
