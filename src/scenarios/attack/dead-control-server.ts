import { end, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE, SECOND } from '../timeline.ts';

export const dead_control_server = scripted({
  name: 'dead_control_server',
  doc: 'An implant whose control server is gone and that keeps knocking.',
  harmful: true,
  params: {
    gap_s: given.amount(2, 'seconds between two tries'),
    minutes: given.minutes(20),
    src_ip: given.ip(suspectIp, 'the infected host'),
    dst_ip: given.ip('203.0.113.77', 'the server that is gone'),
    dst_port: given.port(5888, 'its port'),
  },
  length: (p) => p.minutes * MINUTE,
  play: (wire, p, start) => {
    const src = end(p.src_ip);
    const dst = end(p.dst_ip);
    wire.timeline.every(
      start,
      () => wire.random.jittered(p.gap_s, 0.1) * SECOND,
      (now) => wire.tcp(now, src, dst, p.dst_port, '', { duration_s: 0.05, up: 0, down: 0, state: 'REJ' }),
    );
  },
  answer: (p, from, to) => [
    {
      detectors: ['dead_control_server', 'beacon_address'],
      attack: ['T1071', 'T1008'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `a try every ${p.gap_s} s, none answered`,
    },
  ],
});
