import { dnsQuery, mailTransfer } from '../exchange.ts';
import { madeDomain } from '../internet.ts';
import { end, officeAddresses, outside, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE } from '../timeline.ts';

const office = officeAddresses();

export const mail_burst = scripted({
  name: 'mail_burst',
  doc: 'A desk hands mail to many mail servers itself, as a spam bot does.',
  harmful: true,
  params: {
    servers: given.count(120, 'mail servers called'),
    minutes: given.minutes(40),
    failed_share: given.share(0.5, 'share that do not answer'),
    src_ip: given.ip(suspectIp, 'the host that sends'),
  },
  length: (p) => (p.minutes + 1) * MINUTE,
  play: (wire, p, start) => {
    const { random } = wire;
    const src = end(p.src_ip);
    for (let i = 0; i < p.servers; i++) {
      const domain = madeDomain(40_000 + i);
      const dst = end(outside(100_000 + i * 11));
      wire.timeline.at(start + (i === 0 ? 0 : random.unit() * p.minutes * MINUTE), (now) => {
        const question = { query: domain, type: 'MX', answers: [`mx.${domain}`], ttl_s: 3600 };
        const ready = dnsQuery(wire, now, src, end(office.domain_controller), question);
        if (random.chance(p.failed_share))
          wire.tcp(ready, src, dst, 25, '', { duration_s: 0, up: 0, down: 0, state: 'S0' });
        else
          mailTransfer(wire, ready, src, dst, {
            helo: `[${src.ip}]`,
            mail_from: `news@${madeDomain(50_000 + (i % 40))}`,
            rcpt_to: [`info@${domain}`],
            subject: 'Your parcel is waiting',
            bytes: random.lognormal(9000, 1.3),
            encrypted: false,
          });
      });
    }
  },
  answer: (p, from, to) => [
    {
      detectors: ['mail_burst'],
      attack: ['T1496', 'T1071.003'],
      src_ip: p.src_ip,
      dst_ip: '',
      from,
      to,
      note: `hands mail to ${p.servers} servers in ${p.minutes} minutes`,
    },
  ],
});
