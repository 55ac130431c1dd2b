import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argumentsOf, budget, whole } from './arguments.ts';

const options = {
  top: { type: 'string', default: '5' },
  json: { type: 'boolean', default: false },
  detector: { type: 'string', multiple: true, default: [] as string[] },
} as const;
const asked = (...args: string[]) => argumentsOf(args, options, 'analyze');

const mistakes: readonly (readonly [args: string[], says: RegExp])[] = [
  [['--jsno'], /^there is no option --jsno; --json is near; weir analyze --help lists the options$/],
  [['-x', 'a.log'], /^there is no option -x; weir analyze --help lists the options$/],
  [['--quite-another'], /^there is no option --quite-another; weir/],
  [['--json=yes'], /^--json takes no value, not yes;/],
  [['--top'], /^--top: its value is missing;/],
  [['--top='], /^--top: its value is empty/],
  [['--top', '--json'], /^--top: its value is missing, --json follows it \(--top=--json if that is meant\);/],
  [['--__proto__'], /^there is no option --__proto__/],
];
for (const [args, says] of mistakes)
  test(`weir analyze ${args.join(' ')} says in a sentence what is wrong with it`, () => {
    assert.throws(
      () => asked(...args),
      (error: Error & { code: string }) => error.code === 'usage' && says.test(error.message),
    );
  });

test('options and paths are what was written, in any order, and a number is a value whatever its sign', () => {
  const { values, positionals } = asked(
    'a.log',
    '--top',
    '-1',
    '--json',
    'b.log',
    '--detector',
    'x',
    '--',
    '--c',
  );
  assert.deepEqual(positionals, ['a.log', 'b.log', '--c']);
  assert.deepEqual({ ...values }, { top: '-1', json: true, detector: ['x'] });
});

test('a number that cannot be is told with what is allowed', () => {
  for (const text of ['-1', '1.5', 'all', '', '1000001', '1e3'])
    assert.throws(() => whole(text, 'top'), /--top: a whole number from 0 to 1,000,000, not /, text);
  assert.equal(whole('0', 'top'), 0);
  assert.throws(() => whole('0', 'retention', 1), /from 1 to/);
  for (const text of ['0', '-3', 'x', '20/week', '1e9', '2000000'])
    assert.throws(() => budget(text), /--budget: a number a day, such as 20\/day, not /, text);
  assert.equal(budget('0.5/day'), 0.5);
});
