import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Batch, openJournal } from '../src/collect/journal/index.ts';

const kills = Number(process.env.WEIR_JOURNAL_KILLS ?? 30);

function idsIn(file: string): number[] {
  // The last line may be cut off by the kill.
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number) : [];
}

const idOf = (bytes: Uint8Array): number => Number(Buffer.from(bytes).toString('latin1').split(' ')[0]);

test(`after ${kills} kills in the middle of writing all that was acknowledged is there, once`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-journal-kill-'));
  try {
    const [directory, file] = [join(folder, 'journal'), join(folder, 'acknowledged')];
    for (let kill = 0; kill < kills; kill++) {
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, 'journal-child.ts'), directory, file, String(kill * 1_000_000)],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      await once(child.stdout, 'data');
      await setTimeout(Math.random() * 120);
      child.kill('SIGKILL');
      const [code, signal] = await once(child, 'exit');
      assert.deepEqual([code, signal], [null, 'SIGKILL'], 'the child ended by itself');
    }
    const problems: string[] = [];
    const journal = await openJournal({ directory, tell: (problem) => problems.push(problem) });
    const came: number[] = [];
    const reading = journal.batches({ most_bytes: 1_000_000, most_records: 1000 });
    while (journal.state().waiting_records > 0) {
      const { value } = (await reading.next()) as { value: Batch };
      assert.equal(value.missing, 0);
      for (const { bytes } of value.records) came.push(idOf(bytes));
      await journal.commit(value);
    }
    await journal.close();
    const acknowledged = idsIn(file);
    const committed = new Set(idsIn(`${file}.committed`));
    assert.ok(acknowledged.length > kills * 10, `only ${acknowledged.length} were acknowledged`);
    assert.equal(new Set(came).size, came.length, 'one came twice');
    const there = new Set(came);
    const lost = acknowledged.filter((id) => !there.has(id) && !committed.has(id));
    assert.deepEqual(lost, [], `of ${acknowledged.length} acknowledged`);
    assert.deepEqual(
      problems.filter((one) => one.includes('cannot be read')),
      [],
    );
    t.diagnostic(
      `${kills} kills: ${acknowledged.length} acknowledged, ${came.length} read back, ${committed.size} committed before`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
