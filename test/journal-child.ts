// For test/journal-kill.test.ts: appends records with ids, and writes each id that was acknowledged to a file of its own, which it
// syncs: node journal-child.ts FOLDER FILE FIRST-ID. Every fourth batch is committed, its ids go to FILE.committed first.
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { openJournal } from '../src/collect/journal/index.ts';

const [directory, file, first_id] = process.argv.slice(2) as [string, string, string];
const acknowledged = openSync(file, 'a');
const committing = openSync(`${file}.committed`, 'a');
const bounds = { most_bytes: 64 * 1024 ** 2, segment_bytes: 128 * 1024, ahead_bytes: 16 * 1024 };
const journal = await openJournal({ directory, ...bounds, tell: (problem) => console.error(problem) });
console.log('open');

let next_id = Number(first_id);
let news: string[] = [];

async function sender(): Promise<void> {
  for (;;) {
    const id = next_id++;
    await journal.append({
      ...{ source: 'test', origin: 'a child', offset: id, line: id, position: null },
      ...{ bytes: Buffer.from(`${id} ${'x'.repeat(id % 400)}\n`), received_at: Date.now() * 1000 },
    });
    news.push(`${id}\n`);
  }
}

async function reader(): Promise<void> {
  let count = 0;
  for await (const batch of journal.batches({ most_bytes: 20_000, most_records: 100, wait_ms: 5 })) {
    if (++count % 4 === 0) {
      const ids = batch.records.map(({ bytes }) => `${Buffer.from(bytes).toString().split(' ')[0]}\n`);
      writeSync(committing, ids.join(''));
      fdatasyncSync(committing);
      await journal.commit(batch);
    }
    if (count >= 60) return;
  }
}

for (let i = 0; i < 40; i++) void sender();
void reader();
for (;;) {
  await setTimeout(2);
  const told = news.join('');
  news = [];
  writeSync(acknowledged, told);
  fdatasyncSync(acknowledged);
}
