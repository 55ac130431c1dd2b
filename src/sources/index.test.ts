import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectFormat, formats, whyUnknown } from './index.ts';

test('every format has an id of its own and a title', () => {
  assert.equal(new Set(formats.map((one) => one.id)).size, formats.length);
  for (const one of formats) {
    assert.match(one.id, /^[a-z_]+$/);
    assert.ok(one.title.length > 0);
  }
});

test('what is of no known kind is told why', () => {
  const cases: [Buffer, string][] = [
    [Buffer.alloc(0), 'the file is empty'],
    [Buffer.from('\ufeff{"ts":1,"uid":"C"}\n', 'utf16le'), 'UTF-16 text; Weir reads UTF-8'],
    [Buffer.from('{"ts":1,"uid":"C"}\n', 'utf16le'), 'UTF-16 text; Weir reads UTF-8'],
    [Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 0, 0, 0, 0, 0]), 'binary data of a kind that is not known'],
    [Buffer.from('{"some":"json"}\n'), 'JSON, but neither Zeek nor Suricata wrote it'],
    [Buffer.from('Lorem ipsum dolor sit amet\n'), 'text of a kind that is not known'],
  ];
  for (const [head, why] of cases) {
    assert.equal(detectFormat(head), null, why);
    assert.equal(whyUnknown(head), why);
  }
});
