import { certificateOf, dnsQuery, tls } from '../exchange.ts';
import { end, officeAddresses, outside } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { HOUR, MINUTE } from '../timeline.ts';

const office = officeAddresses();

export const new_software_rollout = scripted({
  name: 'new_software_rollout',
  doc: 'A new program arrives: within an hour or two many desks begin to call the same new destination by the clock.',
  harmful: false,
  params: {
    hosts: given.count(20, 'desks that get it'),
    hours: given.hours(10),
    within_h: given.amount(2, 'hours within which all have it'),
    gap_min: given.amount(10, 'minutes between calls of one host'),
    name: given.text('agent.new-suite.example', 'the new destination'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    const places = [0, 1, 2].map((i) => end(outside(73_000 + i)));
    const answers = places.map((one) => one.ip);
    for (let i = 0; i < p.hosts; i++) {
      const src = end(office.desk(i));
      const first = start + random.unit() * p.within_h * HOUR;
      const call = (now: number, down: number): void => {
        const ready = dnsQuery(wire, now, src, end(office.domain_controller), {
          query: p.name,
          answers,
          ttl_s: 300,
        });
        tls(wire, ready, src, random.pick(places), {
          software: programs.telemetry,
          server_name: p.name,
          duration_s: random.lognormal(0.5, 1.4) + down / 5e6,
          up: random.jittered(2400, 0.2),
          down,
          certificate: certificateOf(p.name),
        });
      };
      wire.timeline.at(first, (now) => call(now, random.lognormal(60e6, 1.05)));
      wire.timeline.every(
        first + 2 * MINUTE,
        () => random.jittered(p.gap_min, 0.05) * MINUTE,
        (now) => call(now, 900),
      );
    }
  },
});
