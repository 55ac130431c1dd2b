import type { SensorStats } from '../schema/event/sensor-stats.ts';
import type { JsonObject } from './json.ts';
import type { SuricataLog } from './suricata-record.ts';

/** Suricata 8 writes some 700 counters; more than this many are left out. */
const mostCounters = 4000;

/** stats: every number as one figure, its name the path to it. https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-stats */
export const stats: SuricataLog = {
  event_type: 'stats',
  map(r): SensorStats[] {
    const time = r.time();
    const sensor = r.text(r.object, 'host');
    const events: SensorStats[] = [];
    // A list to work off, not a recursion; parseJsonObject bounds depth and keys.
    const open: { name: string; of: JsonObject }[] = [{ name: '', of: r.section('stats') }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const [key, value] of Object.entries(next.of)) {
        const name = next.name === '' ? key : `${next.name}.${key}`;
        if (typeof value === 'number' && Number.isFinite(value)) {
          if (events.length < mostCounters)
            events.push({
              kind: 'sensor_stats',
              time,
              engine: 'suricata',
              name,
              value,
              sensor,
              interval_s: null,
            });
        } else if (typeof value === 'object' && value !== null && !Array.isArray(value))
          open.push({ name, of: value as JsonObject });
      }
    }
    if (events.length === 0) r.fail('stats without a figure');
    return events;
  },
};
