import { randomUUID } from 'node:crypto';
import { closeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { WeirError } from '../base/error.ts';
import { claimFolder, emptyOwn, openNew, writeAll } from '../base/own-files.ts';
import { createProgress, plain } from '../base/terminal.ts';
import { loadContent } from '../content/index.ts';
import { analyze, runDefaults } from '../pipeline/route.ts';
import { sampleStart, scenario, zeekJson } from '../scenarios/index.ts';
import { printText } from './analyze.ts';
import { argumentsOf, exits, whole } from './arguments.ts';
import { productVersion } from './version.ts';
import { withStore } from './with-store.ts';

export const help = `usage: weir start [--seed N] [--keep DIR]

With nothing configured, plays a made-up small office (two ordinary days, then an attack in five stages and two harmless
oddities on the third) through the same route as real traffic, and shows what Weir says of it.

  --seed N     another made-up office (default 1)
  --keep DIR   where the result is kept, for weir explain (default .weir-sample; replaced at every start)

exit status: 0 done, 2 wrong usage, ${exits}`;

const options = {
  seed: { type: 'string', default: '1' },
  keep: { type: 'string', default: '.weir-sample' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** The sample's log, beside its store. */
const sample_log = 'sample-office.log';

const notice = `SAMPLE TRAFFIC: no network is being watched. What follows is a made-up office of some twenty hosts, three days long,
written as Zeek logs and read like any others.`;

const own = (command: string): string => `Your own traffic: ${command} analyze PATH…
  PATH: captures (pcap, pcapng), Zeek logs (TSV, JSON), Suricata eve.json; files, folders, patterns, or - for standard input.
  For example: tcpdump -w - -c 100000 | ${command} analyze -`;

/** `weir start` (and `npm start`). */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = argumentsOf(args, options, 'start');
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (positionals.length > 0)
    throw new WeirError(
      'usage',
      `weir start takes no ${positionals.map(plain).join(' ')}; it plays a sample, weir analyze reads your own traffic`,
    );
  const seed = whole(values.seed, 'seed', 0, 2 ** 32 - 1);
  console.log(`${notice}\n`);
  const keep = resolve(values.keep);
  makeRoom(keep);
  const progress = createProgress(process.stderr);
  try {
    // The log stays beside the store, so that evidence leads to a line that is there.
    const log = join(values.keep, sample_log);
    const result = await withStore({ directory: keep }, async (store) => {
      await writeSample(log, seed);
      return analyze(store, loadContent(), {
        run_id: randomUUID(),
        version: productVersion(),
        paths: [log],
        ...runDefaults,
        keep_raw: true,
        now: Date.now() * 1000,
        progress: progress.update,
      });
    });
    progress.done();
    const command = process.env.npm_lifecycle_event === undefined ? 'weir' : 'npm run -s weir --';
    printText(result, { top: 5, keep: values.keep, command });
    console.log(`\nThis was SAMPLE TRAFFIC.\n${own(command)}`);
  } finally {
    progress.done();
  }
  return 0;
}

/** What a sample consists of, besides its marker; nothing else in its folder is removed. */
const sample_entries = [sample_log, 'engine.pid', 'engine.xml', 'data', 'incoming', 'files'];

/** Makes the folder, or removes an earlier sample from it. One that Weir did not make for a sample is left: `usage`. */
function makeRoom(keep: string): void {
  claimFolder(keep, 'sample');
  emptyOwn(keep, 'sample', sample_entries);
}

/** Writes the sample as one file of Zeek JSON lines. */
async function writeSample(file: string, seed: number): Promise<void> {
  const out = openNew(file);
  try {
    let lines: string[] = [];
    for (const event of scenario('sample', {}, { seed, start: sampleStart })) {
      const line = zeekJson(event);
      if (line !== '') lines.push(`${line}\n`);
      if (lines.length < 2000) continue;
      writeAll(out, Buffer.from(lines.join('')));
      lines = [];
      // So that a signal is heard.
      await setImmediate();
    }
    writeAll(out, Buffer.from(lines.join('')));
  } finally {
    closeSync(out);
  }
}
