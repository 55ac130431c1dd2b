import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadContent } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-rollups-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Content that has roll-ups alone, each of which reads the tables given. */
function content(name: string, reads: Readonly<Record<string, string>>): string {
  const at = join(folder, name);
  mkdirSync(join(at, 'rollups'), { recursive: true });
  for (const [id, table] of Object.entries(reads))
    writeFileSync(
      join(at, 'rollups', `${id}.sql`),
      `/*\nabout: One.\nkey: [src_ip]\nreads: [connection]\n*/\nSELECT src_ip, count() AS n FROM ${table} GROUP BY src_ip\n`,
    );
  return at;
}

test('a roll-up may be filled from others, but not from itself', () => {
  const chain = content('chain', { one: 'connection', two: 'rollup_one', three: 'rollup_two' });
  assert.deepEqual([...loadContent([chain]).rollups.keys()].sort(), ['one', 'three', 'two']);
  const circles = content('circles', {
    one: 'rollup_two',
    two: 'rollup_one',
    own: 'rollup_own',
    off: 'rollup_own',
  });
  assert.throws(
    () => loadContent([circles]),
    ({ code, message }) => {
      assert.equal(code, 'content_invalid');
      const files = [...message.matchAll(/(\w+)\.sql: is filled from itself/g)].map(([, id]) => id);
      assert.deepEqual(files.sort(), ['one', 'own', 'two']);
      return true;
    },
  );
});
