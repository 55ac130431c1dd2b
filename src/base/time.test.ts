import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daysFromCivil, epochMicros, parseEpochTime, parseIsoTime, roundMicros } from './time.ts';

test('ISO times are read to the microsecond, with any offset', () => {
  assert.equal(parseIsoTime('2018-03-24T17:15:20.613421Z'), 1_521_911_720_613_421);
  assert.equal(
    parseIsoTime('2021-06-06T15:59:46.457984+0200'),
    Date.UTC(2021, 5, 6, 13, 59, 46) * 1000 + 457_984,
  );
  assert.equal(
    parseIsoTime('2021-06-06T15:59:46.457984+02:00'),
    parseIsoTime('2021-06-06T15:59:46.457984+0200'),
  );
  assert.equal(parseIsoTime('2021-06-06 13:59:46.457984Z'), parseIsoTime('2021-06-06T15:59:46.457984+0200'));
  assert.equal(parseIsoTime('2021-06-06T15:59:46-05:30'), Date.UTC(2021, 5, 6, 21, 29, 46) * 1000);
  assert.equal(parseIsoTime('2020-03-19T09:44:08'), Date.UTC(2020, 2, 19, 9, 44, 8) * 1000);
  assert.equal(parseIsoTime('2020-02-29T00:00:00.1Z'), Date.UTC(2020, 1, 29) * 1000 + 100_000);
  assert.equal(parseIsoTime('2016-12-31T23:59:60Z'), Date.UTC(2017, 0, 1) * 1000);
  assert.ok(parseIsoTime('1601-01-01T00:00:00Z')! < 0);
});

test('times that do not exist are refused', () => {
  for (const text of [
    '2021-02-29T00:00:00Z',
    '2021-13-01T00:00:00Z',
    '2021-00-10T00:00:00Z',
    '2021-01-32T00:00:00Z',
    '2021-01-01T24:00:00Z',
    '2021-01-01T00:60:00Z',
    '2021-01-01T00:00:00.0000000000Z',
    '2021-01-01T00:00:00+25:00',
    '2021-01-01',
    '2021-02-29T00:00:00.000000Z',
    '2021-01-01T24:00:00.000000+0000',
    '2021-01-01T00:00:00.000000+2400',
    '2021-01-01T00:00:00.00000xZ',
    '2021-0x-01T00:00:00.000000Z',
    'yesterday',
    'XXXX-XX-XX-XX-XX-XX',
  ])
    assert.equal(parseIsoTime(text), null, text);
});

test('the calendar agrees with the one of JavaScript for every month of 400 years', () => {
  for (let year = 1800; year < 2200; year++)
    for (let month = 1; month <= 12; month++)
      assert.equal(daysFromCivil(year, month, 1), Date.UTC(year, month - 1, 1) / 86_400_000);
});

test('the unit of a time since 1970 is told by its size', () => {
  const micros = 1_786_340_642_449_213;
  assert.equal(epochMicros(1_786_340_642.449213), micros);
  assert.equal(epochMicros(1_786_340_642_449), 1_786_340_642_449_000);
  assert.equal(epochMicros(1_786_340_642_449.213), micros);
  assert.equal(epochMicros(micros), micros);
  assert.equal(epochMicros(1_786_340_642_449_213_000), micros);
  assert.equal(epochMicros(-11_644_473_600_000), -11_644_473_600_000_000);
  assert.equal(parseEpochTime('1786340642449'), 1_786_340_642_449_000);
  assert.equal(parseEpochTime('1786340642449213'), micros);
  assert.equal(parseIsoTime('2021-06-06T15:59:46+02'), Date.UTC(2021, 5, 6, 13, 59, 46) * 1000);
});

test('seconds since 1970 are exact', () => {
  assert.equal(parseEpochTime('1521911720.865716'), 1_521_911_720_865_716);
  assert.equal(parseEpochTime('0.000001'), 1);
  assert.equal(parseEpochTime('16.5'), 16_500_000);
  assert.equal(parseEpochTime('2.385616957e+09'), 2_385_616_957_000_000);
  assert.equal(parseEpochTime('-1.5'), -1_500_000);
  assert.equal(parseEpochTime('12.'), null);
  assert.equal(parseEpochTime(''), null);
  assert.equal(parseEpochTime('0x10'), null);
});

test('an interval written as a double and with six digits is the same number', () => {
  assert.equal(roundMicros(0.0008699893951416016), 0.00087);
  assert.equal(roundMicros(0.051955), 0.051955);
  // a tie goes to the even digit, as in C
  assert.equal(roundMicros(0.0078125), 0.007812);
  assert.equal(roundMicros(0.0234375), 0.023438);
});
