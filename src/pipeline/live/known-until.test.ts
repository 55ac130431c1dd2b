import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clockIsWrong, knownUntil, type SourceTold } from './known-until.ts';

const s = 1e6;
const now = Date.UTC(2026, 10, 28) * 1000;
const source = (given: Partial<SourceTold> = {}): SourceTold => ({
  newest: now - 10 * s,
  lateness_us: 300 * s,
  heard_at: now - 2 * s,
  ended: false,
  ...given,
});

const cases: [what: string, sources: SourceTold[], known: number | null][] = [
  ['no source', [], null],
  ['one source', [source()], now - 310 * s],
  ['the slower of two', [source(), source({ newest: now - 900 * s })], now - 1200 * s],
  ['one that has told nothing yet', [source(), source({ newest: null, heard_at: now })], null],
  [
    'one that never told anything and is silent',
    [source(), source({ newest: null, heard_at: now - 900 * s })],
    now - 310 * s,
  ],
  [
    'one that fell silent holds nobody back',
    [source(), source({ newest: now - 7200 * s, heard_at: now - 400 * s })],
    now - 310 * s,
  ],
  [
    'all are silent: time goes on with the clock',
    [source({ newest: now - 500 * s, heard_at: now - 400 * s })],
    now - 400 * s,
  ],
  ['a log that is quiet for now: time goes on with the clock', [source({ ended: true })], now - 8 * s],
  ['history at its end', [source({ ended: true, newest: now - 30 * 3600 * s })], Number.POSITIVE_INFINITY],
  [
    'history beside a log that is quiet',
    [source({ ended: true, newest: now - 30 * 3600 * s, heard_at: now - 60 * s }), source({ ended: true })],
    now - 8 * s,
  ],
  ['one at its end beside one that speaks', [source({ ended: true }), source()], now - 310 * s],
  ['a clock an hour ahead', [source({ newest: now + 3600 * s }), source()], now - 310 * s],
  ['a clock that was never set', [source({ newest: 86_400 * s }), source()], now - 310 * s],
  ['only a wrong clock', [source({ newest: now + 3600 * s })], null],
];

test('time has come as far as the slowest source that speaks has told everything', () => {
  for (const [what, sources, known] of cases) assert.equal(knownUntil(sources, now), known, what);
});

const anySource = fc.record({
  newest: fc.option(fc.integer({ min: -9000, max: 9000 }).map((at) => now + at * s)),
  lateness_us: fc.integer({ min: 0, max: 900 }).map((at) => at * s),
  heard_at: fc.integer({ min: 0, max: 9000 }).map((at) => now - at * s),
  ended: fc.boolean(),
});

test('a source with a wrong clock changes nothing, nor does the order of sources', () => {
  fc.assert(
    fc.property(fc.array(anySource, { maxLength: 6 }), (sources) => {
      const known = knownUntil(sources, now);
      assert.equal(knownUntil([...sources].reverse(), now), known);
      assert.equal(
        knownUntil(
          sources.filter((one) => !clockIsWrong(one, now)),
          now,
        ),
        known,
      );
    }),
  );
});

test('no source that speaks is overtaken: nothing is known later than it has told', () => {
  fc.assert(
    fc.property(fc.array(anySource, { maxLength: 6 }), (sources) => {
      const heard = { ...source(), newest: now - 4000 * s };
      assert.ok((knownUntil([...sources, heard], now) ?? 0) <= heard.newest - heard.lateness_us);
    }),
  );
});
