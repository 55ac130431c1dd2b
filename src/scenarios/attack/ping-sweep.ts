import { end, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { HOUR, SECOND } from '../timeline.ts';

export const ping_sweep = scripted({
  name: 'ping_sweep',
  doc: 'One host pings address after address of a network.',
  harmful: true,
  params: {
    hosts: given.count(254, 'addresses pinged, one after the other from the first of network on'),
    rate: given.amount(20, 'pings a second'),
    alive_share: given.share(0.35, 'share of addresses that answer'),
    rounds: given.count(1, 'how often it goes through all of them, once an hour'),
    src_ip: given.ip(suspectIp, 'the host that pings'),
    network: given.text('10.20.1', 'first three octets of the network'),
  },
  length: (p) => (p.rounds - 1) * HOUR + (2 + p.hosts / p.rate) * SECOND,
  play: (wire, p, start) => {
    const dsts = Array.from({ length: p.hosts }, (_, i) => end(`${p.network}.${1 + (i % 254)}`));
    const alive = dsts.map(() => wire.random.chance(p.alive_share));
    for (let round = 0; round < p.rounds; round++) {
      let i = 0;
      wire.timeline.every(
        start + round * HOUR,
        () => (i < dsts.length ? SECOND / p.rate : 0),
        (now) => {
          const dst = dsts[i];
          if (dst !== undefined && dst.ip !== p.src_ip)
            wire.ping(now, end(p.src_ip), dst, 1, 56, alive[i] === true);
          i++;
        },
      );
    }
  },
  answer: (p, from, to) => [
    {
      detectors: ['ping_sweep'],
      attack: ['T1018'],
      src_ip: p.src_ip,
      dst_ip: '',
      from,
      to,
      note: `pings ${p.hosts} addresses`,
    },
  ],
});
