import { certificateOf, tls, tunnel } from '../exchange.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { HOUR, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const long_connection = scripted({
  name: 'long_connection',
  doc: 'One connection to an outside destination stays open for most of a day, with a trickle both ways.',
  harmful: true,
  params: {
    hours: given.hours(9),
    bytes_per_s: given.amount(40, 'payload a second each way'),
    src_ip: given.ip(suspectIp, 'the host that holds it open'),
    dst_ip: given.ip('203.0.113.180', 'the other side'),
    dst_port: given.port(443, 'its port'),
    name: given.text('', "name asked for; '' for none"),
    proxy: given.yes(false, 'through the web proxy of the office, by CONNECT'),
  },
  length: (p) => p.hours * HOUR + SECOND,
  play: (wire, p, start) => {
    const bytes = p.bytes_per_s * p.hours * 3600;
    wire.timeline.at(start, (now) => {
      const talk = {
        software: programs.implant,
        server_name: p.name,
        dst_port: p.dst_port,
        duration_s: p.hours * 3600 * wire.random.between(0.98, 0.999),
        up: bytes * wire.random.between(0.8, 1.2),
        down: bytes * wire.random.between(0.8, 1.2),
        state: 'S1' as const,
        resumed: false,
        certificate: certificateOf(p.name || p.dst_ip),
      };
      const [src, dst] = [end(p.src_ip), end(p.dst_ip)];
      if (p.proxy)
        tunnel(wire, now, src, end(office.proxy), dst, { ...talk, server_name: p.name || p.dst_ip });
      else tls(wire, now, src, dst, talk);
    });
  },
  answer: (p, from, to) => [
    {
      detectors: ['long_connection'],
      attack: ['T1572', 'T1071'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `holds one connection open for ${p.hours} hours`,
    },
  ],
});
