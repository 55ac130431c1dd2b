import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sampleStart, scenario, zeekJson, zeekLogOf } from '../src/scenarios/index.ts';

/** What the README shows of the sample. Everything is what the commands print, only cut: … stands for what is left out. */
export interface Session {
  /** `npm start`: the summary, the first rows, one paragraph. */
  readonly start: string;
  /** `weir explain` of the same finding, one event of its evidence. */
  readonly explain: string;
  /** Some members of `weir explain --json`. */
  readonly json: string;
  /** What the detector of docs/writing-a-detector.md says, its first paragraph. */
  readonly own: string;
}

const rows_shown = 8;
/** The finding that is told at length: the one in which data leaves. */
const told = /^ *\d+ .*\b([0-9a-f]{8}) +pc-015 \(10\.20\.1\.34\) +Far more sent/m;

/** Plays the sample and records what is printed; `content`: files of a folder of own content. Takes some twenty seconds. */
export function session(main: string, content: ReadonlyMap<string, string>): Session {
  const folder = mkdtempSync(join(tmpdir(), 'weir-docs-'));
  const weir = (...args: string[]): string => {
    const run = spawnSync(process.execPath, [main, ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, npm_lifecycle_event: 'start' },
    });
    if (run.status !== 0) throw new Error(`weir ${args.join(' ')}: ${run.stderr}`);
    return run.stdout.trimEnd();
  };
  try {
    writeZeek(join(folder, 'zeek'));
    const all = weir('start').replaceAll(/\/\S*\/office\.log/g, '…/office.log');
    const id = told.exec(all)?.[1];
    if (id === undefined)
      throw new Error('the sample gave no finding of the upload: the README shows that one');
    const paragraphs = all.split('\n\n').filter((one) => /^ *\d+\. /.test(one));
    const paragraph = paragraphs.find((one) => one.includes(id)) ?? paragraphs[0];
    weir('analyze', 'zeek/', '--keep', '.weir');
    for (const [file, text] of content) {
      mkdirSync(dirname(join(folder, 'rules', file)), { recursive: true });
      writeFileSync(join(folder, 'rules', file), text);
    }
    const by_own = weir('analyze', 'zeek/', '--content', 'rules', '--detector', 'file_hoarding');
    return {
      start: `$ npm start\n${head(all)}\n…\n${paragraph}\n…`,
      explain: `$ weir analyze zeek/ --keep .weir\n…\n$ weir explain ${id} --keep .weir\n${oneEvent(weir('explain', id, '--keep', '.weir'))}`,
      own: by_own.split('\n\n').find((one) => /^ *1\. /.test(one)) ?? '',
      json: shortJson(JSON.parse(weir('explain', id, '--keep', '.weir', '--json'))),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The sample as Zeek writes it: a log for each kind. */
function writeZeek(folder: string): void {
  const logs = new Map<string, string[]>();
  for (const event of scenario('sample', {}, { seed: 1, start: sampleStart })) {
    const line = zeekJson(event);
    if (line === '') continue;
    const log = zeekLogOf(event);
    const lines = logs.get(log);
    if (lines) lines.push(line);
    else logs.set(log, [line]);
  }
  mkdirSync(folder);
  for (const [log, lines] of logs) writeFileSync(join(folder, `${log}.log`), `${lines.join('\n')}\n`);
}

/** Up to the first rows of the table. */
function head(text: string): string {
  const lines = text.split('\n');
  return lines
    .slice(
      0,
      lines.findIndex((line) => line.startsWith(` ${rows_shown + 1} `)),
    )
    .join('\n');
}

/** A story with the first event of its evidence. */
function oneEvent(story: string): string {
  const [before = '', evidence = '', after = ''] = story.split(/(?<=\nEvidence [^\n]*\n)([\s\S]*?)(?=\n\n)/);
  const lines = evidence.split('\n');
  const second = lines.findIndex((line, at) => at > 0 && /^ {2}\d{4}-/.test(line));
  return before + [...lines.slice(0, second < 0 ? lines.length : second), '  …'].join('\n') + after;
}

/** Members that say what the form is about; a list is cut to its first. */
function shortJson(finding: Record<string, unknown>): string {
  const kept = [
    ...[
      'class_uid',
      'class_name',
      'severity',
      'risk_score',
      'confidence_score',
      'start_time',
      'end_time',
      'message',
    ],
    ...['finding_info', 'uid', 'title', 'analytic', 'name', 'type', 'attacks', 'tactic', 'technique'],
    ...['anomaly_analyses', 'analysis_targets', 'baselines', 'anomalies', 'observations'],
    ...['observation_parameter', 'observed_pattern', 'value', 'count'],
    ...[
      'evidences',
      'src_endpoint',
      'dst_endpoint',
      'ip',
      'port',
      'data',
      'file',
      'line',
      'unmapped',
      'p_value',
    ],
  ];
  const cut = (_: string, value: unknown): unknown => (Array.isArray(value) ? value.slice(0, 1) : value);
  const short = JSON.parse(JSON.stringify(finding, cut)) as unknown;
  return folded(JSON.parse(JSON.stringify(short, kept)) as unknown, '');
}

/** JSON in which what fits on a line stands on one. */
function folded(value: unknown, indent: string): string {
  const flat = JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ');
  if (indent.length + flat.length <= 100 || typeof value !== 'object' || value === null) return flat;
  const deeper = `${indent}  `;
  if (Array.isArray(value)) return `[${value.map((one) => folded(one, indent)).join(', ')}]`;
  const members = Object.entries(value).map(
    ([name, one]) => `${deeper}${JSON.stringify(name)}: ${folded(one, deeper)}`,
  );
  return `{\n${members.join(',\n')}\n${indent}}`;
}
