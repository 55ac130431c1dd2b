import { http } from '../exchange.ts';
import { end, officeAddresses } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const form_guessing = scripted({
  name: 'form_guessing',
  doc: 'Many passwords tried in the sign-in form of a web server: every answer is a page that says no.',
  harmful: true,
  params: {
    attempts: given.count(120, 'forms sent'),
    rate: given.amount(2, 'forms a second'),
    uri: given.text('/account/login', 'where the form is sent'),
    src_ip: given.ip('198.51.100.23', 'the host that tries'),
    dst_ip: given.ip(office.web, 'the server'),
  },
  length: (p) => ((1.4 * p.attempts) / p.rate) * SECOND + MINUTE,
  play: (wire, p, start) => {
    let left = p.attempts;
    wire.timeline.every(
      start,
      () => (left > 0 ? wire.random.jittered(1 / p.rate, 0.3) * SECOND : 0),
      (now) => {
        left--;
        http(wire, now, end(p.src_ip), end(p.dst_ip), [
          {
            method: 'POST',
            host: p.dst_ip,
            uri: p.uri,
            user_agent: programs.script.user_agent,
            request_bytes: wire.random.int(34, 46),
            response_bytes: 4210,
          },
        ]);
      },
    );
  },
  answer: (p, from, to) => [
    {
      detectors: ['brute_force'],
      attack: ['T1110.001', 'T1110'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `sends ${p.attempts} passwords to ${p.uri}`,
    },
  ],
});
