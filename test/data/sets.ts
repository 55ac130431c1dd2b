import { globSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Attack, attacks } from './attacks.ts';
import { pack } from './packs.ts';

/** One input of the shared data that is analysed whole, as a stranger would: no options, no past. */
export interface DataSet {
  /** pack and path below it, the same on every machine */
  readonly name: string;
  readonly path: string;
  /** what is known to have happened; null: no label, or nothing known to be wrong */
  readonly attack: Attack | null;
}

/** Captures of the conformance packs that hold enough traffic to be worth judging; thousands are a packet or two. */
const least_bytes = 300_000;

/** Inputs without labels: what is said of them must be true all the same. */
const unlabelled: readonly [pack: string, pattern: string, least_bytes: number][] = [
  [
    'rita',
    'test_data/{open_conns,open_sni,valid_tsv,valid_json,json_with_all_fields,has_unknown_field,truncated}',
    0,
  ],
  ['rita', 'test_data/open_conns/{open,closed}', 0],
  ['slips', 'dataset/test*', 0],
  ['windows-otrf', 'datasets/**/network/*.zip', 0],
  ['windows-otrf', 'datasets/**/*{zeek,pcap}*.zip', 0],
  ['industrial', '**/*.{pcap,pcapng}', 0],
  ['ndpi', '**/*.{pcap,pcapng,cap}', least_bytes],
  ['suricata-verify', '**/*.{pcap,pcapng}', least_bytes],
  ['arkime', '**/*.pcap', least_bytes],
  ['ja4', '**/*.{pcap,pcapng}', least_bytes],
  ['zeek-btest', '**/*.{pcap,pcapng,trace}', least_bytes],
];

/** Inputs of other kinds than Weir reads today. */
const of_other_kind = /binetflow|nfdump|README/;

/** All sets whose packs are on this machine, labelled ones first; none twice. */
export function dataSets(): DataSet[] {
  const sets = new Map<string, DataSet>();
  const labelled = attacks.flatMap((attack) => {
    const folder = pack(attack.pack);
    return folder === null ? [] : [{ attack, path: join(folder, attack.path) }];
  });
  for (const { attack, path } of labelled)
    sets.set(path, { name: `${attack.pack}/${attack.path}`, path, attack });
  for (const [name, pattern, least] of unlabelled) {
    const folder = pack(name);
    if (folder === null) continue;
    for (const path of globSync(join(folder, pattern)).sort()) {
      if (sets.has(path) || of_other_kind.test(path) || statSync(path).size < least) continue;
      // A folder that holds labelled sets was told of piece by piece.
      if (labelled.some((one) => one.path.startsWith(`${path}/`))) continue;
      sets.set(path, { name: join(name, relative(folder, path)), path, attack: null });
    }
  }
  return [...sets.values()];
}
