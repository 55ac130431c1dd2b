// A test report that is short when all is well and whole when not: failures with their reason and place, skipped
// tests with theirs, the slowest files, and the counts. With WEIR_COUNTS it also appends the counts to that file.
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { inspect } from 'node:util';

const shownSlow = 3;
const slowFileSeconds = 2;
/** Characters of what a file printed that are shown when it dies. */
const keptOutput = 4000;
/** The suites on real data print tables and figures: those are the point of running them. */
const tells = process.env.WEIR_SUITE === 'data' || process.env.WEIR_SUITE === 'external';
const keptTold = 200_000;
/** What the runner itself says at the end of every file. */
const ofRunner = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/** @param {AsyncIterable<import('node:test/reporters').TestEvent>} events */
export default async function* report(events) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  /** @type {Map<string, number>} */
  const seconds = new Map();
  /** @type {Map<string, number>} */
  const skips = new Map();
  /** @type {Map<string, string>} */
  const output = new Map();
  const started = performance.now();
  for await (const event of events) {
    if (event.type === 'test:stderr' || event.type === 'test:stdout') {
      const said = (output.get(event.data.file) ?? '') + event.data.message;
      output.set(event.data.file, said.slice(tells ? -keptTold : -keptOutput));
    }
    if (tells && event.type === 'test:diagnostic' && !ofRunner.test(event.data.message)) {
      yield `  ${relative('', event.data.file ?? '')}: ${event.data.message}\n`;
    }
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { data } = event;
    const file = relative('', data.file ?? '');
    if (data.nesting === 0) seconds.set(file, (seconds.get(file) ?? 0) + data.details.duration_ms / 1000);
    if (event.type === 'test:fail' && data.todo === undefined) {
      const error = /** @type {any} */ (data.details).error;
      // A group fails because a test in it did; that test was already told.
      if (error?.failureType === 'subtestsFailed') continue;
      counts.failed++;
      yield `\n✖ ${data.name}\n  ${file}:${data.line ?? 0}\n${indent(reasonOf(error))}\n`;
      if (isFile(data, file)) yield `${indent((output.get(file) ?? '').trimEnd())}\n`;
    } else if (isFile(data, file)) {
      counts.failed++;
      yield `\n✖ ${file} declares no test\n`;
      process.exitCode = 1;
    } else if (data.skip !== undefined || data.todo !== undefined) {
      counts.skipped++;
      const why = [data.skip, data.todo].find((text) => typeof text === 'string' && text !== '') ?? data.name;
      skips.set(String(why), (skips.get(String(why)) ?? 0) + 1);
    } else if (data.details.type !== 'suite') counts.passed++;
  }
  if (tells) for (const [file, said] of output) yield `\n${relative('', file)} says:\n${said.trimEnd()}\n\n`;
  for (const [why, times] of skips) yield `- skipped${times > 1 ? ` ${times}` : ''}: ${why}\n`;
  const slow = [...seconds].filter(([, s]) => s > slowFileSeconds).sort((a, b) => b[1] - a[1]);
  for (const [file, s] of slow.slice(0, shownSlow)) yield `- slow: ${file} took ${s.toFixed(1)} s\n`;
  const took = ((performance.now() - started) / 1000).toFixed(1);
  const suite = process.env.WEIR_SUITE ?? 'tests';
  const total = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  yield `\n${suite}, ${took} s:\n${total}\n`;
  if (process.env.WEIR_COUNTS) {
    appendFileSync(
      process.env.WEIR_COUNTS,
      `${suite} ${counts.passed} ${counts.failed} ${counts.skipped} ${took}\n`,
    );
  }
  if (counts.passed + counts.failed + counts.skipped === 0) {
    yield 'No test ran at all; that counts as a failure.\n';
    process.exitCode = 1;
  }
}

/** Whether the event is about a whole file: Node sends one only when the file declared no test, or died.
 * @param {{ name: string, nesting: number }} data @param {string} file */
function isFile(data, file) {
  return data.nesting === 0 && (data.name === file || data.name.endsWith(`/${file}`));
}

/** @param {unknown} error */
function reasonOf(error) {
  const cause = /** @type {{ cause?: unknown }} */ (error)?.cause ?? error;
  if (!(cause instanceof Error)) return inspect(cause);
  // The stack holds message and difference; frames inside Node help nobody.
  const lines = (cause.stack ?? cause.message).split('\n');
  return lines.filter((line) => !/^\s+at .*\(?node:/.test(line)).join('\n');
}

/** @param {string} text */
const indent = (text) => text.replace(/^/gm, '  ');
