import { certificateOf, dnsQuery, tls } from '../exchange.ts';
import { end, officeAddresses } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { HOUR, MINUTE } from '../timeline.ts';

const office = officeAddresses();

export const rare_destination = scripted({
  name: 'rare_destination',
  doc: 'A server, not a person, talks to a destination nobody here has talked to. Mix it with an office that has run for a day.',
  harmful: true,
  params: {
    calls: given.count(12, 'connections'),
    hours: given.hours(2),
    src_ip: given.ip(office.file_server, 'the host that calls'),
    dst_ip: given.ip('203.0.113.151', 'the new destination'),
    dst_port: given.port(443, 'its port'),
    name: given.text('', "name asked for; '' calls the address itself"),
  },
  length: (p) => p.hours * HOUR + MINUTE,
  play: (wire, p, start) => {
    const { random } = wire;
    for (let i = 0; i < p.calls; i++) {
      wire.timeline.at(start + (i === 0 ? 0 : random.unit() * p.hours * HOUR), (now) => {
        const question = { query: p.name, answers: [p.dst_ip], ttl_s: 300 };
        const src = end(p.src_ip);
        const ready = p.name === '' ? now : dnsQuery(wire, now, src, end(office.domain_controller), question);
        tls(wire, ready, src, end(p.dst_ip), {
          software: programs.implant,
          server_name: p.name,
          dst_port: p.dst_port,
          duration_s: random.lognormal(6, 2),
          up: random.lognormal(20_000, 2),
          down: random.lognormal(40_000, 2),
          certificate: certificateOf(p.name || p.dst_ip),
        });
      });
    }
  },
  answer: (p, from, to) => [
    {
      detectors: ['rare_destination', 'server_first_call'],
      attack: ['T1071', 'T1102'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `a server calls ${p.name || p.dst_ip}, where nobody has been`,
    },
  ],
});
