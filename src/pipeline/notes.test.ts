import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Span } from '../enrich/index.ts';
import { baselineNote, strayNote } from './notes.ts';

const hour_us = 3600e6;

describe('what is said of the baseline', () => {
  const table: readonly [string, number, number, RegExp][] = [
    ['five hours', 5, 1, /^no history: /],
    ['six hours', 6, 1, /^6 hours of history: .* the first ones only by the population$/],
    ['just below three days', 71.9, 3, /^71 hours of history: /],
    ['three days', 72, 4, /^3 days of history: /],
    ['two days of traffic in ten', 240, 2, /^2 days with traffic in a span of 10 days: /],
    ['one day of traffic in ten', 240, 1, /^1 day with traffic in a span of 10 days: /],
    ['five of ten days, as where nobody works at weekends', 240, 5, /^10 days of history: /],
  ];
  for (const [name, hours, days, says] of table) {
    it(name, () => assert.match(baselineNote(null, 0, hours * hour_us, days), says));
  }

  it('what was learned first comes before how long the rest is', () => {
    assert.equal(baselineNote('learned from 9 events', 0, 500 * hour_us, 21), 'learned from 9 events');
  });

  it('nothing was read', () => {
    assert.match(baselineNote(null, null, null, 0), /^no history: /);
  });
});

describe('events far from all others in time', () => {
  const span: Span = { first_time: 0, last_time: 1, days: 1, strays: 0, stray_time: null };
  it('none: nothing is said', () => {
    assert.deepEqual([strayNote(null), strayNote(span)], ['', '']);
  });
  it('one and several, with the day of the first', () => {
    assert.match(strayNote({ ...span, strays: 1, stray_time: 0 }), /^; 1 event years .* \(1970-01-01\)/);
    assert.match(strayNote({ ...span, strays: 3, stray_time: 0 }), /^; 3 events years /);
  });
});
