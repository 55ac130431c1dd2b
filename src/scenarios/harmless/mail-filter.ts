import { dnsQuery, mailTransfer } from '../exchange.ts';
import { type End, end, officeAddresses, outside } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { HOUR, SECOND } from '../timeline.ts';

const office = officeAddresses();
const lists = ['zen.block-list.example', 'bl.spam-watch.example', 'v6.block-list.example'];

export const mail_filter = scripted({
  name: 'mail_filter',
  doc: 'A mail server that looks every sender up in block lists (RFC 5782): hundreds of ever different names.',
  harmful: false,
  params: {
    mails_per_h: given.amount(120, 'messages an hour'),
    hours: given.hours(3),
    src_ip: given.ip(office.mail, 'the mail server'),
    dst_ip: given.ip(office.domain_controller, 'the resolver it asks'),
    upstream_ip: given.ip('192.0.2.53', 'whom the resolver asks'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    const [server, resolver, upstream] = [p.src_ip, p.dst_ip, p.upstream_ip].map(end) as [End, End, End];
    wire.timeline.every(
      start,
      () => random.exponential(3600 / p.mails_per_h) * SECOND,
      (now) => {
        const sender = end(outside(random.int(0, 130_000)));
        mailTransfer(wire, now, sender, server, {
          helo: 'mx.example',
          mail_from: 'info@example.test',
          rcpt_to: ['anna@corp.test'],
          subject: 'Offer',
          bytes: random.lognormal(20_000, 2),
          encrypted: false,
        });
        lists.forEach((list, i) => {
          const reversed = i < 2 ? sender.ip.split('.').reverse() : [...random.hex(32)];
          const listed = random.chance(0.2);
          const question = {
            query: `${reversed.join('.')}.${list}`,
            answers: listed ? ['127.0.0.4'] : [],
            ttl_s: 300,
            response_code: listed ? 'NOERROR' : 'NXDOMAIN',
          };
          const asked = now + (0.1 + i * 0.05) * SECOND;
          dnsQuery(wire, asked, server, resolver, question, 0.03);
          dnsQuery(wire, asked + 900, resolver, upstream, question, 0.02);
        });
      },
    );
  },
});
