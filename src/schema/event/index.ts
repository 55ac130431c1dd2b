import type { RecordOf } from '../table.ts';
import { external_alert } from './alert.ts';
import { authentication } from './authentication.ts';
import { certificate } from './certificate.ts';
import { connection } from './connection.ts';
import { dhcp } from './dhcp.ts';
import { dns } from './dns.ts';
import { file } from './file.ts';
import { ftp } from './ftp.ts';
import { http } from './http.ts';
import { icmp_message } from './icmp-message.ts';
import { inventory } from './inventory.ts';
import { mail } from './mail.ts';
import { remote_call } from './remote-call.ts';
import { sensor_stats } from './sensor-stats.ts';
import { tls } from './tls.ts';

/** Every kind of event; one table each in the telemetry store. */
export const tables = {
  authentication,
  certificate,
  connection,
  dhcp,
  dns,
  external_alert,
  file,
  ftp,
  http,
  icmp_message,
  inventory,
  mail,
  remote_call,
  sensor_stats,
  tls,
} as const;

export type EventKind = keyof typeof tables;
/** A record of any kind, told apart by `kind`. */
export type WeirEvent = { [K in EventKind]: RecordOf<(typeof tables)[K]> }[EventKind];

/** SQL of an event's id as text, 16 hexadecimal digits: hex() alone leaves out zeros in front. */
export const event_id_text = "leftPad(lower(hex(event_id)), 16, '0')";

/** Longest time that something may have lasted for its end to be believed, s: 30 years. */
export const longest_s = 1e9;

/**
 * When an event could be told, µs since 1970: what lasts (a connection, a file) when it was over, anything else when it
 * happened. The store works the same out for its column `told_at`.
 */
export function toldAt(event: WeirEvent): number {
  const lasted_s = 'duration_s' in event ? (event.duration_s ?? 0) : 0;
  return event.time + Math.round(Math.min(Math.max(lasted_s, 0), longest_s) * 1e6);
}
