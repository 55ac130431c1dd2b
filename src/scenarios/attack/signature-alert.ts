import { z } from 'zod';
import { http } from '../exchange.ts';
import { end, officeAddresses } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE } from '../timeline.ts';
import { flowOf } from '../wire.ts';

const office = officeAddresses();

export const signature_alert = scripted({
  name: 'signature_alert',
  doc: 'Another engine on the same network raises an alert of its own.',
  harmful: true,
  params: {
    severity: given.count(1, '1 high, 2 medium, 3 low, as Suricata counts'),
    engine: z.enum(['suricata', 'zeek']).default('suricata').describe('which engine says it'),
    name: given.text('EXAMPLE Web application attack', 'what it says'),
    src_ip: given.ip('198.51.100.61', 'who is accused'),
    dst_ip: given.ip(office.web, 'the other side'),
  },
  length: () => MINUTE,
  play: (wire, p, start) => {
    wire.timeline.at(start, (now) => {
      const call = { host: 'www.corp.test', uri: '/index.php?page=made-up', user_agent: 'Mozilla/5.0' };
      const answer = { status_code: 404, response_bytes: 180 };
      const c = http(wire, now, end(p.src_ip), end(p.dst_ip), [{ ...call, ...answer }]);
      wire.emit({
        kind: 'external_alert',
        time: c.time + 14_000,
        ...flowOf(c),
        engine: p.engine,
        type: p.engine === 'zeek' ? 'notice' : 'alert',
        signature_id: 9_000_001,
        name: p.name,
        category: 'Web Application Attack',
        severity: p.engine === 'zeek' ? 0 : p.severity,
        message: 'EXAMPLE Web application attack',
        action: 'allowed',
        attack: ['T1190'],
      });
    });
  },
  answer: (p, from, to) => [
    {
      detectors: ['ids_alert'],
      attack: ['T1190'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: 'another engine raises an alert',
    },
  ],
});
