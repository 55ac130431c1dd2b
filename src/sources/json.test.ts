import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measure, parseJsonObject } from './json.ts';

const refused = (text: string): string => {
  const result = parseJsonObject(text);
  assert.equal(typeof result, 'string', text.slice(0, 80));
  return result as string;
};

test('duplicate keys are refused, however they are spelled or spaced', () => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"a" :1,"a":2}',
    '{"a" :1,"a":2,"b":"x"}',
    '{"a":1,"\\u0061":2}',
    '{"a"\t:1,"a"\t:2}',
    '{"x":{"a":1,"b":{},"a":3}}',
    '{"x":[{"a":1,"a":3}]}',
    '{"x":"\\":","a":1,"a":2}',
    '{"__proto__":1,"__proto__":2}',
  ])
    assert.match(refused(text), /^duplicate key in JSON/, text);
});

test('records that only look as if they had duplicate keys are read', () => {
  for (const text of [
    '{"a":"\\":\\":","b":1}',
    '{"a" : 1, "b" : 2}',
    '{"a":"x\\\\","b":{"a":1},"c":[{"a":1},{"a":2}]}',
    '{"a":"he said \\"a\\":1"}',
    '{}',
  ])
    assert.equal(typeof parseJsonObject(text), 'object', text);
});

test('JSON nested a hundred deep is refused', () => {
  const deep = `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`;
  assert.equal(refused(deep), 'JSON nested deeper than 64');
  assert.equal(refused(`{"a":${'['.repeat(100)}${']'.repeat(100)}}`), 'JSON nested deeper than 64');
  const allowed = `${'{"a":'.repeat(64)}1${'}'.repeat(64)}`;
  assert.equal(typeof parseJsonObject(allowed), 'object');
});

test('long records are measured before they are parsed', () => {
  assert.match(refused(`{"a":${'['.repeat(500_000)}`), /deeper than 64/);
  const keys = Array.from({ length: 20_000 }, (_, i) => `"${i}":1`).join(',');
  assert.match(refused(`{${keys}}`), /more than 10000 keys/);
  assert.match(refused(`{"a":[${'1,'.repeat(20_000)}1]}`), /more than 10000 keys/);
});

test('measuring is linear in hostile text', () => {
  const start = performance.now();
  measure(`{"a":"${'\\'.repeat(1_000_000)}`);
  measure(`{${'"\\"'.repeat(300_000)}`);
  measure(`{${'"a" '.repeat(250_000)}`);
  assert.ok(performance.now() - start < 2000);
});

test('what is wrong is said without the content', () => {
  assert.equal(refused('{"a":1'), 'not valid JSON: the record ends before it is complete');
  assert.equal(refused(''), 'not valid JSON: the record ends before it is complete');
  assert.match(refused('{"password":hunter2}'), /^not valid JSON( at character 13)?$/);
  assert.equal(refused('[1]'), 'not a JSON object');
  assert.equal(refused('null'), 'not a JSON object');
});
