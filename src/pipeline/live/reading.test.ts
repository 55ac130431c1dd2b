import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Delivery } from '../../collect/index.ts';
import { defaultLocalNetworks } from '../../enrich/index.ts';
import { residue } from '../../schema/ledger.ts';
import { openStore, type Store } from '../../store/index.ts';
import { clearEvents } from '../clear.ts';
import { LiveReading } from './reading.ts';

const now = Date.UTC(2026, 10, 28) * 1000;
const head = [
  '#separator \\x09',
  '#set_separator\t,',
  '#empty_field\t(empty)',
  '#unset_field\t-',
  '#path\tconn',
  '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\torig_bytes\tresp_bytes\tconn_state\thistory',
  '#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tinterval\tcount\tcount\tstring\tstring',
  '',
].join('\n');
const row = (n: number): string =>
  `${1_790_000_000 + n}.5\tC${n}\t10.0.0.1\t${1000 + n}\t192.0.2.1\t443\ttcp\t2.0\t10\t20\tSF\tShADadFf\n`;
const json = (n: number, ts = 1_790_000_000 + n): string =>
  `${JSON.stringify({ _path: 'conn', ts, uid: `J${n}`, 'id.orig_h': '10.0.0.2', 'id.orig_p': 2000 + n, 'id.resp_h': '192.0.2.2', 'id.resp_p': 443, proto: 'tcp', conn_state: 'SF' })}\n`;

const piece = (text: string, more: Partial<Delivery> = {}): Delivery => ({
  ...{ source: 'zeek', origin: 'conn.log', bytes: Buffer.from(text), offset: 0, line: 1 },
  ...{ received_at: now, position: null, ...more },
});

describe('pieces as they come', () => {
  let store: Store;
  before(async () => {
    store = await openStore({ directory: null });
  });
  after(() => store.close());
  beforeEach(() => clearEvents(store));

  const reading = (in_doubt?: ReadonlySet<string>): LiveReading =>
    new LiveReading(
      store,
      {
        ...{ local_networks: defaultLocalNetworks, keep_raw: false, run_id: 'test' },
        ...{ now: () => now, judged_until: () => 0 },
      },
      in_doubt,
    );
  const lines = async (): Promise<unknown[]> =>
    (
      await store.query<{ uid: string; line: number; offset: number }>(
        'SELECT uid, line, offset FROM connection ORDER BY uid',
      )
    ).map(({ uid, line, offset }) => [uid, Number(line), Number(offset)]);
  /** Takes pieces, stores them, and gives the account, which balances. */
  const taken = async (live: LiveReading, pieces: readonly Delivery[]) => {
    for (const one of pieces) await live.take(one);
    await live.flush();
    const [account] = live.ledgers();
    assert.equal(residue(account!.ledger), 0);
    return account!.ledger;
  };

  it('a file that is read on in its middle is read by its header, of which nothing is counted', async () => {
    const offset = head.length + row(0).length;
    const ledger = await taken(reading(), [
      piece(row(1), { head: Buffer.from(head), offset, line: 9 }),
      piece(row(2), { offset: offset + row(1).length, line: 10 }),
    ]);
    assert.deepEqual(await lines(), [
      ['C1', 9, offset],
      ['C2', 10, offset + row(1).length],
    ]);
    assert.deepEqual([ledger.read, ledger.stored, ledger.filtered.size], [2, 2, 0]);
  });

  it('a file that is followed by another of its name is read anew', async () => {
    const ledger = await taken(reading(), [
      piece(head + row(1)),
      piece('', { offset: (head + row(1)).length, ended: true }),
      piece(head + row(2), { head: Buffer.alloc(0) }),
    ]);
    assert.deepEqual(
      (await lines()).map((one) => (one as unknown[])[0]),
      ['C1', 'C2'],
    );
    assert.equal(ledger.stored, 2);
  });

  it('lines of a kind that is not known are rejected one by one, each with its reason', async () => {
    const ledger = await taken(reading(), [piece('hello\nworld\n', { origin: 'notes.txt' })]);
    assert.deepEqual([...ledger.rejected], [['text of a kind that is not known', 2]]);
    const rows = await store.query<{ line: number }>(
      "SELECT line FROM reject WHERE run_id = 'test' ORDER BY line",
    );
    assert.deepEqual(
      rows.map((one) => Number(one.line)),
      [1, 2],
    );
  });

  it('a record from the future is rejected and costs no other', async () => {
    const later = now / 1e6 + 30 * 86_400;
    const live = reading();
    const ledger = await taken(live, [piece(json(1) + json(2, later) + json(3), { origin: 'http zeek' })]);
    assert.deepEqual([ledger.stored, [...ledger.rejected]], [2, [['time is in the future', 1]]]);
    assert.equal(live.told()[0]!.newest, 1_790_000_003e6);
  });

  it('what was stored just before a crash and comes again is dropped, once', async () => {
    await taken(reading(), [piece(json(1), { origin: 'a' })]);
    const [{ hi, lo } = { hi: 0, lo: 0 }] = await store.query<{ hi: number; lo: number }>(
      'SELECT toUInt32(bitShiftRight(event_id, 32)) AS hi, toUInt32(bitAnd(event_id, 4294967295)) AS lo FROM connection',
    );
    const ledger = await taken(reading(new Set([`${hi} ${lo}`])), [
      piece(json(1) + json(2), { origin: 'a' }),
    ]);
    assert.deepEqual([ledger.stored, [...ledger.duplicates]], [1, [['stored before a restart', 1]]]);
  });

  it('a source is at its end when all of its origins are', async () => {
    const live = reading();
    await live.take(piece(json(1), { origin: 'a', ended: true }));
    assert.equal(live.told()[0]!.ended, true);
    await live.take(piece(json(2), { origin: 'b' }));
    assert.equal(live.told()[0]!.ended, false);
    await live.take(piece('', { origin: 'b', offset: json(2).length, ended: true }));
    assert.equal(live.told()[0]!.ended, true);
  });
});
