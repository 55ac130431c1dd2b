import { kerberos } from '../exchange.ts';
import { userName } from '../office/plan.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const kerberoasting = scripted({
  name: 'kerberoasting',
  doc: 'One account asks for tickets to every service there is, with an old cipher, to break them at home.',
  harmful: true,
  params: {
    services: given.count(30, 'services asked for'),
    src_ip: given.ip(suspectIp, 'the host that asks'),
    dst_ip: given.ip(office.domain_controller, 'the domain controller'),
  },
  length: (p) => MINUTE + p.services * 2 * SECOND,
  play: (wire, p, start) => {
    for (let i = 0; i < p.services; i++) {
      wire.timeline.at(start + i * 1.5 * SECOND, (now) => {
        const service = `${['MSSQLSvc', 'HTTP', 'CIFS', 'WSMAN'][i % 4]}/srv-${i}.corp.test`;
        kerberos(wire, now, end(p.src_ip), end(p.dst_ip), {
          username: userName(14),
          request: 'TGS',
          service,
          cipher: 'rc4-hmac',
        });
      });
    }
  },
  answer: (p, from, to) => [
    {
      detectors: ['kerberoasting'],
      attack: ['T1558.003'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `asks for tickets to ${p.services} services with rc4-hmac`,
    },
  ],
});
