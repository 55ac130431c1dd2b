/**
 * Commits a second of the control store, each what a judged window of the pipeline writes (a finding that grew, how far the
 * detector is, an addition to the ledger), each on the disk before the next: node bench/control.ts [seconds] [folder | postgresql://...]
 * The folder's disk is what is measured: name one on the disk that counts (a folder in memory syncs nothing).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../src/schema/finding.ts';
import {
  addToLedger,
  type Control,
  openControl,
  saveProgress,
  upsertFindings,
} from '../src/store/control/index.ts';
import { load, machine } from './machine.ts';

const seconds = Number(process.argv[2] ?? 10);
const where = process.argv[3] ?? '.';
const url = /^postgres(ql)?:/.test(where) ? where : null;
const folder = url === null ? mkdtempSync(join(where, 'weir-bench-control-')) : null;
const place =
  url === null ? { directory: join(folder!, 'store') } : { url, schema: `weir_bench_${process.pid}` };
const detectors = 33;
const open_findings = 200;
const minute = 60e6;

/** As large as an ordinary one: about 6 kB of JSON. */
function finding(n: number, windows: number): Finding {
  const event = {
    table: 'connection',
    time: 1e15 + n,
    file: 'conn.log',
    src_ip: '10.0.0.1',
    dst_ip: '192.0.2.1',
  };
  const evidence = Array.from({ length: 15 }, (_, line) => ({
    ...{ ...event, event_id: `${n}-${line}`, line, offset: line * 300, src_port: 40_000, dst_port: 443 },
    ...{
      says: '10.0.0.1:40000 → 192.0.2.1:443 tcp, 12.3 kB sent, 4.5 kB received in 3.2 s',
      raw: 'x'.repeat(150),
    },
  }));
  return {
    ...{ finding_id: `f${n}`, detector: `detector_${n % detectors}`, title: 'A finding', severity: 'medium' },
    ...{
      stage: 'discovery',
      attack: [],
      start_at: 1e15,
      end_at: 1e15 + windows * minute,
      window_at: 1e15,
      windows,
    },
    ...{
      figures_start_at: 1e15,
      figures_end_at: 1e15,
      entity: { src_ip: `10.0.0.${n}` },
      values: { n: windows },
    },
    ...{
      score: 0.9,
      p_value: 1e-9,
      confidence_score: 80,
      risk_score: 55,
      summary: 'It went on.',
      reasons: [],
    },
    ...{ baseline: { level: 'entity', windows: 100, entities: 1, says: 'its own 100 past hours' }, evidence },
    ...{
      evidence_total: 15,
      also: [],
      members: [],
      members_total: 0,
      folded_into: '',
      related: [],
      next: [],
    },
    ...{ false_positives: [], caveats: [] },
  } as unknown as Finding;
}

async function commit(control: Control, n: number): Promise<void> {
  const at = 1e15 + n * minute;
  await control.transaction(async (transaction) => {
    const one = finding(n % open_findings, 1 + Math.floor(n / open_findings));
    await upsertFindings(
      transaction,
      [{ finding: one, episode: '', as_of: at, shown: true, held: false }],
      at,
    );
    await saveProgress(transaction, { detector: one.detector, judged_to: at, content_hash: 'h' }, at);
    const filtered = { header: 1 };
    await addToLedger(transaction, [{ source: 'office', at, received: 1001, stored: 1000, filtered }]);
  });
}

console.log(machine());
console.log(load());
const control = await openControl(place, 1e15);
try {
  const took: number[] = [];
  const cpu = process.cpuUsage();
  for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
    const began = performance.now();
    await commit(control, took.length);
    took.push(performance.now() - began);
  }
  const { user, system } = process.cpuUsage(cpu);
  const cpu_ms = ((user + system) / 1000 / took.length).toFixed(2);
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number): string => `${sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(2)} ms`;
  const rate = Math.round(took.length / seconds).toLocaleString('en');
  console.log(
    `${url === null ? 'SQLite' : 'PostgreSQL'}: ${rate} commits/s, one after the other, ${cpu_ms} ms of processor time each; half in ${at(0.5)}, 95 % in ${at(0.95)}, 99 % in ${at(0.99)}`,
  );
  console.log(load());
  if (url !== null)
    console.log(`The schema ${'schema' in place ? place.schema : ''} is left there: drop it.`);
} finally {
  await control.close();
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
}
