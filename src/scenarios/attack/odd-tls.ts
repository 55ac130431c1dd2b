import { certificateOf, tls } from '../exchange.ts';
import { end, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { HOUR, MINUTE } from '../timeline.ts';

export const odd_tls = scripted({
  name: 'odd_tls',
  doc: 'TLS to a rare destination with a self-signed certificate, no server name, and a client nobody else uses.',
  harmful: true,
  params: {
    calls: given.count(8, 'connections'),
    hours: given.hours(2),
    self_signed: given.yes(true, 'the certificate is self-signed'),
    server_name: given.text('', "name in the hello; '' for none"),
    src_ip: given.ip(suspectIp, 'the host that calls'),
    dst_ip: given.ip('203.0.113.201', 'the rare destination'),
    dst_port: given.port(8443, 'its port'),
  },
  length: (p) => p.hours * HOUR + MINUTE,
  play: (wire, p, start) => {
    const { random } = wire;
    for (let i = 0; i < p.calls; i++) {
      wire.timeline.at(start + (i === 0 ? 0 : random.unit() * p.hours * HOUR), (now) => {
        tls(wire, now, end(p.src_ip), end(p.dst_ip), {
          software: programs.implant,
          server_name: p.server_name,
          dst_port: p.dst_port,
          duration_s: random.lognormal(3, 2),
          up: random.lognormal(2000, 2),
          down: random.lognormal(5000, 2),
          resumed: false,
          certificate: certificateOf(p.server_name || 'localhost', p.self_signed),
        });
      });
    }
  },
  answer: (p, from, to) => [
    {
      detectors: ['odd_certificate', 'rare_tls_client'],
      attack: ['T1573.002', 'T1573'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: 'a client nobody else uses meets a self-signed certificate at a rare destination',
    },
  ],
});
