import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { planBaseline, planOf } from './planned.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-planned-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const log = (name: string): string => {
  const path = join(folder, name);
  const record = {
    _path: 'conn',
    ts: 1.7e9,
    uid: 'C1',
    'id.orig_h': '10.0.0.1',
    'id.resp_h': '10.0.0.2',
    proto: 'tcp',
  };
  writeFileSync(path, `${JSON.stringify({ ...record, 'id.orig_p': 40_000, 'id.resp_p': 443 })}\n`);
  return path;
};

test('a file that is judged is no past of itself, under whatever name it is given', async () => {
  const [monday, tuesday] = [log('monday.log'), log('tuesday.log')];
  const again = join(folder, 'again.log');
  symlinkSync(tuesday, again);
  const judged = await planOf([tuesday]);
  const { planned, left_out } = await planBaseline([monday, again], judged);
  assert.deepEqual(
    planned.map(({ input }) => input.path),
    [monday],
  );
  assert.equal(left_out, 1);
  await assert.rejects(planBaseline([again], judged), {
    code: 'usage',
    message: /nothing but what is judged/,
  });
  assert.deepEqual(await planBaseline([], judged), { planned: [], left_out: 0 });
});
