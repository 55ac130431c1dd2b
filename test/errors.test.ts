// Writes the page instead of checking it: node test/errors.test.ts --write
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { errorCodes, WeirError } from '../src/base/error.ts';

const page = new URL('../docs/errors.md', import.meta.url);

function rendered(): string {
  const lines = Object.entries(errorCodes).map(
    ([code, { exit, means }]) => `| \`${code}\` | ${exit} | ${means} |`,
  );
  return [
    '# Errors',
    '',
    'Written from `src/base/error.ts` by `node test/errors.test.ts --write`; do not edit.',
    '',
    'Every failure that Weir reports has one of these codes. Programs decide by the code, never by the message. On the',
    'command line the message goes to standard error as `weir: message`.',
    '',
    '| code | exit status | means |',
    '|---|---|---|',
    ...lines,
    '',
    'Exit status 0: done. 1: a command that answers a question answered no. 2: not done, see the table.',
    '3: a fault in Weir itself; please report it with the lines it printed.',
    '',
  ].join('\n');
}

if (process.argv.includes('--write')) writeFileSync(page, rendered());

test('docs/errors.md lists every error code', () => {
  assert.equal(readFileSync(page, 'utf8'), rendered(), 'Run: node test/errors.test.ts --write');
});

test('an error carries its code, its message and what caused it', () => {
  const cause = new Error('disk full');
  const error = new WeirError('store_failed', 'The batch was not written.', { cause });
  assert.deepEqual(
    [error.code, error.name, error.message, error.cause],
    ['store_failed', 'WeirError', 'The batch was not written.', cause],
  );
});

test('codes are snake_case, and each has a sentence and an exit status that a shell can tell from success', () => {
  for (const [code, { exit, means }] of Object.entries(errorCodes)) {
    assert.match(code, /^[a-z]+(_[a-z]+)*$/);
    assert.match(means, /^[A-Z].*\.$/);
    assert.ok(exit > 0 && exit < 128);
  }
});
