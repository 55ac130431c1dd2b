/**
 * How quiet Weir is on an ordinary office, by size, and whether attacks are told there: findings a day, listed and held,
 * by severity and detector; which attacks of the scenarios are told and at which place of their day; memory and time.
 *   node bench/quiet.ts [--hosts 40,470,2000] [--days 10] [--logs conn|all] [--attacks none|spread|together|alone]
 *                       [--only exfil,beacon] [--budget 20] [--list 20] [--seed 1] [--keep FOLDER [--store]] [--write]
 * `spread`: each attack on a desk and a day of its own as far as there are days; `together`: all on one day, each on a
 * desk of its own; `alone`: one run for each. The office's log is made first, from the seed, in a temporary folder (480 MB
 * for a million connections) or in FOLDER, where it is found again and the findings are left as JSON (`--store`: the store, too).
 * `--write`: what each size gave is kept in bench/quiet.json, in the place of what the same run gave before, and the tables
 * of docs/accuracy.md are made of that; sizes may be measured one by one.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { between } from '../scripts/page-part.ts';
import { loadContent } from '../src/content/index.ts';
import { type AnalyzeProgress, type AnalyzeResult, analyze, runDefaults } from '../src/pipeline/route.ts';
import { type Answer, answers, scenario, scenarios, zeekJson } from '../src/scenarios/index.ts';
import { officeAddresses, suspectIp } from '../src/scenarios/place.ts';
import type { WeirEvent } from '../src/schema/event/index.ts';
import type { Finding } from '../src/schema/finding.ts';
import { listFindings, openStore } from '../src/store/index.ts';
import { load, machine, PeakMemory } from './machine.ts';
import { isTold, Kept, kept, Measured, tables, unseenWord } from './quiet-table.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '40,470' },
    days: { type: 'string', default: '10' },
    logs: { type: 'string', default: 'conn' },
    attacks: { type: 'string', default: 'none' },
    only: { type: 'string', default: '' },
    budget: { type: 'string', default: '20' },
    list: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'string' },
    store: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

const days = Number(values.days);
const seed = Number(values.seed);
/** A Monday. */
const start = Date.UTC(2026, 0, 5) * 1000;
const day_us = 86_400e6;
const content = loadContent();
/** What was measured, and the page that tells it. */
const data = join(import.meta.dirname, 'quiet.json');
const page = join(import.meta.dirname, '..', 'docs', 'accuracy.md');
const dayOf = (time: number): number => Math.floor((time - start) / day_us);

/** An attack as it is laid in: its scenario, when it begins, and what a good detector says of it. */
interface Attack {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly answers: readonly Answer[];
}

/** Every harmful scenario that has an answer, each on a desk of its own and at an hour of its own. */
function attacks(hosts: number, dayFor: (n: number) => number): Attack[] {
  const wanted = values.only === '' ? null : values.only.split(',');
  const address = officeAddresses();
  const names = Object.entries(scenarios)

    .filter(([name, one]) => one.harmful && name !== 'sample' && (wanted === null || wanted.includes(name)))
    .map(([name]) => name);
  return names.flatMap((name, n): Attack[] => {
    const defaults = scenarios[name as keyof typeof scenarios].params.parse({}) as Record<string, unknown>;
    // Falls silent by its own clock: its hours are counted from the start of the run.
    const own_clock = defaults.after_s !== 0 && defaults.hours !== undefined;
    const params: Record<string, unknown> = own_clock
      ? { hours: 24 * days }
      : { after_s: dayFor(n) * 86_400 + 8.5 * 3600 + ((n * 47) % 420) * 60 };
    const desk = address.desk((3 + n * 3) % hosts);
    if (defaults.src_ip === suspectIp) params.src_ip = desk;
    else if (defaults.dst_ip === suspectIp) params.dst_ip = desk;
    // The office's logs are Zeek's: what another engine says is written as Zeek writes it.
    if (defaults.engine !== undefined) params.engine = 'zeek';
    const said = answers(name, params, { seed, start });
    return said.length === 0 ? [] : [{ name, params, answers: said }];
  });
}

function* written(events: Iterable<WeirEvent>): Generator<string> {
  const until = start + days * day_us;
  for (const event of events) {
    if (values.logs === 'conn' && event.kind !== 'connection') continue;
    if (event.time >= until) continue;
    const line = zeekJson(event);
    if (line !== '') yield line;
  }
}

/** Writes what may be many lines. Returns how many. */
function writeLines(path: string, lines: Iterable<string>): number {
  const file = openSync(`${path}.part`, 'w');
  let waiting: string[] = [];
  let count = 0;
  const flush = (): void => {
    if (waiting.length > 0) writeSync(file, `${waiting.join('\n')}\n`);
    waiting = [];
  };
  for (const line of lines) {
    waiting.push(line);
    count++;
    if (waiting.length === 5000) flush();
  }
  flush();
  closeSync(file);
  renameSync(`${path}.part`, path);
  return count;
}

function officeLog(folder: string, hosts: number): string {
  const path = join(folder, `office-${hosts}-${days}d-${values.logs}-${seed}.json`);
  if (!existsSync(path)) writeLines(path, written(scenario('office', { hosts, days }, { seed, start })));
  return path;
}

interface Outcome {
  readonly result: AnalyzeResult;
  readonly held: readonly Finding[];
  readonly wall_s: number;
  readonly peak_mb: number;
}

/** Tells on standard error how far a long run is: every tenth of the input, every detector. */
function steps(): (state: AnalyzeProgress) => void {
  const began = performance.now();
  let last = '';
  return (state) => {
    const step =
      state.step === 'detect'
        ? state.detector
        : `read ${Math.floor((10 * state.bytes_read) / Math.max(1, state.bytes_total ?? 0))}0 %`;
    if (step !== last) console.error(`  ${((performance.now() - began) / 1000).toFixed(0)} s ${step}`);
    last = step;
  };
}

/** `name`: under which findings and, with --store, the store are left in FOLDER. */
async function run(paths: readonly string[], name: string): Promise<Outcome> {
  const began = performance.now();
  const memory = new PeakMemory();
  const directory = values.store && values.keep !== undefined ? join(values.keep, `store-${name}`) : null;
  if (directory !== null) rmSync(directory, { recursive: true, force: true });
  const store = await openStore({ directory });
  try {
    const result = await analyze(store, content, {
      run_id: 'quiet',
      version: 'bench',
      paths,
      ...runDefaults,
      budget_per_day: Number(values.budget),
      evidence: 0,
      now: start + 400 * day_us,
      progress: steps(),
    });
    for (const { detector, why } of result.failed) console.log(`  FAILED ${detector}: ${why}`);
    const others = await listFindings(store, { run_id: 'quiet', shown: false, limit: 100_000 });
    const held = others.filter((one) => one.folded_into === '');
    if (values.keep !== undefined) {
      const told = { listed: result.findings, held, folded: others.filter((one) => one.folded_into !== '') };
      writeFileSync(join(values.keep, `findings-${name}.json`), JSON.stringify(told));
    }
    return { result, held, wall_s: (performance.now() - began) / 1000, peak_mb: memory.stop() };
  } finally {
    await store.close();
  }
}

function counted(findings: readonly Finding[], by: (finding: Finding) => string): string {
  const counts = new Map<string, number>();
  for (const finding of findings) counts.set(by(finding), (counts.get(by(finding)) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

/** What is not about the hosts and times of an attack. */
function unattacked(all: readonly Finding[], attacked: readonly Attack[]): Finding[] {
  return all.filter(
    (one) => !attacked.some((attack) => attack.answers.some((answer) => concerns(one, answer))),
  );
}

function byDay(all: readonly Finding[]): number[] {
  return Array.from({ length: days }, (_, day) => all.filter((one) => dayOf(one.start_at) === day).length);
}

function tellQuiet({ result, held, wall_s, peak_mb }: Outcome, attacked: readonly Attack[]): void {
  const told = unattacked(result.findings, attacked);
  const kept = unattacked(held, attacked);
  const a_day = (n: number): string => (n / days).toFixed(1);
  const of_day = (all: readonly Finding[]): string => byDay(all).join(' ');
  console.log(
    `  ${result.events.toLocaleString('en')} events, ${result.hosts} local hosts, ${wall_s.toFixed(0)} s, peak PSS ${Math.round(peak_mb)} MB, ${load()}`,
  );
  console.log(
    `  listed ${a_day(told.length)} a day (${of_day(told)}): ${counted(told, (one) => one.severity)}`,
  );
  console.log(`    ${counted(told, (one) => `${one.detector}/${one.severity}`)}`);
  console.log(
    `  held ${a_day(kept.length)} a day (${of_day(kept)}): ${counted(kept, (one) => one.severity)}`,
  );
  console.log(`    ${counted(kept, (one) => one.detector)}`);
  for (const one of told.slice(0, Number(values.list))) console.log(`    ${line(one)}`);
}

function line(one: Finding): string {
  const at = new Date(one.start_at / 1000).toISOString().slice(0, 16);
  return `${one.severity.padEnd(13)} ${String(one.risk_score).padStart(3)} p ${one.p_value.toExponential(1)} ${at} ${one.detector}: ${one.summary.slice(0, 150)}`;
}

/** Whether a finding is about the hosts and the time of an answer, whatever detector gave it. */
function concerns(finding: Finding, answer: Answer): boolean {
  const late_us = 2 * day_us;
  if (finding.end_at < answer.from || finding.start_at > answer.to + late_us) return false;
  const about = new Set(
    [finding, ...finding.also, ...finding.members]
      .map((one) => one.entity)
      .flatMap((one) => Object.values(one).map(String)),
  );
  return about.has(answer.src_ip === '' ? answer.dst_ip : answer.src_ip);
}

/** Whether connections alone do not show it: no detector of the answer reads them. */
function unseen(answer: Answer): boolean {
  const readsConnections = (id: string): boolean => {
    const detector = content.detectors.find((one) => one.id === id);
    return detector !== undefined && content.features.get(detector.features)!.reads.includes('connection');
  };
  return values.logs === 'conn' && !answer.detectors.some(readsConnections);
}

/** Says how an attack was told. Returns it in short: severity and place on its day of the first answer, "held" or "missed". */
function tellAttack(attack: Attack, { result, held }: Outcome): string {
  let worst = '';
  for (const answer of attack.answers) {
    // As a line, or by name within one.
    const right = (line: Finding): boolean =>
      [line, ...line.also, ...line.members].some((one) => answer.detectors.includes(one.detector)) &&
      concerns(line, answer);
    const listed = result.findings.filter(right);
    const first = listed[0];
    if (first) {
      const of_day = result.findings.filter((one) => dayOf(one.start_at) === dayOf(first.start_at));
      const place = `${of_day.indexOf(first) + 1} of ${of_day.length}`;
      console.log(`  told    ${attack.name.padEnd(24)} place ${place} that day: ${line(first)}`);
      if (worst === '') worst = `${first.severity}, ${place}`;
      continue;
    }
    const kept = held.find(right);
    const other = result.findings.filter((one) => concerns(one, answer));
    const instead = other.length > 0 ? ` (told: ${counted(other, (one) => one.detector)})` : '';
    worst = `${kept ? 'held' : unseen(answer) ? unseenWord : 'missed'}${instead}`;
    const word = kept
      ? `held    ${attack.name.padEnd(24)} ${line(kept)}`
      : `${unseen(answer) ? unseenWord : 'missed '} ${attack.name.padEnd(24)} ${answer.note}`;
    console.log(`  ${word}${instead}`);
  }
  return worst;
}

/** With --write: keeps what a size gave and makes the tables anew. */
function keepRow(
  hosts: number,
  { result, held, wall_s, peak_mb }: Outcome,
  attacked: readonly Attack[],
  told: Readonly<Record<string, string>>,
): void {
  if (!values.write) return;
  const listed = unattacked(result.findings, attacked);
  const severities: Record<string, number> = {};
  for (const { severity } of listed) severities[severity] = (severities[severity] ?? 0) + 1;
  const row = Measured.parse({
    hosts,
    days,
    logs: values.logs,
    attacks: values.attacks,
    seed,
    events: result.events,
    listed: byDay(listed),
    severities,
    held: byDay(unattacked(held, attacked)),
    told,
    wall_s: Math.round(wall_s),
    peak_mb: Math.round(peak_mb),
    on: machine().replace('machine: ', ''),
    load: load(),
  });
  const rows = kept(Kept.parse(JSON.parse(readFileSync(data, 'utf8'))), row);
  writeFileSync(data, `${JSON.stringify(rows, null, 2)}\n`);
  writeFileSync(page, between(readFileSync(page, 'utf8'), 'quiet', tables(rows)));
}

async function measure(folder: string, hosts: number): Promise<void> {
  console.log(
    `\n${hosts} hosts, ${days} days, ${values.logs === 'conn' ? 'connections only' : 'all logs'}, attacks: ${values.attacks}`,
  );
  const office = officeLog(folder, hosts);
  const logOf = (attack: Attack): string => {
    const path = join(
      folder,
      `attack-${hosts}-${days}d-${values.logs}-${values.attacks}-${seed}-${attack.name}.json`,
    );
    const lines = [...written(scenario(attack.name, attack.params, { seed, start }))];
    writeFileSync(path, lines.map((one) => `${one}\n`).join(''));
    return path;
  };
  // Days on which people work, the later half first: baselines are there by then.
  const working = Array.from({ length: days }, (_, day) => day).filter((day) => day % 7 < 5);
  const late = working.slice(Math.floor(working.length / 2));
  const one_day = late.at(-2) ?? late[0] ?? 0;
  const name = `${hosts}-${days}d-${values.logs}-${values.attacks}-${seed}`;
  if (values.attacks === 'none') {
    const outcome = await run([office], name);
    tellQuiet(outcome, []);
    return keepRow(hosts, outcome, [], {});
  }
  const laid_in = attacks(hosts, (n) => (values.attacks === 'spread' ? late[n % late.length]! : one_day));
  if (values.attacks !== 'alone') {
    const outcome = await run([office, ...laid_in.map(logOf)], name);
    tellQuiet(outcome, laid_in);
    const told = Object.fromEntries(laid_in.map((attack) => [attack.name, tellAttack(attack, outcome)]));
    const seen = Object.values(told).filter((one) => !one.startsWith(unseenWord));
    console.log(`  ${seen.filter(isTold).length} of ${seen.length} attacks told that these logs can show`);
    return keepRow(hosts, outcome, laid_in, told);
  }
  let told = 0;
  for (const attack of laid_in)
    if (isTold(tellAttack(attack, await run([office, logOf(attack)], `${name}-${attack.name}`)))) told++;
  console.log(`  ${told} of ${laid_in.length} attacks told`);
}

console.log(machine());
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'weir-quiet-'));
mkdirSync(folder, { recursive: true });
try {
  for (const hosts of values.hosts.split(',')) await measure(folder, Number(hosts));
} finally {
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
}
