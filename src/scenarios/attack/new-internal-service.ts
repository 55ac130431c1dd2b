import { certificateOf, tls } from '../exchange.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { HOUR, MINUTE } from '../timeline.ts';

const office = officeAddresses();

export const new_internal_service = scripted({
  name: 'new_internal_service',
  doc: 'A desk begins to answer on a port it never answered on. Mix it with an office that has run for a day.',
  harmful: true,
  params: {
    clients: given.count(4, 'desks that call it'),
    hours: given.hours(3),
    gap_min: given.amount(5, 'minutes between calls of one client'),
    dst_ip: given.ip(suspectIp, 'the host that serves'),
    dst_port: given.port(8443, 'the new port'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    const desks = Array.from({ length: p.clients + 1 }, (_, i) => office.desk(i));
    for (const client of desks.filter((ip) => ip !== p.dst_ip).slice(0, p.clients)) {
      wire.timeline.every(
        start + random.unit() * p.gap_min * MINUTE,
        () => random.jittered(p.gap_min, 0.5) * MINUTE,
        (now) => {
          tls(wire, now, end(client), end(p.dst_ip), {
            software: programs.implant,
            server_name: '',
            dst_port: p.dst_port,
            duration_s: random.lognormal(2, 1.5),
            up: random.lognormal(3000, 2),
            down: random.lognormal(6000, 2),
            certificate: certificateOf('localhost', true),
          });
        },
      );
    }
  },
  answer: (p, from, to) => [
    {
      detectors: ['new_internal_service'],
      attack: ['T1090.001', 'T1571'],
      src_ip: '',
      dst_ip: p.dst_ip,
      from,
      to,
      note: `${p.dst_ip} serves port ${p.dst_port} for the first time`,
    },
  ],
});
