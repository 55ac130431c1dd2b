import { mailTransfer } from '../exchange.ts';
import { type End, end, officeAddresses, outside } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { HOUR, MINUTE } from '../timeline.ts';

const office = officeAddresses();
/** First of the outside mail servers, by number, and hours after which a newsletter goes to many at once. */
const first_server = 90_000;
const newsletter_after_h = 30;

export const mail_relay = scripted({
  name: 'mail_relay',
  doc: 'A mail server at work: one partner gets mail all day, every hour there is a server it never called, and one day a newsletter goes to many and a large file to one.',
  harmful: false,
  params: {
    takes_from: given.count(5, 'hosts that hand it mail every hour'),
    newsletter: given.count(60, 'mail servers that the newsletter goes to'),
    days: given.days(2),
    src_ip: given.ip(office.mail, 'the mail server'),
  },
  length: (p) => p.days * 24 * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    const server = end(p.src_ip);
    const hand = (now: number, from: End, to: End, bytes: number) =>
      mailTransfer(wire, now, from, to, {
        helo: 'mail1.corp.test',
        mail_from: 'anna@corp.test',
        rcpt_to: ['info@example.test'],
        subject: 'Offer',
        bytes,
        encrypted: true,
      });
    wire.timeline.every(
      start,
      () => random.jittered(20, 0.5) * MINUTE,
      (now) => hand(now, server, end(outside(first_server)), random.jittered(900_000, 0.3)),
    );
    let hour = 0;
    wire.timeline.every(
      start + MINUTE,
      () => HOUR,
      (now) => {
        for (let i = 0; i < p.takes_from; i++)
          hand(now + i * MINUTE, end(outside(first_server + 10 + i)), server, 30_000);
        const of_newsletter = hour === newsletter_after_h;
        const bytes = of_newsletter ? 25_000_000 : 20_000;
        hand(now + 20 * MINUTE, server, end(outside(first_server + 100 + hour++)), bytes);
        if (!of_newsletter) return;
        for (let i = 0; i < p.newsletter; i++)
          hand(now + (20 + i / 10) * MINUTE, server, end(outside(first_server + 1000 + i)), 20_000);
      },
    );
  },
});
