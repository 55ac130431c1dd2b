import { f64, type RecordOf, table, word } from '../table.ts';
import { when } from './shared.ts';

export const sensor_stats = table(
  'sensor_stats',
  "One figure a sensor gives of its own work: packets, drops, memory. The sensor's blindness is part of the picture.",
  {
    ...when,
    engine: word('suricata, zeek'),
    name: word('counter, dotted: capture.kernel_drops'),
    value: f64('value of the counter'),
  },
);
export type SensorStats = RecordOf<typeof sensor_stats>;
