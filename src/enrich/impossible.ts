import type { Connection } from '../schema/event/connection.ts';
import { setAside } from '../schema/set-aside.ts';

/** IP packets carry so many bytes (RFC 791, RFC 8200 without jumbograms). */
const most_packet = 65_535;
/**
 * A sensor that saw less than an eighth of what it says was sent did not see that: its sequence numbers jumped. But where
 * it saw data of that side, IP bytes may be the ones that are short: a host that captures its own packets before the
 * network card cuts them into segments sees them with up to 64 kB of data and, from some drivers, with 0 for a length
 * (Wireshark, "Segmentation Offload", https://wiki.wireshark.org/CaptureSetup/Offloading).
 */
const most_unseen = 8;

/**
 * Sets figures aside that cannot be: IP bytes that the packets cannot hold, payload that packets, IP bytes and
 * missed_bytes cannot carry (sequence numbers that wrapped or were forged give such sizes), a connection that ends after
 * the clock, `latest_time` (µs). The record stays, the value says that it is not known.
 */
export function setImpossibleAside(event: Connection, latest_time: number): void {
  const { duration_s, src_packets, dst_packets } = event;
  if (duration_s !== null && event.time + duration_s * 1e6 > latest_time) {
    event.duration_s = null;
    setAside(event, 'duration_s', 'ends in the future');
  }
  // Both zero: the sensor counts no packets.
  if (src_packets + dst_packets === 0) return;
  if (event.src_ip_bytes > src_packets * most_packet) {
    event.src_ip_bytes = 0;
    setAside(event, 'src_ip_bytes', 'more than its packets can hold');
  }
  if (event.dst_ip_bytes > dst_packets * most_packet) {
    event.dst_ip_bytes = 0;
    setAside(event, 'dst_ip_bytes', 'more than its packets can hold');
  }
  if (
    event.src_bytes !== null &&
    event.src_bytes >
      carried(src_packets, event.src_ip_bytes, event.missed_bytes, event.history.includes('D'))
  ) {
    event.src_bytes = null;
    setAside(event, 'src_bytes', 'more than its packets can carry');
  }
  if (
    event.dst_bytes !== null &&
    event.dst_bytes >
      carried(dst_packets, event.dst_ip_bytes, event.missed_bytes, event.history.includes('d'))
  ) {
    event.dst_bytes = null;
    setAside(event, 'dst_bytes', 'more than its packets can carry');
  }
}

/** The most payload that so many packets and IP bytes (0: not counted) can stand for; whether any with data was seen. */
function carried(packets: number, ip_bytes: number, missed_bytes: number, data_seen: boolean): number {
  const by_packets = packets * most_packet;
  const by_bytes = ip_bytes === 0 || data_seen ? by_packets : ip_bytes * most_unseen;
  return Math.min(by_packets, by_bytes) + missed_bytes;
}
