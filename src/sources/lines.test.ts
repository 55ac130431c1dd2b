import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineReader, longestLine } from './lines.ts';

interface Seen {
  text: string;
  line: number;
  offset: number;
  refused: boolean;
}

function read(chunks: readonly Buffer[]): Seen[] {
  const seen: Seen[] = [];
  const reader = new LineReader({
    line(text, start, end, bytes, line, offset) {
      const slice = text.slice(start, end);
      if (bytes !== null) assert.equal(Buffer.from(bytes.subarray(start, end)).toString('latin1'), slice);
      seen.push({ text: slice, line, offset, refused: false });
    },
    refused: (reason, line, offset) => seen.push({ text: reason, line, offset, refused: true }),
    finished() {},
  });
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return seen;
}

function pieces(bytes: Buffer, size: number): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) list.push(bytes.subarray(at, at + size));
  return list;
}

test('lines are the same however the bytes arrive', () => {
  const bytes = Buffer.from('\ufeffone\r\ntwo\n\nnaïve é\nlast without end');
  const whole = read([bytes]);
  assert.deepEqual(
    whole.map((one) => [one.text, one.line, one.offset]),
    [
      ['one', 1, 0],
      ['two', 2, 8],
      ['', 3, 12],
      ['naïve é', 4, 13],
      ['last without end', 5, 23],
    ],
  );
  for (let size = 1; size <= bytes.length; size++)
    assert.deepEqual(read(pieces(bytes, size)), whole, `${size}`);
});

test('a line over a mebibyte is refused once, kept only by its beginning, and the next line is read', () => {
  const bytes = Buffer.concat([
    Buffer.from('a\n'),
    Buffer.alloc(longestLine + 1, 'x'),
    Buffer.from('\nb\n'),
    Buffer.alloc(longestLine, 'y'),
    Buffer.from('\nc'),
  ]);
  for (const size of [bytes.length, 100_000, longestLine, longestLine + 3, 65_537]) {
    const seen = read(pieces(bytes, size));
    assert.deepEqual(
      seen.map((one) => [one.line, one.offset, one.refused, one.text.length]),
      [
        [1, 0, false, 1],
        [2, 2, true, 'the line is longer than 1048576 bytes'.length],
        [3, longestLine + 4, false, 1],
        [4, longestLine + 6, false, longestLine],
        [5, 2 * longestLine + 7, false, 1],
      ],
      `chunks of ${size}`,
    );
  }
});

test('a file of one endless line costs one reject and no memory', () => {
  const chunk = Buffer.alloc(1024 * 1024, 'z');
  const seen = read(new Array(40).fill(chunk));
  assert.equal(seen.length, 1);
  assert.equal(seen[0]!.refused, true);
});

test('UTF-16 is refused once, with a reason that says so', () => {
  const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('{"ts":1}\n{"ts":2}\n', 'utf16le')]);
  for (const size of [1, 2, 3, 1000]) {
    const seen = read(pieces(bytes, size));
    assert.deepEqual(seen, [{ text: 'UTF-16 text; Weir reads UTF-8', line: 1, offset: 0, refused: true }]);
  }
});

test('bytes that are no UTF-8 become replacement characters', () => {
  const seen = read([Buffer.from([0x61, 0xe9, 0x62, 10, 0x63, 10])]);
  assert.deepEqual(
    seen.map((one) => one.text),
    ['a\ufffdb', 'c'],
  );
});

test('an empty file has no lines', () => {
  assert.deepEqual(read([]), []);
  assert.deepEqual(read([Buffer.alloc(0)]), []);
});
