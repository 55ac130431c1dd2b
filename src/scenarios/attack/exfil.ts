import { certificateOf, dnsQuery, tls, tunnel } from '../exchange.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const exfil = scripted({
  name: 'exfil',
  doc: 'Much data leaves for one destination within minutes.',
  harmful: true,
  params: {
    megabytes: given.amount(2000, 'payload sent, MB'),
    minutes: given.minutes(30),
    connections: given.count(6, 'connections it is spread over, one after the other'),
    src_ip: given.ip(suspectIp, 'the host that sends'),
    dst_ip: given.ip('203.0.113.99', 'where it goes'),
    dst_port: given.port(443, 'port there'),
    proxy: given.yes(false, 'through the web proxy of the office, by CONNECT'),
    name: given.text('drop.file-mirror.example', "name asked for; '' for the address itself"),
  },
  length: (p) => (p.minutes + 1) * MINUTE,
  play: (wire, p, start) => {
    const { random } = wire;
    const src = end(p.src_ip);
    const dst = end(p.dst_ip);
    const slice = (p.minutes * MINUTE) / p.connections;
    for (let i = 0; i < p.connections; i++) {
      wire.timeline.at(start + i * slice, (now) => {
        const question = { query: p.name, answers: [p.dst_ip], ttl_s: 300 };
        const asks = p.name !== '' && i % 3 === 0;
        const ready = asks
          ? dnsQuery(wire, now, p.proxy ? end(office.proxy) : src, end(office.domain_controller), question)
          : now;
        const up = (p.megabytes * 1e6) / p.connections;
        const talk = {
          software: programs.script,
          server_name: p.name,
          dst_port: p.dst_port,
          duration_s: (slice / SECOND) * random.between(0.85, 0.97),
          up,
          down: 3000 + up * 0.002,
          resumed: i > 0,
          certificate: certificateOf(p.name || p.dst_ip),
        };
        if (p.proxy)
          tunnel(wire, ready, src, end(office.proxy), dst, { ...talk, server_name: p.name || p.dst_ip });
        else tls(wire, ready, src, dst, talk);
      });
    }
  },
  answer: (p, from, to) => [
    {
      detectors: ['upload_volume'],
      attack: ['T1048', 'T1041'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `sends ${p.megabytes} MB to ${p.name || p.dst_ip} in ${p.minutes} minutes`,
    },
  ],
});
