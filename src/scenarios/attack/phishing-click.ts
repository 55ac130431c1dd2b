import { dnsQuery, fileEvent, http, mailTransfer } from '../exchange.ts';
import { userName } from '../office/plan.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const phishing_click = scripted({
  name: 'phishing_click',
  doc: 'A letter with a link comes in; somebody follows it and fetches a program from a site nobody has been to.',
  harmful: true,
  params: {
    click_after_min: given.amount(20, 'minutes from letter to click'),
    program_kb: given.amount(1400, 'size of the program, kB'),
    src_ip: given.ip(suspectIp, 'the desk where the link is followed'),
    dst_ip: given.ip('203.0.113.45', 'where the program is'),
    name: given.text('invoice-portal.example', 'name in the link'),
  },
  length: (p) => (p.click_after_min + 5) * MINUTE,
  play: (wire, p, start) => {
    const src = end(p.src_ip);
    const dst = end(p.dst_ip);
    wire.timeline.at(start, (now) => {
      mailTransfer(wire, now, end('198.51.100.77'), end(office.mail), {
        helo: 'smtp.billing-notice.example',
        mail_from: 'accounts@billing-notice.example',
        rcpt_to: [`${userName(14)}@corp.test`],
        subject: 'Overdue invoice 48213',
        bytes: 21_400,
        encrypted: false,
      });
    });
    wire.timeline.at(start + p.click_after_min * MINUTE, (now) => {
      const question = { query: p.name, answers: [p.dst_ip], ttl_s: 60 };
      const ready = dnsQuery(wire, now, src, end(office.domain_controller), question);
      const from = { host: p.name, user_agent: programs.browser.user_agent };
      http(wire, ready, src, dst, [
        { ...from, uri: '/view?id=48213', response_bytes: 5200 },
        { ...from, uri: '/assets/logo.png', response_bytes: 14_000, response_mime: 'image/png' },
      ]);
      const bytes = Math.round(p.program_kb * 1000);
      const mime = 'application/x-dosexec';
      const link = {
        ...from,
        uri: '/download/invoice_48213.exe',
        referrer: `http://${p.name}/view?id=48213`,
      };
      const program = { ...link, response_bytes: bytes, response_mime: mime };
      const c = http(wire, ready + 14 * SECOND, src, dst, [program]);
      fileEvent(wire, c, c.time + 80_000, {
        protocol: 'HTTP',
        name: 'invoice_48213.exe',
        mime,
        bytes,
        up: false,
      });
    });
  },
  answer: (p, from, to) => [
    {
      detectors: ['program_download', 'rare_destination'],
      attack: ['T1566.002', 'T1204.001', 'T1105'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from: from + p.click_after_min * MINUTE,
      to,
      note: `fetches a program from ${p.name}, where nobody has been`,
    },
  ],
});
