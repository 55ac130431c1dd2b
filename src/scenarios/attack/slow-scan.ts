import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { HOUR, MINUTE } from '../timeline.ts';
import { knock, ports } from './scan.ts';

const office = officeAddresses();

export const slow_scan = scripted({
  name: 'slow_scan',
  doc: 'One try every few minutes, to stay below what is counted by the minute.',
  harmful: true,
  params: {
    gap_min: given.amount(10, 'minutes between tries'),
    hours: given.hours(24),
    hosts: given.count(6, 'hosts tried in turn'),
    src_ip: given.ip(suspectIp, 'the host that scans'),
    dst_ip: given.ip(office.domain_controller, 'first host tried; the others follow it'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    const cut = p.dst_ip.lastIndexOf('.');
    const first = Number(p.dst_ip.slice(cut + 1));
    const targets = Array.from({ length: p.hosts }, (_, i) =>
      end(`${p.dst_ip.slice(0, cut)}.${((first + i - 1) % 254) + 1}`),
    );
    const tried = random.sample(ports(1000), 1000);
    let i = 0;
    wire.timeline.every(
      start,
      () => random.jittered(p.gap_min, 0.4) * MINUTE,
      (now) => {
        const dst = targets[i % targets.length] ?? targets[0]!;
        const port = tried[Math.floor(i++ / targets.length) % tried.length] ?? 80;
        knock(wire, now, end(p.src_ip), dst, port, random.chance(0.5) ? 'closed' : 'silent');
      },
    );
  },
  answer: (p, from, to) => [
    {
      detectors: ['slow_scan'],
      attack: ['T1046'],
      src_ip: p.src_ip,
      dst_ip: '',
      from,
      to,
      note: `one try every ${p.gap_min} minutes over ${p.hours} hours`,
    },
  ],
});
