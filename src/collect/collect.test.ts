import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { WeirError } from '../base/error.ts';
import {
  byFirstTime,
  defaultLimits,
  findInputs,
  type Input,
  type OpenInput,
  openInput,
  peekInput,
} from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-collect-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, bytes: Buffer | string): Input {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, bytes);
  return { name: path, path, size_bytes: Buffer.byteLength(bytes), found: false };
}

async function all(opened: OpenInput): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of opened.chunks) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Node warns of listeners that pile up. */
const warnings: string[] = [];
process.on('warning', (warning) => warnings.push(warning.message));

const names = (inputs: readonly Input[]): string[] => inputs.map((one) => relative(folder, one.name));
const missing = (text: RegExp) => (error: unknown) =>
  error instanceof WeirError && error.code === 'input_missing' && text.test(error.message);

test('a folder is read through in order, without hidden files, each file once', async () => {
  file('logs/b.log', 'b');
  file('logs/a.log', 'a');
  file('logs/.hidden', 'x');
  file('logs/day2/c.log', 'c');
  file('logs/.git/d.log', 'd');
  symlinkSync(join(folder, 'logs'), join(folder, 'logs', 'day2', 'circle'));
  symlinkSync(join(folder, 'logs', 'a.log'), join(folder, 'logs', 'z-link.log'));
  const logs = join(folder, 'logs');
  assert.deepEqual(names(await findInputs([logs])), ['logs/a.log', 'logs/b.log', 'logs/day2/c.log']);
  assert.deepEqual(names(await findInputs([join(logs, 'b.log'), logs])), [
    'logs/b.log',
    'logs/a.log',
    'logs/day2/c.log',
  ]);
  assert.deepEqual(names(await findInputs([join(logs, '*.log')])), ['logs/a.log', 'logs/b.log']);
  assert.deepEqual((await findInputs(['-']))[0], { name: '-', path: '-', size_bytes: null, found: false });
});

test('a path that names nothing is an error that names the path', async () => {
  await assert.rejects(
    findInputs([join(folder, 'nowhere.log')]),
    missing(/nowhere\.log: there is no such file/),
  );
  await assert.rejects(
    findInputs([join(folder, 'nowhere*')]),
    missing(/nowhere\*: the pattern matches nothing/),
  );
  const gone = file('gone.log', 'x');
  rmSync(gone.path);
  await assert.rejects(openInput(gone), missing(/gone\.log: there is no such file/));
  await assert.rejects(
    openInput({ name: folder, path: folder, size_bytes: null, found: false }),
    missing(/it is a folder/),
  );
});

test('plain, gzip, gzip of several members and zstd give the same bytes', async () => {
  const content = Buffer.from(
    Array.from({ length: 300_000 }, (_, i) => `line ${Math.imul(i, 2_654_435_761) >>> 0}\n`).join(''),
  );
  const half = content.length / 2;
  const packed: [string, Buffer, string][] = [
    ['plain.log', content, 'plain'],
    ['one.gz', gzipSync(content), 'gzip'],
    [
      'two.gz',
      Buffer.concat([gzipSync(content.subarray(0, half)), gzipSync(content.subarray(half))]),
      'gzip',
    ],
    ['misnamed.log', gzipSync(content), 'gzip'],
    ['one.zst', zstdCompressSync(content), 'zstd'],
    [
      'two.zst',
      Buffer.concat([zstdCompressSync(content.subarray(0, half)), zstdCompressSync(content.subarray(half))]),
      'zstd',
    ],
  ];
  for (const [name, bytes, encoding] of packed) {
    const input = file(name, bytes);
    const opened = await openInput(input);
    assert.equal(opened.encoding, encoding, name);
    assert.equal(opened.head.length, 65_536, name);
    assert.ok((await all(opened)).equals(content), name);
    assert.deepEqual(opened.problems(), [], name);
    assert.deepEqual(warnings, [], name);
    assert.equal(opened.bytes_read(), input.size_bytes, name);
    assert.equal(opened.bytes_out(), content.length, name);
    assert.ok((await peekInput(input)).equals(content.subarray(0, 65_536)), name);
  }
});

test('an empty file, and a file of fewer bytes than a magic number, are read as they are', async () => {
  for (const text of ['', 'a', '\x1f\x8b']) {
    const bytes = Buffer.from(text, 'latin1');
    const opened = await openInput(file('small', bytes));
    assert.ok(opened.head.equals(bytes));
    assert.ok((await all(opened)).equals(bytes));
    assert.deepEqual(opened.problems(), []);
  }
});

test('packed data that ends early or is damaged gives what can be read, and says so', async () => {
  const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => `line ${i * 7919}\n`).join(''));
  for (const [kind, bytes] of [
    ['gzip', gzipSync(content)],
    ['zstd', zstdCompressSync(content)],
  ] as const) {
    const opened = await openInput(file(`cut.${kind}`, bytes.subarray(0, Math.floor(bytes.length * 0.7))));
    const out = await all(opened);
    assert.ok(out.length > content.length / 3, `${kind} ${out.length}`);
    assert.ok(content.subarray(0, out.length).equals(out), kind);
    assert.deepEqual(opened.problems(), [{ reason: `the ${kind} data ends early`, offset: out.length }]);

    const damaged = Buffer.from(bytes);
    damaged.fill(0xff, Math.floor(bytes.length * 0.7), Math.floor(bytes.length * 0.7) + 64);
    const other = await openInput(file(`damaged.${kind}`, damaged));
    const part = await all(other);
    assert.ok(part.length > 0, kind);
    assert.equal(other.problems().length, 1, kind);
    assert.match(other.problems()[0]!.reason, new RegExp(`^the ${kind} data is damaged`));
  }
});

test('a small file that ends early keeps its problem for the end', async () => {
  const bytes = gzipSync(Buffer.from('one line\n'.repeat(50)));
  const opened = await openInput(file('short.gz', bytes.subarray(0, bytes.length - 6)));
  const out = await all(opened);
  assert.deepEqual(opened.problems(), [{ reason: 'the gzip data ends early', offset: out.length }]);
});

test('what follows the packed data is not lost in silence', async () => {
  const packed = zstdCompressSync(Buffer.from('one line\n'));
  const opened = await openInput(file('tail.zst', Buffer.concat([packed, Buffer.from('garbage')])));
  assert.equal((await all(opened)).toString(), 'one line\n');
  assert.equal(opened.problems().length, 1);
  const gzip = await openInput(
    file('tail.gz', Buffer.concat([gzipSync('one line\n'), Buffer.from('garbage')])),
  );
  await all(gzip);
  assert.equal(gzip.problems().length, 1);
  const padded = await openInput(
    file('padded.gz', Buffer.concat([gzipSync('one line\n'), Buffer.alloc(512)])),
  );
  assert.equal((await all(padded)).toString(), 'one line\n');
  assert.deepEqual(padded.problems(), []);
});

test('a slow reader of damaged data gets all that was unpacked, as a quick one does', async () => {
  const content = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => `line ${i % 1000}\n`).join(''));
  const bytes = gzipSync(content);
  bytes.fill(0xff, bytes.length - 1000, bytes.length - 900);
  const input = file('slow.gz', bytes);
  const quick = (await all(await openInput(input))).length;
  let slow = 0;
  for await (const chunk of (await openInput(input)).chunks) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    slow += chunk.length;
  }
  assert.equal(slow, quick);
  assert.ok(quick > content.length * 0.9);
});

test('a reader may leave early', async () => {
  const input = file('left.gz', gzipSync(Buffer.alloc(30_000_000, 'abc\n')));
  for await (const chunk of (await openInput(input)).chunks) {
    assert.ok(chunk.length > 0);
    break;
  }
});

test('an archive that unpacks without end is stopped and counted', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const opened = await openInput(file('bomb.gz', bomb), {
    ...defaultLimits,
    free_bytes: 8 * 1024 * 1024,
    most_ratio: 100,
  });
  const out = await all(opened);
  assert.ok(out.length < 16 * 1024 * 1024, `${out.length}`);
  assert.match(opened.problems()[0]!.reason, /^unpacking stopped: \d+ bytes out of \d+, more than 100 to 1$/);
});

test('standard input is read to its end', () => {
  const script = `
    import { findInputs, openInput, peekInput } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))};
    const [input] = await findInputs(['-']);
    const head = await peekInput(input);
    const opened = await openInput(input);
    let bytes = 0;
    for await (const chunk of opened.chunks) bytes += chunk.length;
    console.log(opened.encoding, bytes, head.length);`;
  const run = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
    input: gzipSync(Buffer.alloc(3_000_000, 'a')),
    encoding: 'utf8',
  });
  assert.equal(run.stdout, 'gzip 3000000 65536\n', run.stderr);
});

test('a pipe may be looked at before it is read', { skip: process.platform === 'win32' }, async () => {
  const path = join(folder, 'pipe');
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  const writer = spawn('sh', ['-c', `seq 1 200000 > '${path}'`]);
  const [input] = await findInputs([path]);
  assert.equal((await peekInput(input!)).length, 65_536);
  assert.equal((await all(await openInput(input!))).length, 1_288_895);
  writer.kill();
});

test('rotated files come in the order of their first event', () => {
  const items = [
    { name: 'conn.2', first_time: 30 },
    { name: 'loaded_scripts', first_time: null },
    { name: 'conn.1', first_time: 10 },
    { name: 'dns', first_time: 10 },
  ];
  assert.deepEqual(
    byFirstTime(items).map((one) => one.name),
    ['conn.1', 'dns', 'conn.2', 'loaded_scripts'],
  );
});
