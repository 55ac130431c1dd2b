import { f64, nullable, type RecordOf, table, word } from '../table.ts';
import { when } from './shared.ts';

export const sensor_stats = table(
  'sensor_stats',
  "One figure a sensor gives of its own work: packets, drops, memory. The sensor's blindness is part of the picture.",
  {
    ...when,
    engine: word('suricata, zeek'),
    name: word('counter, dotted: capture.kernel_drops'),
    value: f64('value of the counter'),
    sensor: word("name of the sensor or worker, '' when not said"),
    interval_s: nullable(
      f64('the figure is of so many seconds before time; null: not said, or since its start'),
    ),
  },
);
export type SensorStats = RecordOf<typeof sensor_stats>;
