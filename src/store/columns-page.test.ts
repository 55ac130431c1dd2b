import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { columnsPage } from './columns-page.ts';

test('docs/columns.md says what the tables hold', (t) => {
  const page = fileURLToPath(new URL('../../docs/columns.md', import.meta.url));
  if (!existsSync(page)) return t.skip('docs/ is not part of the package');
  const same = readFileSync(page, 'utf8') === columnsPage();
  assert.ok(
    same,
    'The descriptions changed. Write the page anew: node src/store/columns-page.ts > docs/columns.md',
  );
});
