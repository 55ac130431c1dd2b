import { z } from 'zod';
import { end, officeAddresses, outside } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const host_flood = scripted({
  name: 'host_flood',
  doc: 'So many connections at once that a server cannot serve.',
  harmful: true,
  params: {
    type: z.enum(['syn', 'udp', 'icmp']).default('syn').describe('what it is flooded with'),
    rate: given.amount(100, 'connections a second'),
    minutes: given.minutes(5),
    sources: given.count(400, 'addresses it comes from'),
    dst_ip: given.ip(office.web, 'the server'),
    dst_port: given.port(80, 'its port'),
  },
  length: (p) => p.minutes * MINUTE,
  play: (wire, p, start) => {
    const { random } = wire;
    const dst = end(p.dst_ip);
    const sources = Array.from({ length: p.sources }, () => end(outside(random.int(0, 130_000))));
    wire.timeline.every(
      start,
      () => random.exponential(1 / p.rate) * SECOND,
      (now) => {
        const src = random.pick(sources);
        const src_port = random.int(1024, 65_535);
        const nothing = { duration_s: 0, up: 0, down: 0, src_port };
        if (p.type === 'syn') wire.tcp(now, src, dst, p.dst_port, '', { ...nothing, state: 'S0' });
        else if (p.type === 'udp')
          wire.udp(now, src, dst, p.dst_port, '', { ...nothing, duration_s: 0.4, up: 9600, up_packets: 8 });
        else wire.ping(now, src, dst, 20, 1000, false, 0.3);
      },
    );
  },
  answer: (p, from, to) => [
    {
      detectors: ['host_flood'],
      attack: ['T1498', 'T1499'],
      src_ip: '',
      dst_ip: p.dst_ip,
      from,
      to,
      note: `${p.rate} ${p.type} connections a second from ${p.sources} addresses`,
    },
  ],
});
