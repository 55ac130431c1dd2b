import { end, officeAddresses } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { HOUR, MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const dead_server = scripted({
  name: 'dead_server',
  doc: 'A server of the office that many hosts call dies: each of them goes on calling, and none does anything wrong.',
  harmful: false,
  at_once: true,
  params: {
    clients: given.count(22, 'desks that call it'),
    gap_min: given.amount(10, 'minutes between two calls of a desk'),
    hours: given.hours(12),
    after_s: given.amount(28_800, 'seconds after start at which it dies'),
    dst_ip: given.ip('10.20.0.77', 'the server'),
    dst_port: given.port(8443, 'its port'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    for (let i = 0; i < p.clients; i++) {
      wire.timeline.every(
        start + random.unit() * p.gap_min * MINUTE,
        () => random.jittered(p.gap_min, 0.3) * MINUTE,
        (now) => {
          const dead = now >= start + p.after_s * SECOND;
          const talk = dead
            ? ({ duration_s: 3, up: 0, down: 0, state: 'S0' } as const)
            : { duration_s: random.lognormal(0.5, 1.5), up: 2000, down: 9000 };
          wire.tcp(now, end(office.desk(i)), end(p.dst_ip), p.dst_port, dead ? '' : 'ssl', talk);
        },
      );
    }
  },
  answer: (p, from, to) => [
    {
      detectors: ['dead_server'],
      attack: ['T1489', 'T1499'],
      src_ip: '',
      dst_ip: p.dst_ip,
      from: from + p.after_s * SECOND,
      to,
      note: `${p.dst_ip} no longer answers its ${p.clients} clients: one finding about it, none about them`,
    },
  ],
});
