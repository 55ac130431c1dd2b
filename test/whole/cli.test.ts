import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { toldAt } from '../../src/schema/event/index.ts';
import { listFindings, listRuns, openStore, saveFindings } from '../../src/store/index.ts';
import { Conversation, capture } from '../packets.ts';
import { linesOf, smallOffice, temporaryFolder } from './run-analyze.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const folder = temporaryFolder();
/** Temporary stores of the commands land here, so that leftovers are seen. */
const temporary = join(folder.path, 'tmp');
mkdirSync(temporary);
after(folder.remove);

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function start(args: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
  return spawn(process.execPath, [main, ...args], {
    stdio: [stdin, 'pipe', 'pipe'],
    cwd: folder.path,
    env: { ...process.env, TMPDIR: temporary },
  });
}

async function ended(child: ChildProcess): Promise<Ran> {
  let out = '';
  let err = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, out, err };
}

const weir = (...args: string[]): Promise<Ran> => ended(start(args));

function fed(input: string | Buffer, ...args: string[]): Promise<Ran> {
  const child = start(args, 'pipe');
  child.stdin!.on('error', () => {});
  child.stdin!.end(input);
  return ended(child);
}

type Row = Record<string, unknown>;
/** Standard output of --json: nothing but one finding a line. */
function findings({ out }: Ran): Row[] {
  const lines = out.split('\n');
  assert.equal(lines.pop(), '');
  return lines.map((line) => {
    const finding = JSON.parse(line) as Row;
    assert.equal(finding.class_uid, 2004);
    return finding;
  });
}
const idsOf = (ran: Ran): unknown[] => findings(ran).map((one) => (one.finding_info as Row).uid);

const events = smallOffice();
const lines = linesOf(events);
const whole = `${lines.join('\n')}\n`;
const office = folder.write('office/office.json', whole);
const quick = ['--detector', 'vertical_scan'];
/** For what takes more than one finding. */
const several = [...quick, '--detector', 'beacon_name'];
const half = Math.floor(lines.length / 2);
const morning = folder.write('days/1.json', `${lines.slice(0, half).join('\n')}\n`);
const evening = folder.write('days/2.json', `${lines.slice(half).join('\n')}\n`);

const keep = join(folder.path, 'kept');
/** Runs that several tests ask of, each made once: with every detector and kept, and with few. */
const kept = onlyOnce(() => weir('analyze', office, '--json', '--keep', keep, '--keep-raw'));
const few = onlyOnce(() => weir('analyze', office, '--json', '--budget', '500', ...quick));

function onlyOnce<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => (made ??= make());
}

/** Processes that work in our temporary folder. */
function engines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(temporary);
      } catch {
        return false;
      }
    });
}

async function until(what: () => boolean, seconds = 10): Promise<boolean> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(25)) if (what()) return true;
  return what();
}

describe('wrong usage ends with status 2 and names what is wrong', () => {
  const cases: readonly (readonly [name: string, args: string[], says: RegExp])[] = [
    ['no command', [], /No command was given[\s\S]*usage: weir/],
    ['an unknown command', ['analyse', 'x'], /There is no command "analyse"/],
    ['nothing to read', ['analyze'], /nothing to read was given[\s\S]*usage: weir analyze/],
    [
      'an unknown option',
      ['analyze', 'x', '--jsno'],
      /there is no option --jsno; --json is near; weir analyze --help/,
    ],
    [
      'a path that is not there',
      ['analyze', office, 'no/such.log'],
      /cannot read no\/such\.log: there is no such/,
    ],
    [
      'a pattern that matches nothing',
      ['analyze', 'no*.log'],
      /cannot read no\*\.log: the pattern matches nothing/,
    ],
    ['a baseline that is not there', ['analyze', office, '--baseline', 'gone.log'], /cannot read gone\.log/],
    ['a severity', ['analyze', office, '--fail-on', 'bad'], /--fail-on: one of informational, .*not bad/],
    ['a budget', ['analyze', office, '--budget', '-1/day'], /--budget/],
    ['a budget of nothing', ['analyze', office, '--budget', '0'], /--budget: a number a day/],
    ['a budget by the hour', ['analyze', office, '--budget', '5/hour'], /--budget: .*5\/hour/],
    ['an instant', ['analyze', office, '--since', 'yesterday'], /--since: not an instant .*: yesterday/],
    ['an instant in words', ['analyze', office, '--until', 'March 7'], /--until: not an instant/],
    [
      'a day that is not in the calendar',
      ['analyze', office, '--since', '2022-02-30'],
      /--since: there is no such day or time: 2022-02-30/,
    ],
    [
      'an hour that no day has',
      ['analyze', office, '--until', '2026-01-05 25:00'],
      /--until: there is no such day or time: 2026-01-05 25:00/,
    ],
    ['two findings', ['explain', 'abc', 'def', '--keep', 'nowhere'], /one finding at a time, not also def/],
    [
      '--since after all that was read',
      ['analyze', office, '--since', '2026-01-06'],
      /--since 2026-01-06 00:00:00 is after all that was read, which ends 2026-01-05 1\d:\d\d:\d\d \(UTC\)/,
    ],
    ['a year alone', ['analyze', office, '--since', '2026'], /--since: not an instant/],
    [
      'an empty span',
      ['analyze', office, '--since', '2026-01-06', '--until', '2026-01-05'],
      /is not before --until/,
    ],
    ['networks', ['analyze', office, '--local-nets', '10.0.0.0/33'], /--local-nets: .*10\.0\.0\.0\/33/],
    ['no networks', ['analyze', office, '--local-nets', ''], /--local-nets: .*nothing/],
    ['a number', ['analyze', office, '--top', 'all'], /--top: a whole number from 0 to 1,000,000, not all/],
    ['two stores', ['analyze', office, '--keep', 'x', '--store', 'http://127.0.0.1:1'], /exclude each other/],
    ['no server', ['analyze', office, '--store', 'http://127.0.0.1:1'], /127\.0\.0\.1:1 cannot be reached/],
    ['no finding', ['explain'], /which finding\?/],
    ['no store', ['explain', 'abc', '--keep', 'nowhere'], /there is no store in nowhere/],
    ['no content', ['analyze', office, '--content', 'nowhere'], /nowhere/],
    ['a seed', ['start', '--seed', 'x'], /--seed: a whole number from 0 to 4,294,967,295, not x/],
  ];
  for (const [name, args, says] of cases) {
    test(name, async () => {
      const ran = await weir(...args);
      assert.deepEqual([ran.status, ran.out], [2, ''], ran.err);
      assert.match(ran.err, says);
      assert.match(ran.err, /^weir: /);
      assert.doesNotMatch(ran.err, /\n {4}at /, 'no stack trace');
    });
  }

  test('a detector that is not there, with those that are', async () => {
    const ran = await weir('analyze', office, '--detector', 'beacon');
    assert.equal(ran.status, 2);
    assert.match(ran.err, /there is no detector beacon; there are .*beacon_name.*vertical_scan/);
  });

  test('input of no known kind, with why', async () => {
    const notes = folder.write('notes.txt', 'bought milk\n');
    const one = await weir('analyze', notes);
    assert.equal(one.status, 2);
    assert.match(one.err, /notes\.txt: text of a kind that is not known/);
    const piped = await fed('{"a":1}\n', 'analyze', '-');
    assert.equal(piped.status, 2);
    assert.match(piped.err, /-: JSON, but neither Zeek nor Suricata wrote it/);
  });

  test('help and version are no error', async () => {
    for (const args of [
      ['--help'],
      ['analyze', '--help'],
      ['check', '-h'],
      ['explain', '--help'],
      ['start', '-h'],
    ]) {
      const ran = await weir(...args);
      assert.deepEqual([ran.status, ran.err], [0, '']);
      assert.match(ran.out, /usage: weir/);
    }
    assert.match((await weir('--version')).out, /^\d+\.\d+\.\d+\n$/);
  });
});

describe('weir analyze', () => {
  test('prints a summary, a table and paragraphs; status 0', async () => {
    const ran = await weir('analyze', office, '--top', '1', ...quick);
    assert.deepEqual([ran.status, ran.err], [0, '']);
    assert.match(ran.out, /^Read 1 file/);
    assert.match(ran.out, /Many ports of one host tried/);
    assert.equal(ran.out.match(/^ +\d+\. [A-Z]+[, (]+risk/gm)?.length, 1);
  });

  test('the first line counts events once, and says how many were duplicates', async () => {
    const copy = folder.write('copy/again.json', whole);
    const ran = await weir('analyze', office, copy, ...quick);
    const n = lines.length.toLocaleString('en');
    assert.match(
      ran.out,
      new RegExp(`^Read 2 files, .*: ${n} events of .*, and ${n}\\s+duplicates\\s+\\(records told before\\)`),
    );
  });

  test('--json prints findings and nothing else; notes go to standard error', async () => {
    const ran = await fed(`${whole}no record\n`, 'analyze', '-', '--json', ...several);
    assert.equal(ran.status, 0);
    assert.ok(findings(ran).length > 1);
    assert.match(ran.err, /weir: 1 record could not be read/);
  });

  test('--json with nothing found prints nothing', async () => {
    const ran = await fed(`${lines[0]}\n`, 'analyze', '-', '--json', ...quick);
    assert.deepEqual([ran.status, ran.out], [0, '']);
    const text = await fed(`${lines[0]}\n`, 'analyze', '-', ...quick);
    assert.match(text.out, /Nothing could be judged/);
  });

  test('standard input may be JSON, TSV, a capture, packed', async () => {
    const want = idsOf(await few());
    assert.ok(want.length > 0);
    const packed = await fed(gzipSync(whole), 'analyze', '-', '--json', '--budget', '500', ...quick);
    assert.deepEqual(idsOf(packed), want);
    const tsv = readFileSync(new URL('../fixtures/zeek/conn.log', import.meta.url));
    assert.match((await fed(tsv, 'analyze', '-', ...quick)).out, /zeek_tsv +1 /);
    const packets = capture(new Conversation().open().client('GET / HTTP/1.1\r\n\r\n').close().frames);
    assert.match((await fed(packets, 'analyze', '-', ...quick)).out, /pcap +1 /);
  });

  test('patterns, folders and files name the same input', async () => {
    const want = idsOf(await weir('analyze', morning, evening, '--json', ...quick));
    assert.deepEqual(idsOf(await weir('analyze', 'days/*.json', '--json', ...quick)), want);
    assert.deepEqual(idsOf(await weir('analyze', 'days', '--json', ...quick)), want);
  });

  test('--since reports only what ends after, --until leaves out what happens from then on', async () => {
    const all = findings(await few());
    const at = '2026-01-05T11:00:00Z';
    const at_ms = Date.parse(at);
    const since = findings(
      await weir('analyze', office, '--json', '--budget', '500', '--since', at, ...quick),
    );
    assert.ok(since.length > 0 && since.length <= all.length);
    for (const one of since) assert.ok(Number(one.end_time) >= at_ms, JSON.stringify(one.finding_info));
    const until_then = await weir('analyze', office, '--until', '2026-01-05 11:00', ...quick);
    assert.match(until_then.out, /after --until/);
    assert.doesNotMatch(until_then.out, /Many ports of one host tried/);
    const kept = events.filter((event) => toldAt(event) < at_ms * 1000).length;
    assert.match(
      until_then.out,
      new RegExp(`zeek_json +1 +${lines.length.toLocaleString('en')} +${kept.toLocaleString('en')} `),
    );
  });

  test('--budget holds back, --fail-on gives status 1', async () => {
    const one = await weir('analyze', office, '--json', '--budget', '1/day', ...several);
    assert.equal(findings(one).length, 1);
    const failing = await weir('analyze', office, '--json', '--fail-on', 'medium', ...quick);
    assert.equal(failing.status, 1);
    assert.ok(findings(failing).length > 0);
    const critical = await weir('analyze', office, '--json', '--fail-on', 'critical', ...quick);
    assert.equal(critical.status, 0);
  });

  test('several baselines are learned from and not reported on', async () => {
    const cut = Math.floor(half / 2);
    const one = folder.write('base/1.json', `${lines.slice(0, cut).join('\n')}\n`);
    const two = folder.write('base/2.json', `${lines.slice(cut, half).join('\n')}\n`);
    const ran = await weir(
      'analyze',
      evening,
      '--baseline',
      one,
      '--baseline',
      two,
      '--json',
      '--budget',
      '500',
      ...several,
    );
    assert.match(
      ran.err,
      new RegExp(`learned from ${half.toLocaleString('en')} events of the baseline first`),
    );
    assert.ok(findings(ran).length > 0);
    for (const finding of findings(ran))
      assert.ok(
        Number(finding.end_time) * 1000 >= events[half - 1]!.time,
        JSON.stringify(finding.finding_info),
      );
  });

  test('a baseline that is later is moved back by whole weeks, and that is said', async () => {
    const ran = await weir('analyze', morning, '--baseline', evening, ...quick);
    assert.equal(ran.status, 0);
    assert.match(ran.out.replace(/\s+/g, ' '), /its times moved back by 1 week to come before/);
    const piped = await fed(readFileSync(evening), 'analyze', morning, '--baseline', '-');
    assert.equal(piped.status, 2);
    assert.match(piped.err, /must be read twice/);
  });
});

describe('weir analyze --keep, weir explain', () => {
  let ids: string[];
  before(async () => {
    ids = idsOf(await kept()) as string[];
    assert.ok(ids.length > 1);
  });

  test('explain tells one finding by the beginning of its id, for people and as JSON', async () => {
    const [id = ''] = ids;
    const told = await weir('explain', id.slice(0, 8), '--keep', keep);
    assert.deepEqual([told.status, told.err], [0, '']);
    assert.match(told.out, /office\.json:\d+/);
    const [, agree, of] =
      /^Counted again: (\d+) of (\d+) numbers of the sentence agree with the stored events\.$/m.exec(
        told.out,
      ) ?? [];
    assert.ok(Number(of) > 0, told.out);
    assert.equal(agree, of);
    const json = await weir('explain', id.slice(0, 8), '--keep', keep, '--json');
    assert.deepEqual(idsOf(json), [id]);
  });

  test('an id that is unknown, or of several findings, is told', async () => {
    const unknown = await weir('explain', 'zzzz', '--keep', keep);
    assert.equal(unknown.status, 2);
    assert.match(unknown.err, /there is no finding zzzz/);
    const store = await openStore({ directory: keep });
    try {
      const [run] = await listRuns(store, 1);
      const [one] = await listFindings(store);
      const alike = ['feed000000000001', 'feed000000000002'].map((finding_id) => ({ ...one!, finding_id }));
      await saveFindings(store, run!.run_id, alike, false, 1);
    } finally {
      await store.close();
    }
    const many = await weir('explain', 'feed', '--keep', keep);
    assert.equal(many.status, 2);
    assert.match(many.err, /feed fits 2 findings; give more of its id/);
  });

  test('a second run in the same folder finds the same, and explain knows one finding', async () => {
    const again = await weir('analyze', office, '--json', '--keep', keep, '--keep-raw');
    assert.deepEqual(idsOf(again), ids);
    assert.equal((await weir('explain', ids[0]!, '--keep', keep)).status, 0);
  });

  test('a folder that another Weir is using is named', async () => {
    const child = start(['analyze', '-', '--keep', keep, ...quick], 'pipe');
    const [first] = await Promise.all([
      ended(child),
      (async () => {
        assert.ok(await until(() => engines().length > 0 || existsSync(join(keep, 'engine.pid'))));
        child.stdin!.write(whole);
        assert.ok(
          await until(() => readFileSync(join(keep, 'engine.pid'), 'utf8').startsWith(`${child.pid} `)),
        );
        const second = await weir('analyze', office, '--keep', keep, ...quick);
        assert.equal(second.status, 2);
        assert.match(
          second.err,
          new RegExp(`Another Weir \\(process ${child.pid}\\) is using the store at .*kept`),
        );
        child.stdin!.end();
      })(),
    ]);
    assert.equal(first.status, 0, first.err);
  });
});

const shipped = fileURLToPath(new URL('../../content', import.meta.url));

/** A folder with one detector of one's own, changed as told. */
function ownContent(
  name: string,
  change: (detector: string) => string,
  sql: (text: string) => string,
): string {
  const detector = readFileSync(join(shipped, 'detectors', 'vertical_scan.yaml'), 'utf8')
    .replace(/^id: .*$/m, `id: own_${name}`)
    .replace(/^features: .*$/m, `features: own_${name}`);
  const feature = readFileSync(join(shipped, 'features', 'probed_ports.sql'), 'utf8');
  folder.write(join(`content-${name}`, 'features', `own_${name}.sql`), sql(feature));
  folder.write(join(`content-${name}`, 'detectors', `own_${name}.yaml`), change(detector));
  return join(folder.path, `content-${name}`);
}
const same = (text: string): string => text;

/** With one test that fires and one that stays quiet. */
const oneTest = (text: string): string =>
  text.replace(
    /^tests:[\s\S]*$/m,
    `tests:
  - { name: two hundred ports, given: { scenario: vertical_scan, ports: 200 }, expect: finding }
  - { name: a person browsing, given: { scenario: browsing }, expect: nothing }
`,
  );

describe('weir check', () => {
  test('lists the detectors that ship', async () => {
    const ran = await weir('check');
    assert.deepEqual([ran.status, ran.err], [0, '']);
    assert.match(ran.out, /vertical_scan/);
    assert.match(ran.out, /\d+ detectors and \d+ features are valid\./);
  });

  test('names file and field of a detector that is wrong', async () => {
    const dir = ownContent('field', (text) => text.replace(/^severity: .*$/m, 'severity: awful'), same);
    for (const args of [
      ['check', '--quick'],
      ['analyze', office],
    ]) {
      const ran = await weir(...args, '--content', dir);
      assert.equal(ran.status, 2);
      assert.match(ran.err, /own_field\.yaml.*severity/s);
    }
  });

  describe('tells of what nothing else would notice', () => {
    const given = /given: \{ scenario: vertical_scan/;
    const cases: readonly (readonly [name: string, says: RegExp, change: (text: string) => string])[] = [
      [
        'an empty window',
        /window: 0h is no time at all/,
        (text) => text.replace(/^window: .*$/m, 'window: 0h'),
      ],
      [
        'a hop that does not divide',
        /hop: 7m does not divide window 1h; such as 30m/,
        (text) => text.replace(/^window: .*\n(hop: .*\n)?/m, 'window: 1h\nhop: 7m\n'),
      ],
      [
        'an unknown scenario',
        /test ".*": there is no scenario vertikal_scan; vertical_scan is near/,
        (text) => text.replace(given, 'given: { scenario: vertikal_scan'),
      ],
      [
        'an unknown parameter',
        /test ".*": scenario vertical_scan, port: there is no such key; ports is near/,
        (text) => text.replace(given, 'given: { scenario: vertical_scan, port: 3'),
      ],
      [
        'a column in explain',
        /explain: no column no_such_thing in features\/own_/,
        (text) => text.replace(/^explain: (>-\n +|")?/m, (found) => `${found}{no_such_thing} `),
      ],
    ];
    for (const [i, [name, says, change]] of cases.entries()) {
      test(name, async () => {
        const ran = await weir('check', '--quick', '--content', ownContent(`mistake_${i}`, change, same));
        assert.equal(ran.status, 2);
        assert.match(ran.err, says);
        assert.match(ran.err, /own_mistake_\d\.yaml/);
      });
    }

    test('a column that no detector uses', async () => {
      const dir = ownContent('unused', same, (text) =>
        text.replace(/^columns:$/m, 'columns:\n  nobody_asks: {unit: count, says: of nothing}'),
      );
      const ran = await weir('check', '--quick', '--content', dir);
      assert.equal(ran.status, 2);
      assert.match(ran.err, /own_unused\.sql: no detector uses column nobody_asks/);
    });

    test('a .yml, a flat folder, two detectors with one id, stray arguments', async () => {
      const dir = ownContent('layout', same, same);
      const text = readFileSync(join(dir, 'detectors', 'own_layout.yaml'), 'utf8');
      folder.write('content-layout/detectors/other.yml', text);
      folder.write('content-layout/detectors/own_too.yaml', text);
      folder.write('content-layout/flat.yaml', text);
      const ran = await weir('check', '--quick', '--content', dir);
      assert.equal(ran.status, 2);
      assert.match(ran.err, /other\.yml: is read by nothing; files of detectors\/ end in \.yaml/);
      assert.match(ran.err, /own_too\.yaml: id own_layout is that of .*own_layout\.yaml, too/);
      assert.match(ran.err, /flat\.yaml: is read by nothing here; detectors belong into detectors\//);
      const stray = await weir('check', dir);
      assert.equal(stray.status, 2);
      assert.match(stray.err, /weir check takes no .*content-layout; --content names a folder/);
    });
  });

  test("--play plays the tests of one's own detectors, status 1 when one fails", async () => {
    const good = await weir('check', '--play', '--content', ownContent('played', oneTest, same));
    assert.deepEqual([good.status, good.err], [0, '']);
    assert.match(good.out, /^pass {2}own_played: .* → finding$/m);
    assert.match(good.out, /\n2 tests: 2 passed, 0 failed\.\n$/);
    assert.doesNotMatch(good.out, /vertical_scan:/);
    const never = (text: string): string => oneTest(text).replace(/^when: /m, 'when: false AND ');
    const bad = await weir('check', '--play', '--content', ownContent('never', never, same), 'own_never');
    assert.equal(bad.status, 1);
    assert.match(bad.out, /^FAIL {2}own_never: .* → finding: .* 0 findings$/m);
    assert.match(bad.out, /2 tests: 1 passed, 1 failed\./);
    const unknown = await weir('check', '--play', 'vertical_scam');
    assert.equal(unknown.status, 2);
    assert.match(unknown.err, /there is no detector vertical_scam; vertical_scan is near/);
  });

  test('names the file whose statement does not run', async () => {
    const sql = ownContent('sql', same, (text) => text.replace(/FROM connection/, 'FROM connektion'));
    const ran = await weir('check', '--content', sql);
    assert.equal(ran.status, 2);
    assert.match(ran.err, /own_sql\.sql: the statement: there is no table connektion/);
  });

  test('tells of every statement that does not run, not of the first alone', async () => {
    const dir = ownContent(
      'many',
      (text) =>
        text
          .replace(/where: "/, 'where: "no_such_column = 1 AND ')
          .replace(/^when: /m, 'when: no_such_either = 1 AND '),
      same,
    );
    const ran = await weir('check', '--content', dir);
    assert.equal(ran.status, 2);
    assert.match(
      ran.err,
      /own_many\.yaml: evidence 1: Unknown expression or function identifier `no_such_column`\n/,
    );
    assert.match(ran.err, /own_many\.yaml: when, raise, lower or called: .*no_such_either/);
  });
});

test('a detector that fails at run time is named, the others go on, and the status says that something is missing', async () => {
  const dir = ownContent('broken', same, (text) =>
    text.replace(/FROM connection/, "FROM (SELECT * FROM connection WHERE throwIf(src_ip != '') = 0)"),
  );
  const ran = await weir('analyze', office, '--json', '--content', dir, '--detector', 'own_broken', ...quick);
  assert.equal(ran.status, 2);
  assert.match(
    ran.err,
    /weir: detector own_broken \(.*own_broken\.yaml\) failed, so what it sees is missing: /,
  );
  assert.ok(findings(ran).some((one) => JSON.stringify(one).includes('vertical_scan')));
});

describe('a run that is stopped', () => {
  /** Reads what never ends until it is told to stop. */
  async function reading(): Promise<ChildProcess> {
    const child = start(['analyze', '-'], 'pipe');
    // Should the run end early, what it says is asserted below, not that nobody reads any more.
    child.stdin!.on('error', () => {});
    child.stdin!.write(whole);
    assert.ok(await until(() => readdirSync(temporary).some((name) => name.startsWith('weir-store-'))));
    assert.ok(await until(() => engines().length > 0));
    await sleep(800);
    return child;
  }

  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`${signal} ends the engine and removes the temporary store`, async () => {
      const child = await reading();
      const gone = ended(child);
      child.kill(signal);
      const ran = await gone;
      assert.equal(ran.status, status);
      assert.doesNotMatch(ran.err, /fault| {4}at /);
      assert.deepEqual(engines(), []);
      assert.deepEqual(readdirSync(temporary), []);
    });
  }

  test('an output that is closed early is no fault', async () => {
    const child = start(['analyze', office, '--json', ...quick]);
    child.stdout!.destroy();
    let err = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const [status] = await once(child, 'exit');
    assert.equal(status, 0);
    assert.doesNotMatch(err, /EPIPE|fault| {4}at /);
    assert.ok(await until(() => engines().length === 0 && readdirSync(temporary).length === 0));
  });

  test('SIGKILL leaves no engine and no store behind', async () => {
    const child = await reading();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    assert.ok(await until(() => engines().length === 0), 'the engine ends itself');
    assert.ok(await until(() => !readdirSync(temporary).some((name) => name.startsWith('weir-store-'))));
  });

  test('an engine that is killed in mid-run is started again, and the result is the same', async () => {
    const want = idsOf(await kept());
    const child = start(['analyze', '-', '--json'], 'pipe');
    const done = ended(child);
    child.stdin!.on('error', () => {});
    child.stdin!.write(`${lines.slice(0, half).join('\n')}\n`);
    // It writes this file once it answers.
    assert.ok(
      await until(
        () =>
          engines().length > 0 &&
          readdirSync(temporary).some((name) => existsSync(join(temporary, name, 'engine.pid'))),
      ),
    );
    await sleep(800);
    // Once while it is stored …
    const [first] = engines();
    process.kill(Number(first), 'SIGKILL');
    child.stdin!.end(`${lines.slice(half).join('\n')}\n`);
    // … and once more while it is judged.
    assert.ok(await until(() => engines().some((pid) => pid !== first)));
    await sleep(1000);
    for (const pid of engines()) process.kill(Number(pid), 'SIGKILL');
    const ran = await done;
    assert.equal(ran.status, 0, ran.err);
    assert.deepEqual(idsOf(ran), want);
  });
});
