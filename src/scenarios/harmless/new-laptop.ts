import { browse, Surfer } from '../browse.ts';
import { certificateOf, fileEvent, http, kerberos, lease, Names, realm, tls } from '../exchange.ts';
import { cloudService, Internet } from '../internet.ts';
import { userName } from '../office/plan.ts';
import { end, officeAddresses } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { HOUR, MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();
const updates = cloudService('download.system-update.example', 4, 6);
const telemetry = cloudService('events.data-insight.example', 0);

export const new_laptop = scripted({
  name: 'new_laptop',
  doc: 'A laptop that was never here appears, fetches a pile of updates, and is used by a person.',
  harmful: false,
  params: {
    hours: given.hours(7),
    src_ip: given.ip(office.desk(150), 'its address'),
    update_mb: given.amount(900, 'updates it fetches, MB'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    const src = end(p.src_ip);
    const dc = end(office.domain_controller);
    const names = new Names(src, dc);
    wire.timeline.at(start, (now) => {
      const host = { host_name: 'laptop-new', vendor: 'MSFT 5.0', lease_s: 86_400, renew: false };
      lease(wire, now, src, end(office.gateway), host);
      const account = { username: userName(11), service: `krbtgt/${realm}` };
      kerberos(wire, now + 30 * SECOND, src, dc, { ...account, request: 'AS' });
    });
    const rounds = 8;
    for (let i = 0; i < rounds; i++) {
      wire.timeline.at(start + (2 + i * 3) * MINUTE, (now) => {
        const ready = names.resolve(wire, now, updates.name, updates.ips, 300);
        const bytes = Math.round((p.update_mb * 1e6) / rounds);
        const mime = 'application/vnd.ms-cab-compressed';
        const get = {
          host: updates.name,
          uri: `/d/msdownload/update/${random.hex(8)}.cab`,
          response_bytes: bytes,
        };
        const c = http(
          wire,
          ready,
          src,
          random.pick(updates.ends),
          [{ ...get, user_agent: programs.updater.user_agent, response_mime: mime }],
          { duration_s: bytes / 4e6 },
        );
        fileEvent(wire, c, c.time + 50_000, { protocol: 'HTTP', name: '', mime, bytes, up: false });
      });
    }
    wire.timeline.every(
      start + 5 * MINUTE,
      () => random.jittered(30, 0.06) * MINUTE,
      (now) => {
        const ready = names.resolve(wire, now, telemetry.name, telemetry.ips, 300);
        tls(wire, ready, src, random.pick(telemetry.ends), {
          software: programs.telemetry,
          server_name: telemetry.name,
          duration_s: 0.5,
          up: 4200,
          down: 900,
          certificate: certificateOf(telemetry.name),
        });
      },
    );
    const surfer = new Surfer(src, names, new Internet(), programs.browser_edge, random.fork('surf'));
    browse(wire, surfer, random.fork('browse'), start + 20 * MINUTE, (now) => now, 30);
  },
});
