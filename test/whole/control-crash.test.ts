/** The control store under SIGKILL: what a process was told is kept is kept, whole, and the next process has the store at once. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { listLedger, verifyAudit } from '../../src/store/control/index.ts';
import { now, overEach } from '../control-place.ts';

const kills = 20;

const program = `
import { writeSync } from 'node:fs';
import { addToLedger, appendAudit, findSetting, openControl, saveSetting } from ${JSON.stringify(
  join(import.meta.dirname, '../../src/store/control/index.ts'),
)};
const control = await openControl(JSON.parse(process.argv[1]), ${now});
for (let n = ((await findSetting(control, 'last')) ?? 0) + 1; ; n++) {
  await control.transaction(async (transaction) => {
    await saveSetting(transaction, 'last', n, ${now});
    await appendAudit(transaction, { actor: 'weir', action: 'count', subject: String(n), detail: n }, ${now});
    await addToLedger(transaction, [{ source: 'a', at: ${now}, received: 1, stored: 1 }]);
  });
  writeSync(1, n + '\\n');
}`;

/** The numbers that a process said it had kept until it was killed, at a random moment of its start or its work. */
async function saidUntilKilled(place: unknown): Promise<number[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, JSON.stringify(place)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let wrong = '';
  child.stderr.on('data', (text) => {
    wrong += text;
  });
  const begun = new Promise<void>((resolve) => {
    child.stdout.on('data', (text) => {
      said += text;
      resolve();
    });
  });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const early = Math.random() < 0.2;
  if (early) await setTimeout(Math.random() * 1000);
  else await Promise.race([begun.then(() => setTimeout(Math.random() * 150)), closed]);
  child.kill('SIGKILL');
  await closed;
  assert.equal(wrong, '');
  return said.split('\n').slice(0, -1).map(Number);
}

overEach('the control store under SIGKILL', (stores) => {
  test(`${kills} kills at random moments lose nothing that was said to be kept`, async () => {
    const place = stores.place();
    let said = 0;
    let counted = 0;
    for (let kill = 0; kill < kills; kill++) {
      const numbers = await saidUntilKilled(place);
      counted += numbers.length;
      for (const n of numbers) {
        assert.ok(n > said, `${n} was said after ${said}`);
        said = n;
      }
      const control = await stores.open(place);
      const { entries, broken } = await verifyAudit(control);
      assert.equal(broken, null);
      // One more may be kept than was said: the process was killed between the two.
      assert.ok(entries === said || entries === said + 1, `${entries} are kept, ${said} were said`);
      assert.equal((await listLedger(control))[0]?.received ?? 0, entries);
      said = entries;
      await control.close();
    }
    assert.ok(counted > kills, `only ${counted} transactions in all`);
  });
});
