import { certificateOf, dnsQuery, tls } from '../exchange.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { DAY, MINUTE } from '../timeline.ts';

const office = officeAddresses();

export const low_and_slow = scripted({
  name: 'low_and_slow',
  doc: 'Data leaves a little at a time over days, no upload large enough to be seen.',
  harmful: true,
  params: {
    mb_per_day: given.amount(200, 'payload sent a day, MB'),
    gap_min: given.amount(25, 'minutes between uploads'),
    days: given.days(2),
    src_ip: given.ip(suspectIp, 'the host that sends'),
    dst_ip: given.ip('203.0.113.120', 'where it goes'),
    name: given.text('notes.paste-board.example', "name asked for; '' for the address itself"),
  },
  length: (p) => p.days * DAY,
  play: (wire, p, start) => {
    const { random } = wire;
    const src = end(p.src_ip);
    const slice = (p.mb_per_day * 1e6 * p.gap_min) / 1440;
    wire.timeline.every(
      start,
      () => random.jittered(p.gap_min, 0.5) * MINUTE,
      (now) => {
        const question = { query: p.name, answers: [p.dst_ip], ttl_s: 300 };
        const ready = p.name === '' ? now : dnsQuery(wire, now, src, end(office.domain_controller), question);
        tls(wire, ready, src, end(p.dst_ip), {
          software: programs.script,
          server_name: p.name,
          duration_s: random.lognormal(4, 1.4),
          up: random.jittered(slice, 0.3),
          down: random.int(900, 1600),
          certificate: certificateOf(p.name || p.dst_ip),
        });
      },
    );
  },
  answer: (p, from, to) => [
    {
      detectors: ['low_and_slow_exfiltration'],
      attack: ['T1030', 'T1048'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `sends ${p.mb_per_day} MB a day to ${p.name || p.dst_ip}, a little every ${p.gap_min} minutes`,
    },
  ],
});
