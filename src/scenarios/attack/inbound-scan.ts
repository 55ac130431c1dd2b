import { end, officeAddresses } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { ports, sweep, sweepLength } from './scan.ts';

const office = officeAddresses();

export const inbound_scan = scripted({
  name: 'inbound_scan',
  doc: 'Somebody outside tries many ports of a public server, well above the background noise.',
  harmful: true,
  params: {
    ports: given.count(400, 'ports tried'),
    rate: given.amount(8, 'tries a second'),
    src_ip: given.ip('198.51.100.200', 'who scans'),
    dst_ip: given.ip(office.web, 'the server'),
  },
  length: (p) => sweepLength(p.ports, p.rate),
  play: (wire, p, start) => {
    const dst = end(p.dst_ip);
    const doors = ports(p.ports).map((port) => {
      const open = port === 80 || port === 443;
      return { dst, port, door: open ? 'open' : wire.random.chance(0.9) ? 'silent' : 'closed' } as const;
    });
    sweep(wire, start, p.rate, end(p.src_ip), doors);
  },
  answer: (p, from, to) => [
    {
      detectors: ['scanned_from_outside', 'vertical_scan'],
      attack: ['T1595.001', 'T1595'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `tries ${p.ports} ports of a public server from outside`,
    },
  ],
});
