/**
 * Placing events and finding duplicates: events a second, memory, and false duplicates among records that differ little.
 *   node --expose-gc bench/enrich.ts [events=1000000]
 */
import { random } from '../src/base/random.ts';
import { createDuplicates, createEnricher, defaultLocalNetworks } from '../src/enrich/index.ts';
import type { Connection } from '../src/schema/event/connection.ts';
import type { WeirEvent } from '../src/schema/event/index.ts';

const most = Number(process.argv[2] ?? 1_000_000);
const dice = random(1);
const states = ['SF', 'S0', 'REJ', 'RSTO', 'OTH'];
const histories = ['ShADadFf', 'S', 'Sr', 'ShADadR', 'Dd'];

/** Parsers give texts in one piece; what is put together from parts is not yet. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

/** An ordinary mix: 200 hosts, 5,000 places, made beforehand in batches so that only the work under test is timed. */
function connection(i: number): Connection {
  const src = dice.below(200);
  const dst = dice.below(5000);
  return {
    kind: 'connection',
    time: 1_521_911_720_000_000 + i * 1000 + dice.below(1000),
    uid: flat(`C${(i * 2654435761).toString(36)}${src.toString(36)}`),
    src_ip: flat(`10.0.${src >> 6}.${src & 63}`),
    src_port: 1024 + dice.below(60_000),
    dst_ip: flat(`93.184.${dst >> 8}.${dst & 255}`),
    dst_port: 443,
    transport: 'tcp',
    src_local: false,
    dst_local: false,
    direction: '',
    community_id: '',
    service: 'ssl',
    duration_s: dice.below(10_000) / 1000,
    src_bytes: dice.below(10_000),
    dst_bytes: dice.below(100_000),
    src_packets: dice.below(100),
    dst_packets: dice.below(100),
    src_ip_bytes: dice.below(12_000),
    dst_ip_bytes: dice.below(120_000),
    missed_bytes: 0,
    conn_state: states[dice.below(5)]!,
    history: histories[dice.below(5)]!,
    vlan: 0,
    src_mac: '',
    dst_mac: '',
    outcome: '',
    orientation: '',
    dst_name: '',
  };
}

const batch = 20_000;
const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});

/** Runs `work` over all events; gives events a second of processor time of the work alone. */
function run(name: string, work: (event: WeirEvent) => void, prepare?: (event: Connection) => void): void {
  let spent = 0;
  for (let from = 0; from < most; from += batch) {
    const events = Array.from({ length: batch }, (_, i) => connection(from + i));
    if (prepare) for (const one of events) prepare(one);
    const begun = process.cpuUsage();
    for (const one of events) work(one);
    const { user, system } = process.cpuUsage(begun);
    spent += (user + system) / 1000;
  }
  const rate = Math.round((most / spent) * 1000);
  console.log(`${name.padEnd(44)} ${rate.toLocaleString('en').padStart(12)} events/s`);
}

const enricher = () => createEnricher({ local_networks: defaultLocalNetworks });
const with_id = (event: Connection): void => {
  event.community_id = '1:known';
};

const placing = enricher();
run('place, community id known', (event) => placing.enrich(event), with_id);
const hashing = enricher();
run('place, community id to be made', (event) => hashing.enrich(event));
for (const sensors of [1, 2]) {
  collect();
  const before = process.memoryUsage().arrayBuffers;
  const duplicates = createDuplicates({ sensors });
  let found = 0;
  run(`duplicates, sensors: ${sensors}`, (event) => {
    if (duplicates.check(event, 0, sensors === 1 ? 0 : dice.below(2)) !== null) found++;
  });
  collect();
  const grown = (process.memoryUsage().arrayBuffers - before) / 1e6;
  console.log(
    `  ${found} called duplicates (0 expected), ${grown.toFixed(0)} MB, ${duplicates.forgotten} forgotten`,
  );
}
const both = enricher();
const duplicates = createDuplicates({ sensors: 1 });
run(
  'both, community id known',
  (event) => {
    both.enrich(event);
    duplicates.check(event, 0, 0);
  },
  with_id,
);
