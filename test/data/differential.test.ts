import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { createEnricher, defaultLocalNetworks } from '../../src/enrich/index.ts';
import type { Connection } from '../../src/schema/event/connection.ts';
import type { WeirEvent } from '../../src/schema/event/index.ts';
import { detectFormat } from '../../src/sources/index.ts';
import { assertPage, bytesOf, otherwise, zeekTests } from './conformance.ts';
import { noData, pack } from './packs.ts';

/**
 * One capture, read in two ways: through the logs Zeek wrote of it, and through Weir's own flow
 * meter, each as the product reads it. Who opened a connection, how it ended, how much went and for how long must not
 * depend on the way. Row by row and letter by letter is meter.test.ts; here is what detectors see.
 */
interface Pair {
  readonly name: string;
  readonly log: string;
  readonly capture: string;
}

/** Rows that may differ, and those that only Weir has, by capture, with the reason. */
const explained: Readonly<
  Record<string, { readonly rows: number; readonly more: number; readonly why: string }>
> = {
  'core/cisco-fabric-path.zeek': {
    rows: 16,
    more: 16,
    why: 'SCTP: Zeek logs it as an unknown transport without ports, so that its flows cannot be told apart',
  },
  'core/pcap/read-trace-with-filter.zeek': {
    rows: 0,
    more: 33,
    why: 'Zeek was told to read port 50000 only',
  },
  'core/unknown-ip-protocol.zeek': { rows: 1, more: 1, why: 'SCTP, as above' },
  'core/vntag-in-vlan.zeek': {
    rows: 1,
    more: 0,
    why: 'a TCP header longer than the packet: Zeek logs a connection without packets, Weir rejects the packet',
  },
  'core/vntag.zeek': {
    rows: 1,
    more: 0,
    why: 'Zeek counts no bytes of protocols it does not know; Weir counts them',
  },
  'scripts/base/protocols/ntp/misordered-ntp.test': {
    rows: 1,
    more: 0,
    why: 'Zeek turns an NTP flow round after its first packet and then counts the answer as sent by the client',
  },
  'core/tunnels/vxlan-unknown-internal-packet.zeek': {
    rows: 3,
    more: 3,
    why: 'Zeek counts no packet on the outer UDP flow when it does not know what is inside; Weir counts it',
  },
  'scripts/base/protocols/ftp/gridftp.test': {
    rows: 1,
    more: 0,
    why: 'Zeek stops looking at a GridFTP data channel on purpose; Weir follows it to its end',
  },
};

/** Zeek's own tests, and those of the industrial parsers. */
function pairs(): Pair[] {
  const found: Pair[] = [];
  const zeek = pack('zeek-btest')!;
  const btest = join(zeek, 'testing/btest');
  for (const one of zeekTests(zeek)) {
    if (!one.logs.includes('conn.log') || one.test in otherwise) continue;
    const log = join(btest, one.baseline, 'conn.log');
    // Some tests rename the fields.
    if (existsSync(log) && /\tid\.orig_h\t/.test(readFileSync(log, 'utf8')))
      found.push({ name: one.test, log, capture: join(btest, 'Traces', one.traces[0]!) });
  }
  const industrial = pack('industrial')!;
  for (const parser of readdirSync(industrial)) {
    for (const tests of ['testing', 'tests'].map((name) => join(industrial, parser, name))) {
      if (!existsSync(join(tests, 'analyzer'))) continue;
      for (const script of readdirSync(join(tests, 'analyzer'))) {
        const text = readFileSync(join(tests, 'analyzer', script), 'utf8');
        const trace = /-r \$\{TRACES\}\/(\S+)/.exec(text)?.[1];
        const log = join(tests, 'baseline', `analyzer.${basename(script, '.zeek')}`, 'conn.log');
        if (trace === undefined || !existsSync(log)) continue;
        found.push({ name: `${parser}/${script}`, log, capture: join(tests, 'traces', trace) });
      }
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Connections of a file as they are stored. */
function settled(file: Buffer): Connection[] {
  const events: WeirEvent[] = [];
  const enricher = createEnricher({ local_networks: defaultLocalNetworks });
  const rejects: string[] = [];
  const decoder = detectFormat(file)!.open(
    'conn.log',
    {
      event: (event) => events.push(enricher.enrich(event)),
      filtered: () => {},
      rejected: (reason) => rejects.push(reason),
    },
    { latest_time: 4_102_444_800_000_000, keep_raw: false },
  );
  decoder.push(file);
  decoder.end();
  return events.filter((one): one is Connection => one.kind === 'connection');
}

/** Baselines have their times blotted out. */
function readable(log: string): Buffer {
  const text = readFileSync(log, 'utf8');
  return Buffer.from(text.replace(/^###.*\n/, '').replace(/X{10}\.X{6}/g, '1700000000.000000'));
}

const seconds = 0.01;
const share = 0.01;

const near = (a: number | null, b: number | null, least: number): boolean =>
  a === null || b === null || Math.abs(a - b) <= Math.max(least, share * Math.max(a, b));

/** What a detector would see otherwise. Zeek says nothing of sizes and length of a flow of one packet. */
function differences(zeek: Connection, own: Connection): string[] {
  const found: string[] = [];
  if (zeek.src_ip !== own.src_ip || zeek.src_port !== own.src_port) found.push('direction');
  for (const name of ['outcome', 'orientation', 'conn_state'] as const)
    if (zeek[name] !== own[name]) found.push(name);
  for (const name of ['src_bytes', 'dst_bytes'] as const)
    if (!near(zeek[name], own[name], 0)) found.push(name);
  for (const name of ['src_packets', 'dst_packets'] as const)
    if (!near(zeek[name], own[name], 0)) found.push(name);
  if (zeek.duration_s !== null && !near(zeek.duration_s, own.duration_s ?? 0, seconds))
    found.push('duration_s');
  return found;
}

function sameEnds(a: Connection, b: Connection): boolean {
  const ends = ({ src_ip, src_port, dst_ip, dst_port }: Connection): string =>
    [`${src_ip} ${src_port}`, `${dst_ip} ${dst_port}`].sort().join();
  return ends(a) === ends(b) && a.transport === b.transport;
}

interface Compared {
  readonly rows: number;
  readonly extra: number;
  readonly different: string[];
}

function compare(pair: Pair): Compared {
  const zeek = settled(readable(pair.log));
  const own = settled(bytesOf(pair.capture));
  const different: string[] = [];
  for (const row of zeek) {
    const candidates = own.filter((one) => sameEnds(row, one));
    const ranked = candidates.map((one) => ({ one, found: differences(row, one) }));
    ranked.sort((a, b) => a.found.length - b.found.length);
    const best = ranked[0];
    const says = `${row.src_ip}:${row.src_port} > ${row.dst_ip}:${row.dst_port} ${row.transport}`;
    if (best === undefined) {
      different.push(`${says}: not there`);
      continue;
    }
    own.splice(own.indexOf(best.one), 1);
    if (best.found.length > 0) {
      const values = best.found.map((name) => {
        const of = (event: Connection): unknown => (event as unknown as Record<string, unknown>)[name];
        return `${name} ${of(row)} / ${of(best.one)}`;
      });
      different.push(`${says}: ${values.join(', ')}`);
    }
  }
  return { rows: zeek.length, extra: own.length, different };
}

const skip = [pack('zeek-btest'), pack('industrial')].includes(null) ? noData : false;

test('a capture tells detectors the same through Zeek and through the flow meter', { skip }, () => {
  let rows = 0;
  let same = 0;
  const surprises: string[] = [];
  const listed: string[] = [];
  const all = pairs();
  for (const pair of all) {
    const { rows: of, extra, different } = compare(pair);
    rows += of;
    same += of - different.length;
    const known = explained[pair.name];
    if (different.length !== (known?.rows ?? 0) || extra !== (known?.more ?? 0))
      surprises.push(
        `${pair.name}: ${different.length} rows, ${extra} more\n  ${different.slice(0, 8).join('\n  ')}`,
      );
    else if (known !== undefined)
      listed.push(`| \`${pair.name}\` | ${known.rows} | ${known.more} | ${known.why} |`);
  }
  assert.deepEqual(surprises, []);
  assert.ok(all.length >= 25 && rows > 200);
  assertPage({
    differential: [
      `${all.length} captures, ${rows} connections: ${same} (${((100 * same) / rows).toFixed(1)} %) tell the same.`,
      '',
      '| capture | rows | only Weir has | why |',
      '|---|---:|---:|---|',
      ...listed,
    ].join('\n'),
  });
});
