import { dnsQuery } from '../exchange.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import type { Random } from '../random.ts';
import { given, scripted } from '../scenario.ts';
import { HOUR, MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const dga = scripted({
  name: 'dga',
  doc: 'Malware looks for its server by names that a program makes up; nearly none of them exist.',
  harmful: true,
  params: {
    names: given.count(120, 'names in a burst'),
    gap_min: given.amount(60, 'minutes between bursts'),
    hours: given.hours(2),
    found_share: given.share(0.01, 'share of names that exist'),
    src_ip: given.ip(suspectIp, 'the host that asks'),
    dst_ip: given.ip(office.domain_controller, 'the name server it asks'),
    relayed: given.yes(false, 'the name server is seen asking on outside'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    const src = end(p.src_ip);
    const dst = end(p.dst_ip);
    wire.timeline.every(
      start,
      () => random.jittered(p.gap_min, 0.1) * MINUTE,
      (now) => {
        let t = now;
        for (let i = 0; i < p.names; i++) {
          const found = random.chance(p.found_share);
          const question = {
            query: generated(random),
            answers: found ? ['203.0.113.140'] : [],
            ttl_s: 300,
            response_code: found ? 'NOERROR' : 'NXDOMAIN',
          };
          dnsQuery(wire, t, src, dst, question);
          if (p.relayed) dnsQuery(wire, t + 400, dst, end('192.0.2.53'), question);
          t += random.lognormal(0.6, 2) * SECOND;
        }
      },
    );
  },
  answer: (p, from, to) => [
    {
      detectors: ['generated_domains', 'unknown_name_burst'],
      attack: ['T1568.002'],
      src_ip: p.src_ip,
      dst_ip: '',
      from,
      to,
      note: `asks for ${p.names} made-up names every ${p.gap_min} minutes`,
    },
  ],
});

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** 11 to 19 letters evenly drawn, as many families do it. */
function generated(random: Random): string {
  const name = Array.from({ length: random.int(11, 19) }, () => letters[random.int(0, 25)]).join('');
  return `${name}.${random.pick(['example', 'test', 'invalid'])}`;
}
