import { end, isLocal, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { ports, sweep, sweepLength } from './scan.ts';

const office = officeAddresses();

export const vertical_scan = scripted({
  name: 'vertical_scan',
  doc: 'One host tries many ports of one other host.',
  harmful: true,
  params: {
    ports: given.count(1000, 'ports tried'),
    rate: given.amount(9, 'tries a second'),
    open_share: given.share(0.006, 'share of ports that answer'),
    silent_share: given.share(0.05, 'share of ports that give no answer at all'),
    src_ip: given.ip(suspectIp, 'the host that scans'),
    dst_ip: given.ip(office.file_server, 'the host that is scanned'),
  },
  length: (p) => sweepLength(p.ports, p.rate),
  play: (wire, p, start) => {
    const dst = end(p.dst_ip);
    const doors = ports(p.ports).map((port) => {
      const at = wire.random.unit();
      const door = at < p.open_share ? 'open' : at < p.open_share + p.silent_share ? 'silent' : 'closed';
      return { dst, port, door } as const;
    });
    sweep(wire, start, p.rate, end(p.src_ip), doors);
  },
  answer: (p, from, to) => [
    {
      detectors: isLocal(p.src_ip) ? ['vertical_scan'] : ['scanned_from_outside', 'vertical_scan'],
      attack: ['T1046'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `tries ${p.ports} ports of one host`,
    },
  ],
});
