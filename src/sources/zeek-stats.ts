import type { SensorStats } from '../schema/event/sensor-stats.ts';
import type { ZeekLog, ZeekRecord } from './zeek.ts';

/** The figures that are there, each as one event. */
function figures(r: ZeekRecord, path: string, names: readonly string[]): SensorStats[] {
  const time = r.time();
  const sensor = r.text('peer');
  const interval_s = r.seconds('ts_delta');
  const events: SensorStats[] = [];
  for (const name of names) {
    const value = r.number(name);
    if (value !== null)
      events.push({
        kind: 'sensor_stats',
        time,
        engine: 'zeek',
        name: `${path}.${name}`,
        value,
        sensor,
        interval_s,
      });
  }
  if (events.length === 0) r.fail(`${path} without a figure`);
  return events;
}

const statsNames = [
  'mem',
  'pkts_proc',
  'bytes_recv',
  'pkts_dropped',
  'pkts_link',
  'pkt_lag',
  'pkts_filtered',
  'events_proc',
  'events_queued',
  'active_tcp_conns',
  'active_udp_conns',
  'active_icmp_conns',
  'tcp_conns',
  'udp_conns',
  'icmp_conns',
  'timers',
  'active_timers',
  'files',
  'active_files',
  'dns_requests',
  'active_dns_requests',
  'reassem_tcp_size',
  'reassem_file_size',
  'reassem_frag_size',
  'reassem_unknown_size',
] as const;

/** https://docs.zeek.org/en/master/scripts/policy/misc/stats.zeek.html */
export const stats: ZeekLog = { path: 'stats', map: (r) => figures(r, 'stats', statsNames) };

/** https://docs.zeek.org/en/master/scripts/policy/misc/capture-loss.zeek.html */
export const capture_loss: ZeekLog = {
  path: 'capture_loss',
  map: (r) => figures(r, 'capture_loss', ['gaps', 'acks', 'percent_lost']),
};
