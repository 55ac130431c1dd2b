import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { SECOND } from '../timeline.ts';
import { ports, sweepLength } from './scan.ts';

const office = officeAddresses();

/** Zeek's letters of each probe: FIN, Xmas (FIN, PSH, URG) and Maimon (FIN, ACK) look alike, no flag has no letter. */
const letters: Readonly<Record<string, string>> = { fin: 'F', xmas: 'F', maimon: 'F', ack: 'A', null: '' };

export const stealth_scan = scripted({
  name: 'stealth_scan',
  doc: 'One host sends lone FIN, Xmas, Maimon, ACK or flagless packets to ports that it has no connection with.',
  harmful: true,
  params: {
    kind: given.text('fin', 'fin, xmas, maimon, ack or null'),
    ports: given.count(200, 'ports tried on each host'),
    hosts: given.count(1, 'hosts tried, one after the other from dst_ip on'),
    rate: given.amount(20, 'packets a second'),
    reset_share: given.share(0.9, 'share of ports that answer with a reset'),
    src_ip: given.ip(suspectIp, 'the host that scans'),
    dst_ip: given.ip(office.file_server, 'the first host that is scanned'),
  },
  length: (p) => sweepLength(p.ports * p.hosts, p.rate),
  play: (wire, p, start) => {
    const dot = p.dst_ip.lastIndexOf('.');
    const targets = Array.from({ length: p.hosts }, (_, i) =>
      end(`${p.dst_ip.slice(0, dot)}.${Number(p.dst_ip.slice(dot + 1)) + i}`),
    ).flatMap((dst) => ports(p.ports).map((port) => ({ dst, port })));
    const order = wire.random.sample(targets, targets.length);
    let i = 0;
    wire.timeline.every(
      start,
      () => (i < order.length ? wire.random.exponential(1 / p.rate) * SECOND : 0),
      (now) => {
        const one = order[i++];
        if (one === undefined) return;
        const history = letters[p.kind] ?? 'F';
        wire.lone(now, end(p.src_ip), one.dst, one.port, history, wire.random.chance(p.reset_share));
      },
    );
  },
  answer: (p, from, to) => [
    {
      detectors: ['stealth_scan'],
      attack: ['T1046'],
      src_ip: p.src_ip,
      dst_ip: p.hosts === 1 ? p.dst_ip : '',
      from,
      to,
      note: `sends lone packets to ${p.ports} ports of ${p.hosts} hosts`,
    },
  ],
});
