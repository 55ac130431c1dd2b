import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { now, overEach } from '../../../test/control-place.ts';
import { appendAudit, type Control, listAudit, verifyAudit } from './index.ts';

const did = (n: number) => ({ actor: 'anna', action: 'revoke', subject: `token ${n}`, detail: { n } });

overEach('the audit', (stores) => {
  const fill = async (control: Control, entries: number) => {
    for (let n = 1; n <= entries; n++) await appendAudit(control, did(n), now + n);
  };

  test('each entry carries the hash of the one before, and all of it can be checked', async () => {
    const control = await stores.open();
    assert.deepEqual(await verifyAudit(control), { entries: 0, head: '', broken: null });
    const first = await appendAudit(control, did(1), now);
    const second = await appendAudit(control, did(2), now);
    assert.deepEqual([first.before, second.before], ['', first.hash]);
    assert.deepEqual(await listAudit(control), [first, second]);
    assert.deepEqual(await listAudit(control, 1), [second]);
    assert.deepEqual(await verifyAudit(control), { entries: 2, head: second.hash, broken: null });
  });

  test('an entry of a transaction that was given up leaves no gap', async () => {
    const control = await stores.open();
    await fill(control, 1);
    await assert.rejects(
      control.transaction(async (transaction) => {
        await appendAudit(transaction, did(2), now);
        throw new Error('no');
      }),
    );
    await fill(control, 1);
    assert.deepEqual((await verifyAudit(control)).broken, null);
    assert.equal((await listAudit(control)).length, 2);
  });

  const tampering: readonly (readonly [string, string[], number, string])[] = [
    ['an actor changed', [`UPDATE audit SET actor = 'eve' WHERE sequence = 3`], 3, 'it was changed'],
    ['a time changed', ['UPDATE audit SET at = at + 1 WHERE sequence = 5'], 5, 'it was changed'],
    ['a detail changed', [`UPDATE audit SET detail = '{"n":9}' WHERE sequence = 2`], 2, 'it was changed'],
    ['a detail that is no JSON', [`UPDATE audit SET detail = '{' WHERE sequence = 2`], 2, 'it was changed'],
    ['a hash changed', [`UPDATE audit SET hash = 'x' WHERE sequence = 5`], 5, 'it was changed'],
    ['one taken out', ['DELETE FROM audit WHERE sequence = 3'], 3, 'it is missing'],
    ['the first taken out', ['DELETE FROM audit WHERE sequence = 1'], 1, 'it is missing'],
    ['the end cut off', ['DELETE FROM audit WHERE sequence >= 4'], 4, 'it is missing'],
    ['all taken out', ['DELETE FROM audit'], 1, 'it is missing'],
    [
      'one taken out and those after it renumbered',
      [
        'DELETE FROM audit WHERE sequence = 3',
        'UPDATE audit SET sequence = 3 WHERE sequence = 4',
        'UPDATE audit SET sequence = 4 WHERE sequence = 5',
        `UPDATE counter SET value = 4 WHERE name = 'audit'`,
      ],
      3,
      'it does not follow the one before',
    ],
  ];
  for (const [what, statements, sequence, because] of tampering)
    test(`${what} is found, and the first such entry named`, async () => {
      const place = stores.place();
      const control = await stores.open(place);
      await fill(control, 5);
      await stores.outside(place, ...statements);
      assert.deepEqual((await verifyAudit(control)).broken, { sequence, because });
    });

  test('whatever is noted can be checked', async () => {
    const control = await stores.open();
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    const odd = fc.oneof(text, fc.constantFrom('\0', 'a\ud800', ''));
    await fc.assert(
      fc.asyncProperty(odd, odd, odd, fc.jsonValue(), async (actor, action, subject, detail) => {
        const json = JSON.parse(JSON.stringify(detail));
        const entry = await appendAudit(control, { actor, action, subject, detail: json }, now);
        assert.deepEqual((await listAudit(control, entry.sequence - 1))[0], entry);
      }),
      { numRuns: stores.kind === 'SQLite' ? 100 : 25 },
    );
    assert.equal((await verifyAudit(control)).broken, null);
  });

  test('more entries than are read at once are all looked at', async () => {
    const place = stores.place();
    const control = await stores.open(place);
    await control.transaction(async (transaction) => {
      for (let n = 1; n <= 2100; n++) await appendAudit(transaction, did(n), now + n);
    });
    assert.equal((await verifyAudit(control)).entries, 2100);
    await stores.outside(place, 'UPDATE audit SET at = 0 WHERE sequence = 2050');
    assert.equal((await verifyAudit(control)).broken?.sequence, 2050);
  });
});
