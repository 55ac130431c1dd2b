import { certificateOf, tls } from '../exchange.ts';
import { end, officeAddresses, outside } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { DAY, HOUR, MINUTE } from '../timeline.ts';

const office = officeAddresses();

export const person_travelling = scripted({
  name: 'person_travelling',
  doc: 'Somebody on the road reads mail from a new hotel every day, at odd hours.',
  harmful: false,
  params: {
    days: given.days(3),
    polls_per_day: given.count(60, 'times the mail program asks'),
  },
  length: (p) => p.days * DAY,
  play: (wire, p, start) => {
    const { random } = wire;
    for (let d = 0; d < p.days; d++) {
      const hotel = end(outside(90_000 + d * 777));
      const morning = start + d * DAY + random.between(4, 9) * HOUR;
      for (let i = 0; i < p.polls_per_day; i++) {
        wire.timeline.at(morning + ((i + random.unit()) / p.polls_per_day) * 14 * HOUR, (now) => {
          tls(wire, now, hotel, end(office.mail), {
            software: programs.mail,
            server_name: 'mail.corp.test',
            dst_port: 993,
            duration_s: random.lognormal(2, 1.8),
            up: 700,
            down: random.chance(0.2) ? random.lognormal(80_000, 4) : 1200,
            certificate: certificateOf('mail.corp.test'),
          });
        });
      }
      wire.timeline.at(morning + 20 * MINUTE, (now) => {
        const lasts = random.between(1, 4) * 3600;
        wire.udp(now, hotel, end(office.gateway), 51_820, 'wireguard', {
          duration_s: lasts,
          up: lasts * 2200,
          down: lasts * 9000,
        });
      });
    }
  },
});
