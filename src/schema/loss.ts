import { share, timeRange } from '../base/format.ts';

/** A time in which a sensor lost packets, by its own word. Times are µs since 1970. */
export interface Loss {
  /** its name, '' when it gave none */
  readonly sensor: string;
  readonly from: number;
  readonly to: number;
  /** of the packets of that time, 0 .. 1 */
  readonly share: number;
}

/** One figure of a sensor, as table sensor_stats has it. */
export interface SensorFigure {
  readonly engine: string;
  readonly sensor: string;
  readonly name: string;
  /** µs since 1970 */
  readonly time: number;
  readonly value: number;
  readonly interval_s: number | null;
}

/** The figures that tell of loss. */
export const lossFigures = [
  'capture_loss.percent_lost',
  'stats.pkts_dropped',
  'stats.pkts_proc',
  'capture.kernel_drops',
  'capture.kernel_packets',
  'uptime',
] as const;

/** Less is ordinary and told of nowhere. */
const told_share = 0.01;
/** Intervals of one sensor that are this near each other are told as one, µs. */
const touching_us = 2e6;

/**
 * When sensors lost one packet in a hundred or more.
 * - Zeek's capture_loss: the share of acknowledged data that was never seen, for the interval before the record.
 *   https://docs.zeek.org/en/master/scripts/policy/misc/capture-loss.zeek.html
 * - Zeek's stats: packets dropped and processed since the record before.
 *   https://docs.zeek.org/en/master/scripts/policy/misc/stats.zeek.html
 * - Suricata's stats: packets and drops of the kernel since it started (uptime); a number that falls is a new start.
 *   https://docs.suricata.io/en/latest/performance/statistics.html
 *
 * `figures`: in any order.
 */
export function lossesOf(figures: readonly SensorFigure[]): Loss[] {
  const losses: Loss[] = [];
  const by_sensor = Map.groupBy(figures, (one) => `${one.engine}|${one.sensor}`);
  for (const of of by_sensor.values()) {
    const by_time = [...Map.groupBy(of, (one) => one.time)].sort(([a], [b]) => a - b);
    const records = by_time.map(([time, all]) => ({
      time,
      sensor: all[0]!.sensor,
      interval_s: all.find((one) => one.interval_s !== null)?.interval_s ?? null,
      value: new Map(all.map((one) => [one.name, one.value])),
    }));
    losses.push(...joined([...captureLoss(records), ...zeekDrops(records), ...kernelDrops(records)]));
  }
  return losses.sort((a, b) => a.from - b.from || a.to - b.to || (a.sensor < b.sensor ? -1 : 1));
}

interface SensorRecord {
  readonly time: number;
  readonly sensor: string;
  readonly interval_s: number | null;
  readonly value: ReadonlyMap<string, number>;
}

function captureLoss(records: readonly SensorRecord[]): Loss[] {
  return records.flatMap(({ time, sensor, interval_s, value }) => {
    const percent = value.get('capture_loss.percent_lost');
    if (percent === undefined || interval_s === null) return [];
    return [{ sensor, from: time - interval_s * 1e6, to: time, share: percent / 100 }];
  });
}

function zeekDrops(records: readonly SensorRecord[]): Loss[] {
  const told = records.filter(({ value }) => value.has('stats.pkts_proc'));
  return told.slice(1).map(({ time, sensor, value }, before) => {
    const dropped = value.get('stats.pkts_dropped') ?? 0;
    const all = dropped + value.get('stats.pkts_proc')!;
    return { sensor, from: told[before]!.time, to: time, share: all > 0 ? dropped / all : 0 };
  });
}

function kernelDrops(records: readonly SensorRecord[]): Loss[] {
  const losses: Loss[] = [];
  let before: SensorRecord | null = null;
  for (const one of records) {
    const drops = one.value.get('capture.kernel_drops');
    const packets = one.value.get('capture.kernel_packets');
    if (drops === undefined || packets === undefined) continue;
    const had = {
      drops: before?.value.get('capture.kernel_drops') ?? 0,
      packets: before?.value.get('capture.kernel_packets') ?? 0,
    };
    const anew: boolean = before === null || drops < had.drops || packets < had.packets;
    const uptime = one.value.get('uptime');
    const from = anew ? one.time - (uptime ?? 0) * 1e6 : before!.time;
    const lost = anew ? drops : drops - had.drops;
    const all = anew ? packets : packets - had.packets;
    if (from < one.time)
      losses.push({ sensor: one.sensor, from, to: one.time, share: all > 0 ? Math.min(1, lost / all) : 0 });
    before = one;
  }
  return losses;
}

/** The intervals worth telling, those that touch as one, its share by how long each was. */
function joined(intervals: readonly Loss[]): Loss[] {
  const told: Loss[] = [];
  for (const one of intervals) {
    if (one.share < told_share) continue;
    const last = told.at(-1);
    if (last === undefined || one.from > last.to + touching_us || one.to < last.to) {
      told.push(one);
      continue;
    }
    const [long, more] = [last.to - last.from, one.to - one.from];
    const mean = long + more > 0 ? (last.share * long + one.share * more) / (long + more) : one.share;
    told[told.length - 1] = { ...last, to: one.to, share: mean };
  }
  return told;
}

/** 'the sensor zeek lost 12 % of packets, 2026-01-05 10:00 to 10:15 UTC' */
export function lossWords({ sensor, from, to, share: lost }: Loss): string {
  return `the sensor${sensor === '' ? '' : ` ${sensor}`} lost ${share(lost)} of packets, ${timeRange(from, to)} UTC`;
}

/** What a finding says of the time it is about; null when nothing was lost then. The greatest loss speaks. */
export function lossCaveat(losses: readonly Loss[], from: number, to: number): string | null {
  const worst = losses
    .filter((one) => one.from <= to && one.to >= from)
    .reduce<Loss | null>((most, one) => (most === null || one.share > most.share ? one : most), null);
  if (worst === null) return null;
  const words = lossWords(worst);
  return `${words[0]!.toUpperCase()}${words.slice(1)}: packets that are not told of here may have been sent all the same.`;
}
