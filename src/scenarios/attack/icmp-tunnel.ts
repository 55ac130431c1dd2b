import { end, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { HOUR, MINUTE } from '../timeline.ts';

export const icmp_tunnel = scripted({
  name: 'icmp_tunnel',
  doc: 'Echo requests and answers that carry data.',
  harmful: true,
  params: {
    hours: given.hours(1),
    packets_per_min: given.count(120, 'echo requests a minute'),
    payload_bytes: given.count(1100, 'payload of each packet, both ways'),
    src_ip: given.ip(suspectIp, 'the host inside'),
    dst_ip: given.ip('203.0.113.210', 'the host outside'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    wire.timeline.every(
      start,
      () => 5 * MINUTE,
      (now) => {
        const count = Math.max(1, Math.round(5 * wire.random.jittered(p.packets_per_min, 0.2)));
        wire.ping(now, end(p.src_ip), end(p.dst_ip), count, p.payload_bytes, true, 299);
      },
    );
  },
  answer: (p, from, to) => [
    {
      detectors: ['icmp_tunnel'],
      attack: ['T1095', 'T1572'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `exchanges ${p.payload_bytes} bytes of payload in each of ${p.packets_per_min} pings a minute`,
    },
  ],
});
