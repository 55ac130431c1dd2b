import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asLines, fieldOf, linesOf, piecesOf, valuesOf } from './records.ts';

const most = 1_000_000;
const linesIn = (bytes: Buffer): string[] => bytes.toString('utf8').split('\n').slice(0, -1);

function cut(text: string): unknown[] {
  const body = Buffer.from(text);
  const spans = valuesOf(body, most);
  assert.ok(!('problem' in spans), JSON.stringify(spans));
  return linesIn(asLines(body, spans)).map((line) => JSON.parse(line));
}

const values = fc.array(
  fc.oneof(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), fc.jsonValue({ maxDepth: 4 })),
);
const same = (given: unknown): unknown => JSON.parse(JSON.stringify(given));

test('a list of any JSON, however it is laid out, is cut into its members', () => {
  fc.assert(
    fc.property(values, fc.constantFrom(undefined, 1, '\t', '\n '), (given, space) => {
      assert.deepEqual(cut(JSON.stringify(given, null, space)), same(given));
    }),
  );
});

test('objects and lists behind each other, with or without something between, are told apart', () => {
  const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), { minLength: 1 });
  fc.assert(
    fc.property(objects, fc.constantFrom('', ' ', '\n', '\r\n\t'), (given, between) => {
      assert.deepEqual(cut(given.map((one) => JSON.stringify(one)).join(between)), same(given));
    }),
  );
});

test('any bytes are cut or refused, and what is cut out lies in order within them', () => {
  const bytes = fc.array(fc.constantFrom(...'{}[]",:\\ \n1a'), { maxLength: 60 });
  fc.assert(
    fc.property(bytes, (given) => {
      const body = Buffer.from(given.join(''));
      const spans = valuesOf(body, most);
      if ('problem' in spans) return;
      let at = 0;
      for (const { from, to } of spans) {
        assert.ok(from >= at && to > from && to <= body.length);
        at = to;
      }
    }),
    { numRuns: 5000 },
  );
});

test('that an object has a field is seen as parsing it would see it', () => {
  const name = fc.oneof(fc.constant('event'), fc.string());
  const value = fc.oneof(fc.constantFrom('', null, 'event', '"event":1'), fc.jsonValue({ maxDepth: 2 }));
  fc.assert(
    fc.property(fc.dictionary(name, value), fc.constantFrom(undefined, 2), (given, space) => {
      const body = Buffer.from(JSON.stringify(given, null, space));
      const seen = fieldOf(body, { from: 0, to: body.length }, 'event');
      const own = Object.hasOwn(given, 'event') ? given.event : undefined;
      const expected = own === undefined ? 'missing' : own === null || own === '' ? 'blank' : 'there';
      assert.equal(seen, expected);
    }),
    { numRuns: 2000 },
  );
});

test('pieces are whole lines and together all of it', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 40 })), fc.integer({ min: 1, max: 100 }), (lines, size) => {
      const bytes = Buffer.from(lines.map((line) => `${line.replaceAll('\n', '')}\n`).join(''));
      const pieces = piecesOf(bytes, size);
      assert.deepEqual(Buffer.concat(pieces), bytes);
      for (const piece of pieces) {
        assert.equal(piece.at(-1), 10);
        assert.ok(piece.length <= size || piece.indexOf(10) === piece.length - 1);
      }
    }),
  );
});

test('lines are counted as they are read: blank ones are none', () => {
  const counted = (text: string) => {
    const records = linesOf(Buffer.from(text), most);
    return 'problem' in records ? records : [records.count, records.bytes.toString()];
  };
  assert.deepEqual(counted('a\n\r\n\nb'), [2, 'a\n\r\n\nb\n']);
  assert.deepEqual(counted('\r\n'), [0, '']);
  assert.deepEqual(counted(''), [0, '']);
  assert.deepEqual(counted('x'), [1, 'x\n']);
});

test('a megabyte of what is slow to read for others is read at once', () => {
  for (const text of [
    '"'.repeat(most),
    '\\"'.repeat(most / 2),
    `"${'\\'.repeat(most)}`,
    `{"${'\\\\'.repeat(most / 2)}"`,
  ]) {
    const begin = performance.now();
    valuesOf(Buffer.from(text), most);
    fieldOf(Buffer.from(`{${text}}`), { from: 0, to: text.length + 2 }, 'event');
    assert.ok(performance.now() - begin < 1000, text.slice(0, 10));
  }
});
