import { end, officeAddresses } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { HOUR, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const directory_sessions = scripted({
  name: 'directory_sessions',
  doc: 'Programs that look something up in the directory and end each session by a reset, all sessions alike.',
  harmful: false,
  params: {
    hosts: given.count(8, 'desks that ask'),
    gap_s: given.amount(60, 'seconds between sessions of one desk, on average'),
    hours: given.hours(3),
    dst_ip: given.ip(office.domain_controller, 'the directory server'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    for (let i = 0; i < p.hosts; i++) {
      wire.timeline.every(
        start + random.unit() * p.gap_s * SECOND,
        () => random.exponential(p.gap_s) * SECOND,
        (now) => {
          const session = { duration_s: 0.05, up: 320, down: 700, state: 'RSTO' as const };
          const service = random.chance(0.5) ? 'ldap_tcp' : '';
          wire.tcp(now, end(office.desk(i)), end(p.dst_ip), 389, service, session);
        },
      );
    }
  },
});
