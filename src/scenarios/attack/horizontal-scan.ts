import { end, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { sweep, sweepLength } from './scan.ts';

export const horizontal_scan = scripted({
  name: 'horizontal_scan',
  doc: 'One host tries one port of many hosts.',
  harmful: true,
  params: {
    hosts: given.count(254, 'addresses tried, one after the other from the first of network on'),
    port: given.port(445, 'port tried'),
    rate: given.amount(20, 'tries a second'),
    alive_share: given.share(0.12, 'share of addresses where somebody lives'),
    open_share: given.share(0.5, 'share of those that let it in'),
    src_ip: given.ip(suspectIp, 'the host that scans'),
    network: given.text('10.20.1', 'first three octets of the first network'),
  },
  length: (p) => sweepLength(p.hosts, p.rate),
  play: (wire, p, start) => {
    const [a = '10', b = '20', c = '1'] = p.network.split('.');
    const doors = Array.from({ length: p.hosts }, (_, i) => {
      const dst = end(`${a}.${b}.${(Number(c) + Math.floor(i / 254)) % 256}.${1 + (i % 254)}`);
      const alive = wire.random.chance(p.alive_share);
      const door = alive ? (wire.random.chance(p.open_share) ? 'open' : 'closed') : 'silent';
      return { dst, port: p.port, door } as const;
    }).filter((one) => one.dst.ip !== p.src_ip);
    sweep(wire, start, p.rate, end(p.src_ip), doors);
  },
  answer: (p, from, to) => [
    {
      detectors: p.port === 25 ? ['mail_burst', 'horizontal_scan'] : ['horizontal_scan'],
      attack: ['T1046', 'T1018'],
      src_ip: p.src_ip,
      dst_ip: '',
      from,
      to,
      note: `tries port ${p.port} of ${p.hosts} addresses`,
    },
  ],
});
