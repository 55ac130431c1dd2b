import assert from 'node:assert/strict';
import { test } from 'node:test';
import { now, overEach } from '../../../test/control-place.ts';
import { WeirError } from '../../base/error.ts';
import {
  batchesStored,
  beginBatch,
  createToken,
  findSetting,
  findSnapshot,
  forgetDetector,
  listBatches,
  listPositions,
  listProgress,
  listSnapshots,
  listSources,
  listSteps,
  listTokens,
  packState,
  pruneBatches,
  removePositions,
  removeSetting,
  revokeToken,
  savePositions,
  saveProgress,
  saveSetting,
  saveSnapshot,
  saveSource,
  saveStep,
  setBatchAside,
  setSourceState,
  unpackState,
  useToken,
} from './index.ts';

const minute = 60e6;
const day = 24 * 3600e6;
const failed = (words: RegExp) => (error: unknown) =>
  error instanceof WeirError && error.code === 'store_failed' && words.test(error.message);

overEach('sources and positions', (stores) => {
  const office = { id: 'office', kind: 'files', settings: { path: '/logs' } };

  test('a source keeps that it is paused when its entry changes, and begins again when it was removed', async () => {
    const control = await stores.open();
    await saveSource(control, office, now);
    assert.equal(await setSourceState(control, 'office', 'paused', now + 1), true);
    await saveSource(control, { ...office, settings: { path: '/other' } }, now + 2);
    const [paused] = await listSources(control);
    assert.deepEqual(paused, {
      ...{ ...office, settings: { path: '/other' }, state: 'paused' },
      ...{ created_at: now, changed_at: now + 2 },
    });
    await setSourceState(control, 'office', 'removed', now + 3);
    await saveSource(control, office, now + 4);
    assert.equal((await listSources(control))[0]?.state, 'running');
    assert.equal(await setSourceState(control, 'nobody', 'paused', now), false);
  });

  test('many positions are saved at once, the last of a key holds, and they go with their source', async () => {
    const control = await stores.open();
    await saveSource(control, office, now);
    const key = (n: number) => String(n).padStart(5, '0');
    const many = Array.from({ length: 1234 }, (_, n) => ({ key: key(n), value: { offset: n } }));
    await savePositions(control, 'office', [...many, { key: key(7), value: { offset: 700 } }], now);
    await savePositions(control, 'office', [{ key: key(8), value: [800, null, 'x'] }], now + 1);
    const have = await listPositions(control, 'office');
    assert.equal(have.length, 1234);
    assert.deepEqual(have.slice(6, 9), [
      { key: key(6), value: { offset: 6 } },
      { key: key(7), value: { offset: 700 } },
      { key: key(8), value: [800, null, 'x'] },
    ]);
    await removePositions(control, 'office', [key(6), key(7)]);
    const gone = [8, 9, 9999].map((n) => ({ key: key(n), value: null }));
    await savePositions(control, 'office', [...gone, { key: key(9), value: 9 }], now);
    assert.deepEqual((await listPositions(control, 'office')).slice(6, 8), [
      { key: key(9), value: 9 },
      { key: key(10), value: { offset: 10 } },
    ]);
    assert.equal((await listPositions(control, 'office')).length, 1231);
    await setSourceState(control, 'office', 'removed', now);
    assert.deepEqual(await listPositions(control, 'office'), []);
  });

  test('a position of a source that is not there, and one without an end, are refused', async () => {
    const control = await stores.open();
    await assert.rejects(savePositions(control, 'nobody', [{ key: 'a', value: 1 }], now), failed(/refused/));
    await saveSource(control, office, now);
    const long = { key: 'a', value: 'x'.repeat(70_000) };
    await assert.rejects(
      savePositions(control, 'office', [long], now),
      failed(/^Position a of source office has 70,002 characters, and the control store keeps 65,536$/),
    );
  });
});

overEach('batches', (stores) => {
  const batch = (id: string, token = `t${id}`) => ({
    ...{ batch_id: id, source: 'office', token },
    ...{ covers: { from: 1, to: 2 }, counts: { connection: 3 } },
  });

  test('those in flight after a start are in doubt; one that is stored or set aside stays that', async () => {
    const control = await stores.open();
    for (const id of ['a', 'b', 'c']) assert.equal(await beginBatch(control, batch(id), now), 'in_flight');
    await batchesStored(control, ['a', 'not there'], now + 1);
    await setBatchAside(control, 'b', 'the store refuses it', now + 1);
    assert.deepEqual(await listBatches(control, 'in_flight'), [
      { ...batch('c'), state: 'in_flight', reason: null, created_at: now, changed_at: now },
    ]);
    assert.equal(await beginBatch(control, batch('a'), now + 2), 'stored');
    assert.equal(await beginBatch(control, batch('b'), now + 2), 'set_aside');
    assert.equal(await beginBatch(control, batch('c'), now + 2), 'in_flight');
    await setBatchAside(control, 'a', 'too late', now + 3);
    await batchesStored(control, ['b'], now + 3);
    assert.deepEqual(
      (await listBatches(control, 'set_aside')).map(({ batch_id, reason }) => [batch_id, reason]),
      [['b', 'the store refuses it']],
    );
  });

  test('an id never stands for other events', async () => {
    const control = await stores.open();
    await beginBatch(control, batch('a'), now);
    await assert.rejects(
      beginBatch(control, batch('a', 'other'), now),
      failed(/begun before with other events/),
    );
  });

  test('those stored for a day are forgotten, those set aside are not', async () => {
    const control = await stores.open();
    for (const id of ['a', 'b', 'c', 'd']) await beginBatch(control, batch(id), now);
    await batchesStored(control, ['a'], now);
    await batchesStored(control, ['b'], now + 1);
    await setBatchAside(control, 'c', 'why', now);
    assert.equal(await pruneBatches(control, now + day + 1), 1);
    assert.deepEqual(
      (await listBatches(control, 'stored')).map((one) => one.batch_id),
      ['b'],
    );
    assert.equal((await listBatches(control, 'set_aside')).length, 1);
    assert.equal((await listBatches(control, 'in_flight')).length, 1);
  });
});

overEach('what detectors have judged and learned', (stores) => {
  test('how far each has judged is kept, and forgotten with what it has learned', async () => {
    const control = await stores.open();
    const packed = await packState(new Uint8Array(10));
    for (const detector of ['scan', 'beacon']) {
      await saveProgress(control, { detector, judged_to: 5, content_hash: 'h1' }, now);
      await saveSnapshot(control, { detector, window_end: 5, layout: 1, content_hash: 'h1', packed }, now);
      await saveStep(control, { detector, window_end: 6, body: new Uint8Array(1) }, now);
    }
    await saveProgress(control, { detector: 'scan', judged_to: 9, content_hash: 'h2' }, now + 1);
    assert.deepEqual(await listProgress(control), [
      { detector: 'beacon', judged_to: 5, content_hash: 'h1', updated_at: now },
      { detector: 'scan', judged_to: 9, content_hash: 'h2', updated_at: now + 1 },
    ]);
    await forgetDetector(control, 'scan');
    assert.deepEqual(
      (await listProgress(control)).map((one) => one.detector),
      ['beacon'],
    );
    assert.deepEqual(await listSnapshots(control, 'scan'), []);
    assert.deepEqual(await listSteps(control, 'scan', 0), []);
    assert.equal((await listSteps(control, 'beacon', 0)).length, 1);
  });

  test('of snapshots the newest two stay, with the steps since the older of them', async () => {
    const control = await stores.open();
    const state = (n: number) => new Uint8Array(100_000).fill(n);
    for (let n = 1; n <= 4; n++) {
      const at = n * 10;
      const packed = await packState(state(n));
      assert.ok(packed.bytes.length < 1000);
      await saveStep(control, { detector: 'scan', window_end: at, body: Uint8Array.of(at) }, now);
      await saveSnapshot(
        control,
        { detector: 'scan', window_end: at, layout: 2, content_hash: 'h', packed },
        now,
      );
      for (const end of [at + 1, at + 2])
        await saveStep(control, { detector: 'scan', window_end: end, body: Uint8Array.of(end) }, now);
    }
    assert.deepEqual(await listSnapshots(control, 'scan'), [
      { detector: 'scan', window_end: 40, layout: 2, content_hash: 'h' },
      { detector: 'scan', window_end: 30, layout: 2, content_hash: 'h' },
    ]);
    const packed = await findSnapshot(control, 'scan', 30);
    assert.deepEqual(new Uint8Array(await unpackState(packed!)), state(3));
    assert.equal(await findSnapshot(control, 'scan', 20), null);
    assert.deepEqual(
      (await listSteps(control, 'scan', 0)).map((one) => one.window_end),
      [31, 32, 40, 41, 42],
    );
    assert.deepEqual(await listSteps(control, 'scan', 41), [
      { detector: 'scan', window_end: 42, body: Uint8Array.of(42) },
    ]);
  });

  test('a damaged state is told as such', async () => {
    const { encoding, bytes } = await packState(new Uint8Array(1000).map((_, at) => at * at));
    bytes[bytes.length - 3]! ^= 1;
    await assert.rejects(unpackState({ encoding, bytes }), failed(/is damaged/));
  });
});

overEach('settings and tokens', (stores) => {
  test('a setting is kept, changed and forgotten', async () => {
    const control = await stores.open();
    assert.equal(await findSetting(control, 'rate'), undefined);
    await saveSetting(control, 'rate', { per_day: 5 }, now);
    await saveSetting(control, 'rate', null, now);
    assert.equal(await findSetting(control, 'rate'), null);
    await removeSetting(control, 'rate');
    assert.equal(await findSetting(control, 'rate'), undefined);
  });

  test('a token opens until it is revoked, its use is noted once a minute, and the token itself is nowhere', async () => {
    const control = await stores.open();
    const token = await createToken(control, 'first', now);
    assert.match(token, /^weir_[A-Za-z0-9_-]{43}$/);
    assert.equal((await useToken(control, token, now + 1))?.last_used_at, now + 1);
    assert.equal((await useToken(control, token, now + minute))?.last_used_at, now + 1);
    assert.equal((await useToken(control, token, now + minute + 1))?.last_used_at, now + minute + 1);
    assert.equal(await useToken(control, `${token}x`, now), null);
    assert.equal(await useToken(control, '', now), null);
    const rows = await control.db.selectFrom('token').selectAll().execute();
    assert.ok(!JSON.stringify(rows).includes(token.slice(5, 20)));
    await assert.rejects(createToken(control, 'first', now), failed(/There is a token first already/));
    assert.equal(await revokeToken(control, 'first', now + 9), true);
    assert.equal(await revokeToken(control, 'first', now + 9), false);
    assert.equal(await useToken(control, token, now + 10), null);
    const again = await createToken(control, 'first', now + 11);
    assert.notEqual(again, token);
    assert.deepEqual(await listTokens(control), [
      { name: 'first', created_at: now, last_used_at: now + minute + 1, revoked_at: now + 9 },
      { name: 'first', created_at: now + 11, last_used_at: null, revoked_at: null },
    ]);
  });
});
