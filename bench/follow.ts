/**
 * How fast a file is followed while it grows: lines and bytes a second, and how long after a line was written it is
 * delivered. node bench/follow.ts [--mb 1000] [--runs 3]
 */
import { spawn } from 'node:child_process';
import { fdatasyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { followInput } from '../src/collect/live/follow.ts';
import type { Deliver } from '../src/collect/live/input.ts';

const { values } = parseArgs({
  options: { mb: { type: 'string', default: '1000' }, runs: { type: 'string', default: '3' } },
});
const bytes = Number(values.mb) * 1_000_000;

/** Appends lines like those of conn.log, as fast as it can or `mb_per_s`; tells when it is done. */
const writer = `
  const fs = require('node:fs');
  const [path, bytes, mb_per_s] = [process.argv[1], Number(process.argv[2]), Number(process.argv[3])];
  const fd = fs.openSync(path, 'a');
  let block = '';
  for (let i = 0; block.length < 64000; i++)
    block += '1741000000.' + String(100000 + i) + '\\tCq3v0a1Zb2Xc4Yd5' + i + '\\t10.20.1.34\\t51234\\t203.0.113.99\\t443\\ttcp\\tssl\\t0.123456\\t1234\\t56789\\tSF\\tT\\tF\\t0\\tShADadFf\\t12\\t1900\\t50\\t58900\\t-\\t6\\n';
  const begun = Date.now();
  (async () => {
    for (let written = 0; written < bytes; ) {
      written += fs.writeSync(fd, block);
      const ahead_ms = mb_per_s > 0 ? (written / mb_per_s / 1000) - (Date.now() - begun) : 0;
      if (ahead_ms > 1) await new Promise((resolve) => setTimeout(resolve, ahead_ms));
    }
    console.log(Date.now() - begun);
  })();`;

/** What is done with each piece: nothing, or its position is written and synced, as a consumer must before it counts as kept. */
function taker(saves: boolean, folder: string): Deliver {
  if (!saves) return async () => {};
  const fd = openSync(join(folder, 'positions'), 'w');
  return async ({ position }) => {
    writeSync(fd, JSON.stringify(position), 0);
    fdatasyncSync(fd);
  };
}

async function run(saves: boolean, mb_per_s: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-follow-'));
  const path = join(folder, 'conn.log');
  const take = taker(saves, folder);
  const before = process.cpuUsage();
  try {
    const input = followInput({ source: 'bench', paths: [path], from: 'beginning', positions: [] });
    await input.start(take);
    const begun = performance.now();
    const child = spawn(process.execPath, ['-e', writer, path, String(bytes), String(mb_per_s)], {
      stdio: 'inherit',
    });
    await new Promise((resolve) => child.on('exit', resolve));
    const written = performance.now();
    while (input.state().received_bytes < statSync(path).size)
      await new Promise((resolve) => setTimeout(resolve, 2));
    const ended = performance.now();
    const { received_bytes, received_records } = input.state();
    await input.stop(1_000);
    const seconds = (ended - begun) / 1000;
    const { user, system } = process.cpuUsage(before);
    console.log(
      [
        saves ? 'positions saved and synced' : 'positions not saved',
        mb_per_s > 0 ? `written at ${mb_per_s} MB/s` : 'written as fast as possible',
        `${(received_bytes / 1e6 / seconds).toFixed(0)} MB/s`,
        `${Math.round(received_records / seconds / 1000)},000 lines/s`,
        `${(ended - written).toFixed(0)} ms behind at the end`,
        `${((user + system) / 1e6).toFixed(1)} s of processor`,
      ].join(', '),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (let i = 0; i < Number(values.runs); i++) for (const saves of [false, true]) await run(saves, 0);
await run(true, 20);
