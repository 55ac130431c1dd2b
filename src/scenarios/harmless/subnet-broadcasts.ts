import { end } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE, SECOND } from '../timeline.ts';

export const subnet_broadcasts = scripted({
  name: 'subnet_broadcasts',
  doc: 'Hosts of a /26 that announce themselves by NetBIOS to its broadcast address, which ends in 63.',
  harmful: false,
  params: {
    hosts: given.count(30, 'hosts that do, 61 at most'),
    minutes: given.count(120, 'minutes it lasts'),
    network: given.text('10.20.5', 'first three octets of the network'),
    last: given.count(63, 'last octet of the broadcast address'),
  },
  length: (p) => (p.minutes + 1) * MINUTE,
  play: (wire, p, start) => {
    const all = end(`${p.network}.${p.last}`);
    for (let host = 1; host <= p.hosts; host++)
      for (let minute = 0; minute < p.minutes; minute += 12)
        wire.timeline.at(start + minute * MINUTE + host * SECOND, (now) => {
          const talk = { duration_s: 0, up: 200, down: 0, down_packets: 0, src_port: 138 };
          wire.udp(now, end(`${p.network}.${host}`), all, 138, '', talk);
        });
  },
  answer: () => [],
});
