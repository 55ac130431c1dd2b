import { z } from 'zod';
import { userName } from '../office/plan.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE, SECOND } from '../timeline.ts';
import { tryPassword } from './try-password.ts';

const office = officeAddresses();

export const password_spraying = scripted({
  name: 'password_spraying',
  doc: 'One password tried on many accounts, once each.',
  harmful: true,
  params: {
    protocol: z.enum(['kerberos', 'ntlm', 'http', 'rdp']).default('kerberos').describe('sign-in protocol'),
    users: given.count(60, 'accounts tried'),
    gap_s: given.amount(6, 'seconds between tries'),
    success: given.yes(false, 'one of the accounts, near the end, has that password'),
    src_ip: given.ip(suspectIp, 'the host that tries'),
    dst_ip: given.ip(office.domain_controller, 'the server'),
  },
  length: (p) => 1.5 * p.users * p.gap_s * SECOND + MINUTE,
  play: (wire, p, start) => {
    let i = 0;
    wire.timeline.every(
      start,
      () => (i < p.users ? wire.random.jittered(p.gap_s, 0.4) * SECOND : 0),
      (now) => {
        const success = p.success && i === Math.floor(p.users * 0.9);
        tryPassword(wire, now, p.protocol, end(p.src_ip), end(p.dst_ip), userName(i++), success);
      },
    );
  },
  answer: (p, from, to) => [
    {
      detectors: ['password_spraying'],
      attack: ['T1110.003'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `tries ${p.users} accounts once each over ${p.protocol}`,
    },
  ],
});
