import { z } from 'zod';
import { http } from '../exchange.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { HOUR, SECOND } from '../timeline.ts';
import { flowOf } from '../wire.ts';

const office = officeAddresses();
const port = { ftp: 21, http: 80, telnet: 23 } as const;

export const cleartext_password = scripted({
  name: 'cleartext_password',
  doc: 'Somebody signs in over a protocol that shows the password to the network.',
  harmful: true,
  params: {
    protocol: z.enum(['ftp', 'http', 'telnet']).default('ftp').describe('sign-in in the clear'),
    sign_ins: given.count(3, 'sign-ins within the hour'),
    username: given.text('backup', 'account, where the protocol shows it'),
    src_ip: given.ip(suspectIp, 'the host that signs in'),
    dst_ip: given.ip(office.printer, 'the server'),
  },
  length: () => HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    const src = end(p.src_ip);
    const dst = end(p.dst_ip);
    for (let i = 0; i < p.sign_ins; i++) {
      wire.timeline.at(start + ((i + 0.1) / p.sign_ins) * 0.9 * HOUR, (now) => {
        if (p.protocol === 'http') {
          const page = { host: dst.ip, user_agent: 'Mozilla/5.0', username: p.username };
          http(wire, now, src, dst, [{ ...page, uri: '/admin/', response_bytes: 8200 }]);
          return;
        }
        const session = wire.tcp(now, src, dst, port[p.protocol], p.protocol === 'ftp' ? 'ftp' : '', {
          duration_s: random.lognormal(40, 1.6),
          up: random.int(120, 900),
          down: random.int(800, 9000),
        });
        if (p.protocol === 'telnet') return;
        const bytes = random.int(20_000, 3_000_000);
        const data = { time: session.time + 4 * SECOND, ...flowOf(session), username: p.username };
        wire.emit({
          kind: 'ftp',
          ...data,
          command: 'STOR',
          argument: `ftp://${dst.ip}/./scan-${i}.pdf`,
          reply_code: 226,
          reply: 'Transfer complete.',
          file_bytes: bytes,
        });
        wire.tcp(session.time + 4.1 * SECOND, src, dst, random.int(50_000, 60_000), 'ftp-data', {
          duration_s: bytes / 8e6 + 0.02,
          up: bytes,
          down: 0,
        });
      });
    }
  },
  answer: (p, from, to) => [
    {
      detectors: ['cleartext_password'],
      attack: ['T1552', 'T1040'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `signs in over ${p.protocol} without encryption`,
    },
  ],
});
