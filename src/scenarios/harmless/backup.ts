import { certificateOf, dnsQuery, tls } from '../exchange.ts';
import { end, officeAddresses, outside } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const backup = scripted({
  name: 'backup',
  doc: 'The nightly backup to a known destination: a large upload at the same hour every night.',
  harmful: false,
  params: {
    megabytes: given.amount(2000, 'sent a night, MB; two thirds of nights lie within a tenth of it'),
    at_h: given.amount(2, 'hours after midnight at which it begins'),
    minutes: given.minutes(45),
    days: given.days(7),
    src_ip: given.ip(office.backup_store, 'the host that sends'),
    name: given.text('eu2.offsite-vault.example', 'the destination'),
  },
  length: (p) => p.days * DAY,
  play: (wire, p, start) => {
    const { random } = wire;
    const src = end(p.src_ip);
    const dst = end(outside(72_000));
    for (let d = 0; d < p.days; d++) {
      wire.timeline.at(start + d * DAY + p.at_h * HOUR + random.normal() * MINUTE, (now) => {
        const question = { query: p.name, answers: [dst.ip], ttl_s: 300 };
        let t = dnsQuery(wire, now, src, end(office.domain_controller), question);
        const up = random.lognormal((p.megabytes * 1e6) / 4, 1.1);
        for (let part = 0; part < 4; part++) {
          const duration_s = (p.minutes * 60 * random.between(0.9, 1)) / 4;
          tls(wire, t, src, dst, {
            software: programs.backup,
            server_name: p.name,
            duration_s,
            up,
            down: up * 0.003,
            certificate: certificateOf(p.name),
          });
          t += (duration_s + 2) * SECOND;
        }
      });
    }
  },
});
