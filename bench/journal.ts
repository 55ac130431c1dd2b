/**
 * How many records a second the journal keeps, each acknowledged after it is on the disk, and how long one waits for
 * that: node bench/journal.ts [seconds] [folder]. Records of 200 bytes, one in flight, 64 and 1024; then with a reader
 * that commits each batch. The folder lies on the disk that is measured: the system's for temporary files by default.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Journal, type JournalOptions, openJournal } from '../src/collect/journal/index.ts';
import { load, machine } from './machine.ts';

const seconds = Number(process.argv[2] ?? 5);
const parent = process.argv[3] ?? tmpdir();
const payload = Buffer.alloc(200, 'x');

interface Figures {
  readonly records: number;
  readonly seconds: number;
  readonly waits_ms: Float64Array;
}

async function senders(journal: Journal, in_flight: number): Promise<Figures> {
  const waits: number[] = [];
  const from = performance.now();
  const until = from + seconds * 1000;
  const sender = async (): Promise<void> => {
    for (let at = performance.now(); at < until; at = performance.now()) {
      await journal.append({
        ...{ source: 'syslog', origin: 'syslog 10.20.30.40', bytes: payload, offset: 0, line: 0 },
        ...{ received_at: Date.now() * 1000, position: null },
      });
      waits.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: in_flight }, sender));
  const waits_ms = Float64Array.from(waits).sort();
  return { records: waits.length, seconds: (performance.now() - from) / 1000, waits_ms };
}

async function readAll(journal: Journal): Promise<void> {
  for await (const batch of journal.batches({
    most_bytes: 8 * 1024 ** 2,
    most_records: 65_536,
    wait_ms: 200,
  }))
    await journal.commit(batch);
}

async function measure(name: string, in_flight: number, options: Partial<JournalOptions>): Promise<void> {
  const folder = mkdtempSync(join(parent, 'weir-bench-journal-'));
  try {
    const journal = await openJournal({ directory: join(folder, 'journal'), ...options });
    const reading = name.includes('read') ? readAll(journal) : Promise.resolve();
    const { records, seconds: took, waits_ms } = await senders(journal, in_flight);
    const { sync, bytes, segments } = journal.state();
    await journal.close();
    await reading;
    const at = (share: number): string => waits_ms[Math.floor(waits_ms.length * share)]!.toFixed(1);
    console.log(
      `${name.padEnd(32)} ${String(Math.round(records / took)).padStart(7)} records/s   p50 ${at(0.5)} ms   p99 ${at(0.99)} ms   ` +
        `${Math.round(sync.count / took)} syncs/s of ${((sync.sum_s / sync.count) * 1000).toFixed(1)} ms   ` +
        `${Math.round(bytes / 1e6)} MB in ${segments}`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

console.log(machine());
console.log(load());
for (const in_flight of [1, 64, 1024]) await measure(`${in_flight} in flight`, in_flight, {});
await measure('1024 in flight, read and committed', 1024, {});
await measure('1024 in flight, growing files', 1024, { ahead_bytes: 0 });
console.log(load());
