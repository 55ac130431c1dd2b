import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, it } from 'node:test';
import { loadContent } from '../../src/content/index.ts';
import { analyze } from '../../src/pipeline/route.ts';
import type { Finding } from '../../src/schema/finding.ts';
import { residue } from '../../src/schema/ledger.ts';
import { openStore } from '../../src/store/index.ts';
import { type Attack, attacks } from './attacks.ts';
import { noData, pack } from './packs.ts';
import { unzip } from './zip.ts';

/** Every labelled attack with traffic in the shared data, through the product as a stranger runs it: no options, no past. */

const content = loadContent();
const temporary = mkdtempSync(join(tmpdir(), 'weir-attacks-'));
after(() => rmSync(temporary, { recursive: true, force: true }));

const table: string[][] = [
  ['data set', 'attack', 'host', 'found by', 'rank', 'p', 'others/day', 'events', 's'],
];

for (const attack of attacks) {
  const title =
    attack.by.length > 0
      ? `${attack.attack} is found in ${attack.pack}/${basename(attack.path)}`
      : `${attack.pack}/${basename(attack.path)} (${attack.attack}) is read without loss and stays within its findings a day`;
  it(title, { skip: pack(attack.pack) === null ? noData : false }, () => run(attack));
}

it('the table of attacks, what says so, and what else is said', () => {
  const widths = table[0]!.map((_, c) => Math.max(...table.map((row) => row[c]!.length)));
  console.log(
    table
      .map((row) =>
        row
          .map((cell, c) => cell.padEnd(widths[c]!))
          .join('  ')
          .trimEnd(),
      )
      .join('\n'),
  );
});

async function run(attack: Attack): Promise<void> {
  const path = join(pack(attack.pack)!, attack.path);
  const paths = path.endsWith('.zip') ? unzip(path, mkdtempSync(join(temporary, 'zip-'))) : [path];
  const store = await openStore({ directory: null });
  const started = performance.now();
  try {
    const result = await analyze(store, content, {
      run_id: 'attacks',
      version: '0',
      paths,
      baseline_paths: [],
      since: null,
      until: null,
      local_networks: null,
      roles: {},
      budget_per_day: 20,
      detectors: [],
      keep_raw: false,
      evidence: 3,
      now: Date.now() * 1000,
      progress: () => {},
    });
    const seconds = (performance.now() - started) / 1000;
    const days = Math.max(1, ((result.last_time ?? 0) - (result.first_time ?? 0)) / 86_400e6);
    const right = result.findings.filter((one) => names(one, attack.hosts));
    const others = (result.findings.length - right.length) / days;
    const said = right.filter((one) => attack.by.includes(one.detector));
    const first = said[0] ?? right[0];
    table.push([
      `${attack.pack}/${basename(attack.path).replace(/\.zip$/, '')}`.slice(0, 60),
      attack.attack,
      attack.hosts[0] ?? '-',
      [...new Set(right.map((one) => one.detector))].join(' ') || (attack.hosts.length > 0 ? 'MISSED' : '-'),
      first
        ? `${result.findings.indexOf(first) + 1} of ${result.findings.length}`
        : `- of ${result.findings.length}`,
      first ? first.p_value.toExponential(0) : '-',
      others.toFixed(1),
      String(result.events),
      seconds.toFixed(1),
    ]);
    for (const input of result.inputs) assert.equal(residue(input.ledger), 0, `${input.file} has a residue`);
    assert.ok(others <= attack.others, `${others.toFixed(1)} other findings a day, at most ${attack.others}`);
    if (attack.by.length > 0)
      assert.ok(said.length > 0, `none of ${attack.by.join(', ')} names ${attack.hosts.join(' or ')}`);
  } finally {
    await store.close();
  }
}

function names(finding: Finding, hosts: readonly string[]): boolean {
  const told = [...Object.values(finding.entity), finding.values.src_ip, finding.values.dst_ip];
  return told.some((one) => hosts.includes(String(one)));
}
