import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-config-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'office.yaml');

function config(text: string): ReturnType<typeof readConfig> {
  writeFileSync(file, text);
  return readConfig(file, ['proxy', 'resolver', 'scanner']);
}

/** What is said of a file of settings, without the folder. */
function said(text: string): string[] {
  try {
    config(text);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'config_invalid');
    return (error as Error).message.replaceAll(`${folder}/`, '').split('\n');
  }
  assert.fail('nothing is said');
}

test('networks and roles are read, addresses in their one form; an empty file says nothing', () => {
  assert.deepEqual(
    config(
      'networks: [10.0.0.0/8, 2001:db8::/32]\nroles:\n  ::ffff:10.0.0.5: [resolver]\n  2001:DB8::1: { not: [proxy] }\n',
    ),
    {
      inputs: {},
      networks: ['10.0.0.0/8', '2001:db8::/32'],
      roles: { '10.0.0.5': { is: ['resolver'], not: [] }, '2001:db8::1': { is: [], not: ['proxy'] } },
    },
  );
  assert.deepEqual(config(''), { roles: {}, inputs: {} });
});

test('all that is wrong is told at once, by the name of the file, line and key, with what may stand there', () => {
  const text = [
    'rols: 3',
    'networks: 10.0.0.0/8',
    'roles:',
    '  server: [resolver]',
    '  10.0.0.5: [scaner, printer]',
    '  10.0.0.6: yes',
    '  10.0.0.7: { is: proxy, nott: [proxy] }',
  ];
  assert.deepEqual(said(text.join('\n')), [
    'office.yaml:2: networks: must be a list such as [a, b], not 10.0.0.0/8',
    'office.yaml:4: roles.server: not an address such as 10.0.0.5 or 2001:db8::1',
    'office.yaml:5: roles, 10.0.0.5, 0: there is no role scaner; scanner is near',
    'office.yaml:5: roles, 10.0.0.5, 1: there is no role printer; there are proxy, resolver, scanner',
    'office.yaml:6: roles, 10.0.0.6: must be a list such as [a, b] or keys with a value each, such as { a: b }, not yes',
    'office.yaml:7: roles, 10.0.0.7, is: must be a list such as [a, b], not proxy',
    'office.yaml:7: roles, 10.0.0.7, nott: there is no such key; not is near',
    'office.yaml:1: rols: there is no such key; roles is near',
  ]);
});

for (const [what, text, says] of [
  [
    'a network that is none',
    'networks: [10.0.0.0/33]',
    'office.yaml:1: networks.0: not a network such as 10.0.0.0/8: 10.0.0.0/33',
  ],
  ['a list without networks', 'networks: []', 'office.yaml:1: networks: must have at least 1 entry'],
  [
    'a list where keys belong',
    '- networks',
    'office.yaml: must be keys with a value each, such as { a: b }, not a list',
  ],
  [
    'another setting',
    'budget: 3',
    'office.yaml:1: budget: there is no such key; there are networks, inputs, roles',
  ],
  [
    'what is not YAML',
    'roles: {}\nnetworks: [',
    'office.yaml:2: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
] as const)
  test(`${what} is told with its place`, () => assert.equal(said(text)[0], says));

test('a file that is not there, or is none, is told so', () => {
  assert.throws(() => readConfig(join(folder, 'none.yaml'), []), {
    code: 'config_invalid',
    message: /^--config: .*none\.yaml cannot be read: there is no such file$/,
  });
  assert.throws(() => readConfig(folder, []), { message: /it is a folder; name a file$/ });
});
