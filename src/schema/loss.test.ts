import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lossCaveat, lossesOf, type SensorFigure } from './loss.ts';

const ten = Date.UTC(2026, 0, 5, 10) * 1000;
const minute = 60e6;
const figure = (name: string, at: number, value: number, more: Partial<SensorFigure> = {}): SensorFigure => ({
  engine: 'zeek',
  sensor: 'zeek',
  name,
  time: ten + at * minute,
  value,
  interval_s: null,
  ...more,
});
const told = (figures: readonly SensorFigure[]): [number, number, number][] =>
  lossesOf(figures).map(({ from, to, share }) => [
    (from - ten) / minute,
    (to - ten) / minute,
    Number(share.toFixed(3)),
  ]);

test('loss is told of the interval that a sensor measured, less than one in a hundred of none', () => {
  const quarter = { interval_s: 900 };
  const figures = [
    figure('capture_loss.percent_lost', 15, 12.3, quarter),
    figure('capture_loss.percent_lost', 30, 0.4, quarter),
    figure('capture_loss.percent_lost', 45, 2, quarter),
    figure('capture_loss.percent_lost', 60, 4, quarter),
  ];
  assert.deepEqual(told(figures), [
    [0, 15, 0.123],
    [30, 60, 0.03],
  ]);
  assert.deepEqual(told(figures.toReversed()), told(figures));
});

test("Zeek's stats tell of drops since the record before", () => {
  const figures = [0, 5, 10].flatMap((at) => [
    figure('stats.pkts_proc', at, 900),
    figure('stats.pkts_dropped', at, at === 10 ? 100 : 0),
  ]);
  assert.deepEqual(told(figures), [[5, 10, 0.1]]);
});

test("Suricata's drops count from its start, and a falling counter is a new start", () => {
  const suricata = { engine: 'suricata', sensor: 's1' };
  const record = (at: number, packets: number, drops: number, uptime: number): SensorFigure[] => [
    figure('capture.kernel_packets', at, packets, suricata),
    figure('capture.kernel_drops', at, drops, suricata),
    figure('uptime', at, uptime, suricata),
  ];
  assert.deepEqual(
    told([...record(5, 1000, 0, 300), ...record(6, 2000, 500, 360), ...record(20, 100, 10, 60)]),
    [
      [5, 6, 0.5],
      [19, 20, 0.1],
    ],
  );
});

test('a finding says of loss that overlaps its time, and of no other', () => {
  const losses = lossesOf([figure('capture_loss.percent_lost', 15, 12.3, { interval_s: 900 })]);
  assert.match(
    lossCaveat(losses, ten + 14 * minute, ten + 40 * minute) ?? '',
    /^The sensor zeek lost 12 ?(?:\.3)? ?% of packets, /,
  );
  assert.equal(lossCaveat(losses, ten + 16 * minute, ten + 40 * minute), null);
});
