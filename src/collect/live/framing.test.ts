import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameReader } from './framing.ts';

interface Read {
  readonly records: string[];
  readonly lost: string[];
  readonly framed: boolean;
}

function read(pieces: readonly Buffer[], longest = 64): Read {
  const records: string[] = [];
  const lost: string[] = [];
  const reader = new FrameReader(longest, {
    record: (bytes, from, to) => void records.push(bytes.toString('latin1', from, to)),
    lost: (reason) => void lost.push(reason),
  });
  const framed = pieces.every((piece) => reader.push(piece));
  if (framed) reader.end();
  return { records, lost, framed };
}
const readText = (text: string, longest?: number): Read => read([Buffer.from(text, 'latin1')], longest);

const cases: readonly [what: string, text: string, records: string[], lost: string[], framed: boolean][] = [
  ['lines', '<13>a\n<13>b\n', ['<13>a', '<13>b'], [], true],
  ['lines that end with CRLF or NUL', '<13>a\r\n<13>b\0\n', ['<13>a', '<13>b'], [], true],
  ['a last line without an end', '<13>a\n<13>b', ['<13>a', '<13>b'], [], true],
  ['blank lines are no records', '\n\n<13>a\n\r\n\n', ['<13>a'], [], true],
  ['counted records', '5 <13>a7 <13>b\nc', ['<13>a', '<13>b\nc'], [], true],
  [
    'counted records with a line feed that is not counted',
    '5 <13>a\n5 <13>b\n',
    ['<13>a', '<13>b'],
    [],
    true,
  ],
  ['a record of no bytes', '5 <13>a0 5 <13>b', ['<13>a'], [], false],
  ['half a counted record', '5 <13>a9 <13>', ['<13>a'], ['cut off'], true],
  ['half a length', '5 <13>a12', ['<13>a'], ['cut off'], true],
  [
    'a counted record that is too long is stepped over',
    `70 <${'x'.repeat(69)}5 <13>b`,
    ['<13>b'],
    ['too long'],
    true,
  ],
  [
    'a line that is too long is stepped over',
    `<13>${'x'.repeat(80)}\n<13>b\n`,
    ['<13>b'],
    ['too long'],
    true,
  ],
  ['a last line that is too long', `<13>${'x'.repeat(80)}`, [], ['too long'], true],
  ['a length that says less than was sent', '3 <13>a5 <13>b', ['<13'], [], false],
  ['a length of eight digits is a line', '12345678 <13>a\nb\n', ['12345678 <13>a', 'b'], [], true],
  [
    'a line that begins with a number',
    '1700000000.5\tC1\n1 2024\n',
    ['1700000000.5\tC1', '1 2024'],
    [],
    true,
  ],
  [
    'RFC 5424 whose priority was taken off',
    '1 2024-01-01T00:00:00Z h - - - a\n',
    ['1 2024-01-01T00:00:00Z h - - - a'],
    [],
    true,
  ],
  ['a number alone', '12', ['12'], [], true],
  ['framing is not changed in between', '<13>a\n5 <13>b\n', ['<13>a', '5 <13>b'], [], true],
  ['lines between counted records are no frames', '5 <13>a<13>b\n', ['<13>a'], [], false],
  ['bytes that are no text', '<13>\x80\xff\x01\n', ['<13>\x80\xff\x01'], [], true],
];
for (const [what, text, records, lost, framed] of cases) {
  test(`syslog framing: ${what}`, () => {
    assert.deepEqual(readText(text), { records, lost, framed });
  });
}

/** Bytes that look like syslog often enough to get far. */
const streams = fc
  .array(
    fc.oneof(
      fc.constantFrom('\n', '\r\n', ' ', '<13>', '5 <13>a', '0', '12', '99 <', '9999999 <', '\0'),
      fc.string({ maxLength: 90 }),
      fc.string({ maxLength: 60 }).map((text) => `${text.length + 4} <13>${text}`),
      fc.string({ maxLength: 60 }).map((text) => `<13>${text}\n`),
    ),
    { maxLength: 20 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

test('any split of the bytes over packets gives the same records', () => {
  fc.assert(
    fc.property(streams, fc.array(fc.nat(400), { maxLength: 30 }), (bytes, cuts) => {
      const pieces: Buffer[] = [];
      let from = 0;
      for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
        const to = Math.min(cut, bytes.length);
        // A piece of its own: what the reader holds must not change with the caller's bytes.
        pieces.push(Buffer.from(bytes.subarray(from, to)));
        from = to;
      }
      assert.deepEqual(read(pieces), read([bytes]));
      assert.deepEqual(read([...bytes].map((byte) => Buffer.from([byte]))), read([bytes]));
    }),
    { numRuns: 2000 },
  );
});

test('what was framed by either rule is read back whole', () => {
  const texts = fc.array(fc.string({ minLength: 1, maxLength: 50 }).filter((text) => !/[\n\r\0]/.test(text)));
  fc.assert(
    fc.property(texts, (given) => {
      const records = given.map((text) => Buffer.from(`<13>${text}`).toString('latin1'));
      const counted = records.map((text) => `${text.length} ${text}`).join('');
      const whole = { records, lost: [], framed: true };
      assert.deepEqual(readText(counted, 1000), whole);
      assert.deepEqual(readText(records.map((text) => `${text}\n`).join(''), 1000), whole);
    }),
  );
});

test('a record of 64 KiB that comes byte by byte, and a length of 10 MB, cost no more than the record', () => {
  let largest = 0;
  const reader = new FrameReader(65_536, {
    record: (_bytes, from, to) => {
      largest = Math.max(largest, to - from);
    },
    lost: () => {},
  });
  const text = `65536 <${'x'.repeat(65_535)}9999999 <`;
  const before = process.memoryUsage().arrayBuffers;
  for (const byte of Buffer.from(text)) assert.ok(reader.push(Buffer.of(byte)));
  assert.equal(largest, 65_536);
  for (let i = 0; i < 100; i++) assert.ok(reader.push(Buffer.alloc(90_000, 120)));
  assert.ok(process.memoryUsage().arrayBuffers - before < 20_000_000);
});
