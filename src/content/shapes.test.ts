import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Shape } from '../schema/shape.ts';
import { checkShape, shapeFragments } from './shapes.ts';

const shape = (of: Partial<Shape>): Shape => ({
  id: 'a',
  about: '',
  reason: "It is the maker's.",
  forged: '',
  names: [],
  where: '',
  effects: {},
  file: 'a.yaml',
  ...of,
});

test('a name that only ends like a known one is not known, one below a known domain is', () => {
  const sql = shapeFragments([
    shape({ names: ['.push.test', 'check.test'], effects: { rhythm: 'low' } }),
  ]).get('known_name_rhythm')!.sql;
  assert.equal(
    sql,
    String.raw`multiIf(($name IN ('check.test') OR endsWith($name, '.push.test')), 'It is the maker\'s.', '')`,
  );
});

test('a shape counts for the judgements that it names and for no other', () => {
  const fragments = shapeFragments([
    shape({ id: 'b', where: 'dst_port = 2', effects: { rhythm: 'left_out' } }),
    shape({ id: 'a', where: 'dst_port = 1', effects: { rhythm: 'left_out', scan: 'low' } }),
  ]);
  assert.equal(fragments.get('left_out_rhythm')!.sql, '(dst_port = 1) OR (dst_port = 2)');
  assert.equal(fragments.get('left_out_upload')!.sql, 'false');
  assert.match(fragments.get('known_call_scan')!.sql, /^multiIf\(\(dst_port = 1\)/);
  assert.equal(fragments.get('known_call_rhythm')!.sql, "''");
});

test('a name alone never leaves anything out', () => {
  const one = shape({ names: ['check.test'], effects: { rhythm: 'left_out' } });
  assert.throws(() => checkShape(one, 'a'), { code: 'content_invalid', message: /never left out/ });
});
