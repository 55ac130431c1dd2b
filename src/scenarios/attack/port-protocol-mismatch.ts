import { z } from 'zod';
import { http, ssh } from '../exchange.ts';
import { end, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { HOUR, MINUTE } from '../timeline.ts';

export const port_protocol_mismatch = scripted({
  name: 'port_protocol_mismatch',
  doc: 'A protocol on the port of another one, to pass a firewall that looks at ports.',
  harmful: true,
  params: {
    protocol: z.enum(['ssh', 'http', 'dns', 'irc']).default('ssh').describe('what is spoken'),
    dst_port: given.port(443, 'port it is spoken on'),
    connections: given.count(3, 'connections within the hour'),
    src_ip: given.ip(suspectIp, 'the host inside'),
    dst_ip: given.ip('203.0.113.222', 'the other side'),
  },
  length: () => HOUR + MINUTE,
  play: (wire, p, start) => {
    const { random } = wire;
    const src = end(p.src_ip);
    const dst = end(p.dst_ip);
    for (let i = 0; i < p.connections; i++) {
      wire.timeline.at(start + (i / p.connections) * HOUR, (now) => {
        const duration_s = random.lognormal(300, 2);
        const talk = { duration_s, up: duration_s * 60 + 3000, down: duration_s * 200 + 4000 };
        if (p.protocol === 'ssh') ssh(wire, now, src, dst, { ...talk, dst_port: p.dst_port, success: true });
        else if (p.protocol === 'http') {
          const call = {
            host: dst.ip,
            uri: '/t',
            user_agent: 'Mozilla/5.0',
            method: 'POST',
            request_bytes: 1200,
          };
          http(wire, now, src, dst, [{ ...call, response_bytes: 9000 }], { dst_port: p.dst_port });
        } else wire.tcp(now, src, dst, p.dst_port, p.protocol, talk);
      });
    }
  },
  answer: (p, from, to) => [
    {
      detectors: ['port_protocol_mismatch'],
      attack: ['T1571'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `speaks ${p.protocol} on port ${p.dst_port}`,
    },
  ],
});
