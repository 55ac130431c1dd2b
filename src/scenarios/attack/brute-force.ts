import { z } from 'zod';
import { end, officeAddresses } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE, SECOND } from '../timeline.ts';
import { protocols, tryPassword } from './try-password.ts';

const office = officeAddresses();

export const brute_force = scripted({
  name: 'brute_force',
  doc: 'Many passwords tried on one server, for one account.',
  harmful: true,
  params: {
    protocol: z.enum(protocols).default('ssh').describe('sign-in protocol'),
    attempts: given.count(300, 'connections, one or a few passwords each'),
    rate: given.amount(0.5, 'connections a second'),
    success: given.yes(false, 'the last try gets in'),
    username: given.text('root', 'account tried, where the protocol shows it'),
    src_ip: given.ip('198.51.100.23', 'the host that tries'),
    dst_ip: given.ip(office.web, 'the server'),
  },
  length: (p) => ((1.4 * p.attempts) / p.rate) * SECOND + 2 * MINUTE,
  play: (wire, p, start) => {
    let left = p.attempts;
    wire.timeline.every(
      start,
      () => (left > 0 ? wire.random.jittered(1 / p.rate, 0.35) * SECOND : 0),
      (now) => {
        left--;
        const success = p.success && left === 0;
        tryPassword(wire, now, p.protocol, end(p.src_ip), end(p.dst_ip), p.username, success);
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
      note: `tries ${p.attempts} times over ${p.protocol}${p.success ? ', the last one gets in' : ''}`,
    },
  ],
});
