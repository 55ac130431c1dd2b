import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../base/error.ts';
import { refused, toldOf } from './told.ts';

const server = { name: 'http://store:8123', embedded: false, full: false };
const folder = { name: '/var/lib/weir', embedded: true, full: false };
const of = (code: string, message = '', place = server): string => {
  const told = toldOf(Object.assign(new Error(message), { code }), place);
  return `${told.code}: ${told.message}`;
};

const cases: readonly (readonly [what: string, told: string, says: RegExp])[] = [
  [
    'nothing listens',
    of('ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.1:8123'),
    /^store_unavailable: http:\/\/store:8123 cannot be reached: nothing listens there/,
  ],
  [
    'no such host',
    of('ENOTFOUND', 'getaddrinfo ENOTFOUND store'),
    /^store_unavailable: .*there is no host of that name$/,
  ],
  [
    'a self-signed certificate',
    of('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'),
    /its certificate signed itself/,
  ],
  [
    'a wrong password',
    of('516', 'Code: 516. DB::Exception: default: Authentication failed'),
    /^store_unavailable: http:\/\/store:8123 refuses the user or password; WEIR_STORE_USER/,
  ],
  [
    'no database',
    of('81', 'Database default does not exist'),
    /^store_unavailable: .*has no such database; make it there first/,
  ],
  [
    'too few rights',
    of('497', 'weir: Not enough privileges'),
    /^store_failed: .*does not let this user do what Weir needs there: CREATE/,
  ],
  [
    'a right that is named',
    of(
      '497',
      "weir: Not enough privileges. To execute this query, it's necessary to have the grant CREATE TABLE ON logs.connection. (ACCESS_DENIED)",
    ),
    /SELECT in its database; it lacks CREATE TABLE ON logs\.connection\.$/,
  ],
  ['a full disk', of('243', 'Not enough space'), /^disk_full: /],
  [
    'a full disk, whatever the engine says',
    of('1002', 'std::exception', { ...folder, full: true }),
    /^disk_full: /,
  ],
  [
    'too little memory',
    of('241', 'Query memory limit exceeded'),
    /^store_memory: Query memory limit exceeded$/,
  ],
  [
    'an engine that died',
    of('ECONNRESET', 'socket hang up', folder),
    /^store_unavailable: The engine of the store broke off: socket hang up$/,
  ],
  [
    'a right that content has not',
    of('497', 'Code: 497. DB::Exception: Content has no right to read files. (ACCESS_DENIED)', folder),
    /^store_failed: Content has no right to read files\.$/,
  ],
  [
    'a column that is not there',
    of(
      '47',
      'Unknown expression identifier `x` in scope SELECT x. (UNKNOWN_IDENTIFIER) (version 26.7.2.1)',
      folder,
    ),
    /^store_failed: Unknown expression identifier `x`$/,
  ],
  [
    'a sum of numbers and texts',
    of(
      '386',
      'There is no supertype for types UInt64, String: In scope SELECT a + b FROM x. (NO_COMMON_TYPE)',
      folder,
    ),
    /^store_failed: There is no supertype for types UInt64, String$/,
  ],
];
for (const [what, told, says] of cases)
  test(`${what} is told as a sentence, without the engine's wrapping`, () => {
    assert.match(told, says);
    assert.doesNotMatch(told, /DB::|Code: \d|ECONN|ENOTFOUND|\(version/);
  });

test('what broke off an answer is told the same way, and nothing is told twice', () => {
  const told = refused(
    '62',
    'Code: 62. DB::Exception: Syntax error: failed at 1.\nStack trace:\n0. f()',
    null,
  );
  assert.deepEqual([told.code, told.message], ['store_failed', 'Syntax error: failed at 1.']);
  const known = new WeirError('usage', 'x');
  assert.equal(toldOf(known, server), known);
});
