import { certificateOf, dnsQuery, tls } from '../exchange.ts';
import { end, officeAddresses, outside } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { HOUR, MINUTE } from '../timeline.ts';

const office = officeAddresses();

export const update_check = scripted({
  name: 'update_check',
  doc: 'Many hosts ask the same known destination for news by the clock: as regular as a beacon, and harmless.',
  harmful: false,
  params: {
    hosts: given.count(20, 'desks that ask'),
    gap_min: given.amount(30, 'minutes between questions of one host'),
    jitter: given.share(0.03, 'share of the gap by which each gap varies'),
    hours: given.hours(24),
    name: given.text('check.office-tool.example', 'the destination'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    const places = [end(outside(71_000)), end(outside(71_001))];
    const answers = places.map((one) => one.ip);
    for (let i = 0; i < p.hosts; i++) {
      const src = end(office.desk(i));
      wire.timeline.every(
        start + random.unit() * p.gap_min * MINUTE,
        () => random.jittered(p.gap_min, p.jitter) * MINUTE,
        (now) => {
          const question = { query: p.name, answers, ttl_s: 300 };
          const ready = dnsQuery(wire, now, src, end(office.domain_controller), question);
          tls(wire, ready, src, random.pick(places), {
            software: programs.updater,
            server_name: p.name,
            duration_s: random.lognormal(0.3, 1.3),
            up: 900,
            down: random.chance(0.05) ? 250_000 : 1400,
            certificate: certificateOf(p.name),
          });
        },
      );
    }
  },
});
