import { certificateOf, lease, tls } from '../exchange.ts';
import { type End, end, officeAddresses, outside } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { DAY, HOUR } from '../timeline.ts';

const office = officeAddresses();

export const device_moves = scripted({
  name: 'device_moves',
  doc: 'A laptop that gets a new address halfway through, while a visitor gets its old one.',
  harmful: false,
  params: {
    days: given.days(4),
    src_ip: given.ip(office.desk(3), 'its first address'),
    new_ip: given.ip(office.desk(150), 'its second'),
    client_id: given.text(
      '',
      'client identifier that it keeps while its hardware address changes with the address; empty: it keeps that',
    ),
    clone: given.yes(false, 'a machine with the same client identifier goes on at the first address'),
  },
  length: (p) => p.days * DAY,
  play: (wire, p, start) => {
    const { random } = wire;
    const device = (ip: string, mac: string): End => ({ ...end(ip), mac });
    const server = end(outside(90_700));
    const half = start + (p.days / 2) * DAY;
    const live = (of: End, host_name: string, from: number, until: number, client_id = ''): void => {
      const said = { host_name, vendor: 'MSFT 5.0', lease_s: 86_400, renew: false, client_id };
      wire.timeline.at(from, (now) => lease(wire, now, of, end(office.gateway), said));
      for (let at = from + HOUR / 2; at < until; at += HOUR)
        wire.timeline.at(at + random.unit() * HOUR * 0.4, (now) => {
          tls(wire, now, of, server, {
            software: programs.updater,
            server_name: 'files.example',
            duration_s: 5,
            up: random.lognormal(40_000, 2),
            down: random.lognormal(90_000, 2),
            certificate: certificateOf('files.example'),
          });
        });
    };
    const end_at = start + p.days * DAY;
    const second = p.client_id === '' ? '02:5e:aa:00:00:01' : '02:5e:aa:00:00:03';
    live(device(p.src_ip, '02:5e:aa:00:00:01'), 'LT-Anna', start, p.clone ? end_at : half, p.client_id);
    live(device(p.new_ip, second), 'LT-Anna', half, end_at, p.client_id);
    live(device(p.src_ip, '02:5e:aa:00:00:02'), 'visitor-7', half + 3 * HOUR, end_at);
  },
});
