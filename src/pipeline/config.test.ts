import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from './config.ts';

function config(text: string): ReturnType<typeof readConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-config-'));
  try {
    const file = join(folder, 'weir.yaml');
    writeFileSync(file, text);
    return readConfig(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('networks and roles are read, addresses in their one form; an empty file says nothing', () => {
  assert.deepEqual(
    config(
      'networks: [10.0.0.0/8, 2001:db8::/32]\nroles:\n  ::ffff:10.0.0.5: [resolver]\n  2001:DB8::1: { not: [proxy] }\n',
    ),
    {
      networks: ['10.0.0.0/8', '2001:db8::/32'],
      roles: { '10.0.0.5': { is: ['resolver'], not: [] }, '2001:db8::1': { is: [], not: ['proxy'] } },
    },
  );
  assert.deepEqual(config(''), { roles: {} });
});

for (const [what, text, says] of [
  ['a setting that does not exist', 'budgets: 3', /budgets/],
  ['a network that is none', 'networks: [10.0.0.0/33]', /not a network.*10\.0\.0\.0\/33/],
  ['a host that is no address', 'roles: { server: [resolver] }', /roles\.server/],
  ['what is not YAML', 'networks: [', /cannot be read/],
] as const) {
  test(`${what} is told with its file`, () => {
    assert.throws(() => config(text), { code: 'config_invalid', message: says });
  });
}
