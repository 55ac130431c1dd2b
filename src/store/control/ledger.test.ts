import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { overEach } from '../../../test/control-place.ts';
import { type LedgerAddition, type LedgerRow, outcomes } from '../../schema/control/ledger-row.ts';
import {
  addToLedger,
  ledgerResidues,
  listLedger,
  residuesOf,
  rollLedger,
  savePositions,
  saveSource,
  sumLedger,
} from './index.ts';

const minute = 60e6;
const hour = 3600e6;
const day = 24 * hour;
const noon = 1_764_331_200e6;

const reasons = fc.dictionary(
  fc.constantFrom('duplicate', 'not an address', '__proto__', 'constructor', 'zero \0', 'half \ud800', 'Ü'),
  fc.nat(1000),
  { maxKeys: 3 },
);
const addition: fc.Arbitrary<LedgerAddition> = fc.record(
  {
    source: fc.constantFrom('office', 'branch'),
    at: fc.integer({ min: 0, max: 3 * minute - 1 }).map((after) => noon + after),
    received: fc.nat(1_000_000),
    stored: fc.nat(1_000_000),
    filtered: reasons,
    duplicates: reasons,
    rejected: reasons,
    dropped: reasons,
  },
  { requiredKeys: ['source', 'at'] },
);

overEach('the ledger', (stores) => {
  test('additions in any cut and order give the same sums', async () => {
    const control = await stores.open();
    const empty = () => control.transaction(({ db }) => db.deleteFrom('ledger').execute());
    await fc.assert(
      fc.asyncProperty(
        fc.array(addition, { maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        async (additions, random) => {
          await empty();
          await addToLedger(control, additions);
          const whole = await listLedger(control);
          await empty();
          const shuffled = additions
            .map((one) => [random.next().value, one] as const)
            .sort(([a], [b]) => a - b)
            .map(([, one]) => one);
          while (shuffled.length > 0)
            await addToLedger(control, shuffled.splice(0, 1 + (random.next().value % 3)));
          assert.deepEqual(await listLedger(control), whole);
          for (const row of whole) {
            const of = additions.filter(
              (one) => one.source === row.source && Math.floor(one.at / minute) * minute === row.at,
            );
            const sum = (values: (one: LedgerAddition) => readonly number[]) =>
              of.flatMap(values).reduce((a, b) => a + b, 0);
            assert.equal(
              row.received,
              sum((one) => [one.received ?? 0]),
            );
            assert.equal(
              row.stored,
              sum((one) => [one.stored ?? 0]),
            );
            for (const outcome of outcomes)
              assert.equal(
                row[outcome],
                sum((one) => Object.values(one[outcome] ?? {})),
              );
          }
        },
      ),
      { numRuns: stores.kind === 'SQLite' ? 50 : 20 },
    );
  });

  test('is kept together with the position that it leads to, or neither is', async () => {
    const control = await stores.open();
    await saveSource(control, { id: 'office', kind: 'files', settings: {} }, noon);
    const both = (source: string) =>
      control.transaction(async (transaction) => {
        await addToLedger(transaction, [{ source, at: noon, received: 5, stored: 5 }]);
        await savePositions(transaction, source, [{ key: 'a', value: 5 }], noon);
      });
    await both('office');
    await assert.rejects(both('nobody'));
    assert.deepEqual(
      (await listLedger(control)).map(({ source, received }) => [source, received]),
      [['office', 5]],
    );
  });

  test('reasons are bounded in number and length; their sums are not', async () => {
    const control = await stores.open();
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`reason ${n}`, 2]));
    await addToLedger(control, [
      { source: 'a', at: noon, received: 161, rejected: { ...many, ['x'.repeat(5000)]: 1 } },
    ]);
    const [row] = await listLedger(control);
    assert.equal(row?.rejected, 161);
    assert.equal(Object.keys(row?.reasons.rejected ?? {}).length, 51);
    assert.equal(row?.reasons.rejected['other reasons'], 61);
    assert.deepEqual(await ledgerResidues(control, []), []);
  });

  test('an account that does not come to zero is named, once what is in flight is taken off', async () => {
    const control = await stores.open();
    await addToLedger(control, [
      { source: 'a', at: noon, received: 10, stored: 6, filtered: { x: 1 }, duplicates: { x: 1 } },
      { source: 'a', at: noon + minute, received: 10, stored: 10 },
      { source: 'b', at: noon, received: 3, rejected: { x: 1 }, dropped: { x: 1 } },
    ]);
    assert.deepEqual(await ledgerResidues(control, []), [
      { source: 'a', at: noon, span: 'minute', residue: 2 },
      { source: 'b', at: noon, span: 'minute', residue: 1 },
    ]);
    const in_flight = [
      { source: 'a', at: noon + 59e6, records: 2 },
      { source: 'b', at: noon, records: 1 },
    ];
    assert.deepEqual(await ledgerResidues(control, in_flight), []);
    assert.deepEqual(await ledgerResidues(control, [...in_flight, { source: 'c', at: noon, records: 4 }]), [
      { source: 'c', at: noon, span: 'minute', residue: -4 },
    ]);
  });

  test('minutes of a week ago become hours with the same sums, and hours of 400 days ago are forgotten', async () => {
    const control = await stores.open();
    const every = (at: number): LedgerAddition => ({
      ...{ source: 'a', at, received: 3, stored: 1 },
      ...{ filtered: { header: 1 }, rejected: { [`at ${at % (5 * minute)}`]: 1 } },
    });
    const times = Array.from({ length: 3000 }, (_, n) => noon + n * minute);
    for (let at = 0; at < times.length; at += 500)
      await addToLedger(control, times.slice(at, at + 500).map(every));
    const before = await sumLedger(control, 0, noon + day * 10);
    assert.deepEqual(before, [
      {
        source: 'a',
        received: 9000,
        stored: 3000,
        filtered: 3000,
        duplicates: 0,
        rejected: 3000,
        dropped: 0,
      },
    ]);
    const now = noon + 7 * day + 45 * hour + minute;
    assert.deepEqual(await rollLedger(control, now), { rolled: 2700, forgotten: 0 });
    assert.deepEqual(await rollLedger(control, now), { rolled: 0, forgotten: 0 });
    // A minute that came late is put to its hour as well.
    await addToLedger(control, [every(noon)]);
    assert.deepEqual(await rollLedger(control, now), { rolled: 1, forgotten: 0 });
    assert.deepEqual(await sumLedger(control, 0, noon + day * 10), [
      {
        source: 'a',
        received: 9003,
        stored: 3001,
        filtered: 3001,
        duplicates: 0,
        rejected: 3001,
        dropped: 0,
      },
    ]);
    const rows = await listLedger(control, { limit: 10_000 });
    const spans = (span: LedgerRow['span']) => rows.filter((row) => row.span === span);
    assert.deepEqual([spans('hour').length, spans('minute').length], [45, 300]);
    assert.deepEqual(rows.at(-1), {
      ...{ source: 'a', span: 'hour', at: noon, received: 183, stored: 61, filtered: 61, duplicates: 0 },
      ...{ rejected: 61, dropped: 0 },
      reasons: {
        ...{ filtered: { header: 61 }, duplicates: {}, dropped: {} },
        rejected: {
          'at 0': 13,
          'at 60000000': 12,
          'at 120000000': 12,
          'at 180000000': 12,
          'at 240000000': 12,
        },
      },
    });
    assert.deepEqual(await rollLedger(control, noon + 400 * day + hour + 1), { rolled: 300, forgotten: 2 });
  });
});

test('what is in flight is taken off the minute it came in', () => {
  const open = [
    { source: 'a', at: noon, span: 'minute' as const, residue: 2 },
    { source: 'a', at: noon, span: 'hour' as const, residue: 5 },
  ];
  assert.deepEqual(residuesOf(open, [{ source: 'a', at: noon + 1, records: 2 }]), [open[1]]);
  assert.deepEqual(residuesOf([], [{ source: 'a', at: noon + 1, records: 0 }]), []);
});
