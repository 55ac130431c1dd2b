import { certificateOf, tls } from '../exchange.ts';
import { end, officeAddresses, outside } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { HOUR, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const host_silent = scripted({
  name: 'host_silent',
  doc: 'A host that was heard in every hour is heard no more, while the others go on.',
  harmful: true,
  at_once: true,
  params: {
    hours: given.hours(72),
    after_s: given.amount(180_000, 'seconds after start at which it falls silent'),
    neighbours: given.count(6, 'other hosts that go on'),
    src_ip: given.ip('10.20.0.60', 'the host that falls silent'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    const desks = Array.from({ length: p.neighbours }, (_, i) => office.desk(i));
    [p.src_ip, ...desks].forEach((ip, i) => {
      const until = i === 0 ? start + p.after_s * SECOND : Number.POSITIVE_INFINITY;
      wire.timeline.every(
        start + random.unit() * 300 * SECOND,
        () => random.jittered(300, 0.3) * SECOND,
        (now) => {
          if (now >= until) return;
          tls(wire, now, end(ip), end(outside(70_000)), {
            software: programs.appliance,
            server_name: 'relay.sensor-cloud.example',
            duration_s: random.lognormal(0.6, 1.4),
            up: 1500,
            down: 700,
            certificate: certificateOf('relay.sensor-cloud.example'),
          });
        },
      );
    });
  },
  answer: (p, from, to) => [
    {
      detectors: ['host_silent'],
      attack: ['T1562', 'T1489'],
      src_ip: p.src_ip,
      dst_ip: '',
      from: from + p.after_s * SECOND,
      to,
      note: `${p.src_ip} falls silent after ${Math.round(p.after_s / 3600)} hours`,
    },
  ],
});
