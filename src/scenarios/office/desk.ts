import { browse, Surfer } from '../browse.ts';
import {
  certificateOf,
  dnsQuery,
  fileEvent,
  http,
  kerberos,
  lease,
  rdp,
  realm,
  smb,
  ssh,
  tls,
} from '../exchange.ts';
import type { Site } from '../internet.ts';
import { type End, end } from '../place.ts';
import { isWeekend, type Workday, workday } from '../rhythm.ts';
import { programs } from '../software.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../timeline.ts';
import type { Desk, Office } from './plan.ts';

/** Everything one desk does over the days of the run. */
export function runDesk(office: Office, desk: Desk): void {
  const { wire, params, start } = office;
  const { random } = desk;
  const surfer = new Surfer(
    desk.end,
    desk.names,
    office.internet,
    desk.browser,
    random.fork('surf'),
    office.proxy,
  );
  for (let d = 0; d < params.days; d++) {
    const midnight = start + d * DAY;
    const day = workday(random, midnight, isWeekend(midnight, params.utc_offset_h), desk.habit);
    if (day !== null) wire.timeline.at(day.arrive, (now) => work(office, desk, surfer, day, now));
  }
  const days = params.days * DAY;
  if (desk.always_on) background(office, desk, start + random.unit() * 10 * MINUTE, start + days);
}

/** Until when (µs) somebody's browser rests: now while at the desk, the end of lunch at lunch, -1 after hours. */
function presence(day: Workday, reads_at_lunch: boolean): (now: number) => number {
  return (now) => {
    if (now >= day.leave) return -1;
    if (now >= day.lunch && now < day.back && !reads_at_lunch) return day.back;
    return now;
  };
}

function work(office: Office, desk: Desk, surfer: Surfer, day: Workday, now: number): void {
  const { wire } = office;
  const { random } = desk;
  if (!desk.always_on) desk.names.forget();
  signOn(office, desk, now, !desk.always_on);
  if (!desk.always_on) background(office, desk, now + 40 * SECOND, day.leave);
  const ready = now + random.lognormal(90, 1.8) * SECOND;
  browse(wire, surfer, random.fork('browse'), ready, presence(day, random.chance(0.35)), 34 / desk.drive);
  chat(office, desk, ready, day.leave);
  mail(office, desk, ready, day.leave);
  sync(office, desk, ready, day);
  calls(office, desk, day);
  files(office, desk, ready, day);
  print(office, desk, ready, day);
  if (desk.admin) administer(office, desk, ready, day);
}

/** Where a name leads, after a look-up when needed. */
function reach(office: Office, desk: Desk, time: number, site: Site): [time: number, dst: End] {
  const ready = desk.names.resolve(office.wire, time, site.name, site.ips, site.ttl_s);
  return [ready, desk.random.pick(site.ends)];
}

const controller = 'dc1.corp.test';

/** Switching on and signing in to the domain. */
function signOn(office: Office, desk: Desk, now: number, boot: boolean): void {
  const { wire, servers, cloud } = office;
  const dc = servers.domain_controller;
  const { random } = desk;
  let t = now;
  if (boot) {
    lease(wire, t, desk.end, servers.gateway, {
      host_name: desk.name,
      vendor: 'MSFT 5.0',
      lease_s: 86_400,
      renew: false,
    });
    t += 0.4 * SECOND;
    const probe = { query: '_ldap._tcp.default-first-site-name._sites.dc._msdcs.corp.test', type: 'SRV' };
    t = dnsQuery(wire, t, desk.end, dc, { ...probe, answers: [controller], ttl_s: 600 });
    wire.udp(t + 2000, desk.end, dc, 389, '', { duration_s: 0.001, up: 190, down: 180 });
    wire.udp(t + 9000, desk.end, dc, 123, 'ntp', { duration_s: 0.0007, up: 68, down: 68, src_port: 123 });
    chatter(office, desk, t + 30_000);
    t += 0.2 * SECOND;
    kerberos(wire, t, desk.end, dc, { username: `${desk.name}$`, request: 'AS', service: `krbtgt/${realm}` });
    const [ready, dst] = reach(office, desk, t + SECOND, cloud.connectivity);
    http(wire, ready, desk.end, dst, [
      {
        host: cloud.connectivity.name,
        uri: '/connecttest.txt',
        user_agent: 'NCSI',
        response_bytes: 22,
        response_mime: 'text/plain',
      },
    ]);
    // Windows looks for a proxy by name and finds none.
    dnsQuery(wire, t + 1.3 * SECOND, desk.end, dc, {
      query: 'wpad.corp.test',
      answers: [],
      ttl_s: 0,
      response_code: 'NXDOMAIN',
    });
    t += 6 * SECOND + random.exponential(5) * SECOND;
  }
  if (random.chance(0.08)) {
    kerberos(wire, t, desk.end, dc, {
      username: desk.user,
      request: 'AS',
      service: `krbtgt/${realm}`,
      success: false,
    });
    t += random.lognormal(4, 1.5) * SECOND;
  }
  kerberos(wire, t, desk.end, dc, { username: desk.user, request: 'AS', service: `krbtgt/${realm}` });
  for (const service of [`cifs/${controller}`, `ldap/${controller}`, 'cifs/files1.corp.test']) {
    t += random.lognormal(20_000, 2);
    kerberos(wire, t, desk.end, dc, { username: desk.user, request: 'TGS', service });
  }
  wire.tcp(t + 4000, desk.end, dc, 389, 'gssapi,ldap_tcp', { duration_s: 0.09, up: 4100, down: 9800 });
  const policy = smb(wire, t + 60_000, desk.end, dc, {
    duration_s: random.lognormal(11, 1.3),
    up: 9000,
    down: random.lognormal(40_000, 1.5),
    server: controller,
    share: 'SysVol',
    calls: [
      ['lsarpc', 'LsarLookupNames4'],
      ['netlogon', 'NetrLogonGetDomainInfo'],
    ],
    pipe: 'lsass',
  });
  fileEvent(wire, policy, policy.time + 90_000, {
    protocol: 'SMB',
    action: 'SMB::FILE_OPEN',
    path: `\\\\${controller}\\SysVol`,
    name: 'corp.test\\Policies\\gpt.ini',
    mime: 'text/plain',
    bytes: 59,
    up: false,
  });
}

/** Discovery by multicast and broadcast, as every desktop does. */
function chatter(office: Office, desk: Desk, time: number): void {
  const { wire, servers } = office;
  const quiet = { duration_s: 1.5, down: 0 };
  const six: End = { ip: `fe80::5e:${(4096 + desk.i).toString(16)}`, mac: desk.end.mac, local: true };
  wire.udp(time, desk.end, servers.broadcast, 137, 'dns', {
    ...quiet,
    up: 204,
    up_packets: 3,
    src_port: 137,
  });
  const discovery = { ...quiet, up: 180, up_packets: 4, src_port: 5353 };
  wire.udp(time + 50_000, desk.end, end('224.0.0.251'), 5353, 'dns', discovery);
  wire.udp(time + 51_000, six, end('ff02::fb'), 5353, 'dns', discovery);
  wire.udp(time + 70_000, desk.end, end('239.255.255.250'), 1900, '', { ...quiet, up: 700, up_packets: 4 });
}

/** What runs whether or not somebody is there: telemetry, antivirus, updates, push, leases. */
function background(office: Office, desk: Desk, from: number, to: number): void {
  const { wire, cloud, servers } = office;
  const random = desk.random.fork('background');
  const { timeline } = wire;
  const again = (gap_s: number, share: number) => (now: number) => {
    const next = random.jittered(gap_s, share) * SECOND;
    return now + next < to ? next : 0;
  };
  for (const { site, gap_s, up, down } of cloud.telemetry) {
    timeline.every(from + random.unit() * gap_s * SECOND, again(gap_s, 0.06), (now) => {
      if (now < to) small(office, desk, now, site, programs.telemetry, up * random.jittered(1, 0.3), down);
    });
  }
  timeline.every(from + random.unit() * 20 * MINUTE, again(2400, 0.5), (now) => {
    if (now < to) small(office, desk, now, cloud.antivirus, programs.antivirus, 1500, 2600);
  });
  // The browser's push channel is one long connection that is renewed now and then.
  timeline.every(from + 30 * SECOND, again(2 * 3600, 0.3), (now) => {
    const [ready, dst] = reach(office, desk, now, cloud.push);
    const duration_s = Math.min((to - ready) / SECOND, 7100 * random.between(0.6, 1));
    if (duration_s <= 0) return;
    tls(wire, ready, desk.end, dst, {
      software: desk.browser,
      server_name: cloud.push.name,
      duration_s,
      up: 60 * (duration_s / 60),
      down: 60 * (duration_s / 60),
      dst_port: 5228,
    });
  });
  timeline.every(from + random.unit() * 3 * HOUR, again(22 * 3600, 0.15), (now) => {
    if (now < to) update(office, desk, now);
  });
  timeline.every(from + 12 * HOUR, again(12 * 3600, 0), (now) => {
    const renewal = { host_name: desk.name, vendor: 'MSFT 5.0', lease_s: 86_400, renew: true };
    lease(wire, now, desk.end, servers.gateway, renewal);
  });
  timeline.every(from + random.unit() * HOUR, again(3600, 0.2), (now) => {
    if (now >= to) return;
    wire.udp(now, desk.end, servers.domain_controller, 123, 'ntp', {
      duration_s: random.lognormal(0.0006, 1.3),
      up: 68,
      down: 68,
      src_port: 123,
    });
    if (random.chance(0.3)) chatter(office, desk, now + SECOND);
  });
}

function small(
  office: Office,
  desk: Desk,
  now: number,
  site: Site,
  software: (typeof programs)[keyof typeof programs],
  up: number,
  down: number,
): void {
  const [ready, dst] = reach(office, desk, now, site);
  tls(office.wire, ready, desk.end, dst, {
    software,
    server_name: site.name,
    duration_s: desk.random.lognormal(0.45, 1.6),
    up,
    down,
    certificate: certificateOf(site.name),
  });
}

/** Asks for updates every day; once in a while there is one to download. */
function update(office: Office, desk: Desk, now: number): void {
  const { wire, cloud } = office;
  const { random } = desk;
  small(office, desk, now, cloud.catalog, programs.updater, 9000, 26_000);
  if (!random.chance(0.35)) return;
  const [ready, dst] = reach(office, desk, now + 5 * SECOND, cloud.updates);
  const bytes = Math.round(random.lognormal(14e6, 3));
  const c = http(
    wire,
    ready,
    desk.end,
    dst,
    [
      {
        host: cloud.updates.name,
        uri: `/d/msdownload/update/${random.hex(8)}.cab`,
        user_agent: programs.updater.user_agent,
        response_bytes: bytes,
        response_mime: 'application/vnd.ms-cab-compressed',
      },
    ],
    { duration_s: bytes / random.lognormal(6e6, 1.5) },
  );
  fileEvent(wire, c, c.time + 60_000, {
    protocol: 'HTTP',
    name: '',
    mime: 'application/vnd.ms-cab-compressed',
    bytes,
    up: false,
  });
}

/** The chat program keeps a connection open for hours. */
function chat(office: Office, desk: Desk, from: number, to: number): void {
  const { wire, cloud } = office;
  const { random } = desk;
  wire.timeline.every(
    from,
    (now) => (now < to ? random.lognormal(3, 1.8) * HOUR : 0),
    (now) => {
      const duration_s = (Math.min(to, now + random.lognormal(2.5, 1.8) * HOUR) - now) / SECOND;
      if (duration_s < 1) return;
      const [ready, dst] = reach(office, desk, now, cloud.chat);
      tls(wire, ready, desk.end, dst, {
        software: programs.chat,
        server_name: cloud.chat.name,
        duration_s,
        up: duration_s * random.lognormal(9, 1.6),
        down: duration_s * random.lognormal(24, 1.6),
        state: random.pick(['SF', 'RSTO', 'S1']),
      });
    },
  );
}

/** The mail program asks the office's mail server every few minutes, and sends now and then. */
function mail(office: Office, desk: Desk, from: number, to: number): void {
  const { wire, servers } = office;
  const random = desk.random.fork('mail');
  const certificate = certificateOf('mail1.corp.test');
  wire.timeline.every(
    from,
    (now) => (now < to ? random.jittered(420, 0.08) * SECOND : 0),
    (now) => {
      if (now >= to) return;
      const ready = desk.names.resolve(wire, now, 'mail1.corp.test', [servers.mail.ip], 3600);
      tls(wire, ready, desk.end, servers.mail, {
        software: programs.mail,
        server_name: 'mail1.corp.test',
        dst_port: 993,
        duration_s: random.lognormal(0.9, 1.7),
        up: 620,
        down: random.chance(0.25) ? random.lognormal(60_000, 4) : 1100,
        certificate,
      });
      if (random.chance(0.06))
        tls(wire, ready + 20 * SECOND, desk.end, servers.mail, {
          software: programs.mail,
          server_name: 'mail1.corp.test',
          dst_port: 465,
          duration_s: random.lognormal(1.2, 1.6),
          up: random.lognormal(30_000, 5),
          down: 900,
          certificate,
        });
    },
  );
}

/** Cloud drive: a connection that waits for news, and uploads when files change. */
function sync(office: Office, desk: Desk, from: number, day: Workday): void {
  const { wire, cloud } = office;
  const random = desk.random.fork('sync');
  wire.timeline.every(
    from,
    (now) => (now < day.leave ? random.jittered(1500, 0.4) * SECOND : 0),
    (now) => {
      if (now >= day.leave) return;
      const [ready, dst] = reach(office, desk, now, cloud.notify);
      tls(wire, ready, desk.end, dst, {
        software: programs.sync,
        server_name: cloud.notify.name,
        duration_s: random.jittered(900, 0.3),
        up: 1800,
        down: 900,
      });
      if (!random.chance(0.35)) return;
      const [then, place] = reach(office, desk, now + 2 * SECOND, cloud.sync);
      const up = Math.min(400e6, random.lognormal(220_000 * desk.syncs, 5));
      tls(wire, then, desk.end, place, {
        software: programs.sync,
        server_name: cloud.sync.name,
        duration_s: 1 + up / random.lognormal(2e6, 1.6),
        up,
        down: 4000 + up * 0.004,
      });
    },
  );
}

/** Video calls: signalling, a STUN probe, then media over UDP both ways. */
function calls(office: Office, desk: Desk, day: Workday): void {
  const { wire, cloud } = office;
  const random = desk.random.fork('calls');
  const count = random.pick([0, 0, 1, 1, 2, 3]);
  for (let i = 0; i < count; i++) {
    // Calls begin on the half hour, give or take.
    const slot =
      Math.floor(random.between(day.arrive + HOUR, day.leave - HOUR) / (30 * MINUTE)) * 30 * MINUTE;
    wire.timeline.at(slot + random.normal() * MINUTE, (now) => {
      const length_s = random.pick([900, 1800, 1800, 3600]) * random.between(0.6, 1.15);
      const [ready, api] = reach(office, desk, now, cloud.meetings);
      tls(wire, ready, desk.end, api, {
        software: desk.browser,
        server_name: cloud.meetings.name,
        duration_s: length_s + 20,
        up: 60_000,
        down: 140_000,
      });
      const media = random.pick(cloud.calls.ends);
      const src_port = wire.ephemeral();
      wire.udp(ready + 2 * SECOND, desk.end, media, 3478, 'stun', {
        duration_s: 0.03,
        up: 28,
        down: 84,
        src_port,
      });
      const camera = random.chance(0.6);
      const up = length_s * (camera ? random.lognormal(120_000, 1.6) : 6000);
      const down = length_s * random.lognormal(150_000, 1.8);
      wire.udp(ready + 3 * SECOND, desk.end, media, 8801, '', {
        duration_s: length_s,
        up,
        down,
        up_packets: Math.ceil(up / 900),
        down_packets: Math.ceil(down / 950),
      });
    });
  }
}

const shares = ['projects', 'projects', 'finance', 'staff', 'scans'];
const kinds = [
  ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['pdf', 'application/pdf'],
  ['pptx', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'],
] as const;

/** Reads and writes on the file server. */
function files(office: Office, desk: Desk, from: number, day: Workday): void {
  const { wire, servers } = office;
  const random = desk.random.fork('files');
  wire.timeline.every(
    from + random.exponential(20) * MINUTE,
    (now) => (now < day.leave ? random.lognormal(28 / desk.drive, 2.4) * MINUTE : 0),
    (now) => {
      if (now >= day.leave || (now > day.lunch && now < day.back)) return;
      const dc = servers.domain_controller;
      if (random.chance(0.15))
        kerberos(wire, now, desk.end, dc, {
          username: desk.user,
          request: 'TGS',
          service: 'cifs/files1.corp.test',
        });
      const ready = desk.names.resolve(wire, now + 2000, 'files1.corp.test', [servers.file_server.ip], 3600);
      const share = random.pick(shares);
      const touched = random.int(1, 5);
      const bytes = Array.from({ length: touched }, () => Math.min(300e6, random.lognormal(400_000, 4)));
      const writes = bytes.map(() => random.chance(0.3));
      const sum = (up: boolean) => bytes.reduce((all, b, i) => all + (writes[i] === up ? b : 0), 0);
      const c = smb(wire, ready, desk.end, servers.file_server, {
        duration_s: random.lognormal(160, 2.5) + (sum(true) + sum(false)) / 30e6,
        up: 4000 + touched * 1800 + sum(true),
        down: 5000 + touched * 2200 + sum(false),
        server: 'files1.corp.test',
        share,
        state: random.chance(0.2) ? 'RSTO' : 'SF',
      });
      bytes.forEach((size, i) => {
        const [suffix, mime] = random.pick(kinds);
        fileEvent(wire, c, c.time + Math.floor(((c.duration_s ?? 1) * SECOND * (i + 0.5)) / touched), {
          protocol: 'SMB',
          action: writes[i] === true ? 'SMB::FILE_WRITE' : 'SMB::FILE_READ',
          path: `\\\\files1.corp.test\\${share}`,
          name: `${random.pick(['plan', 'report', 'offer', 'notes', 'budget', 'minutes'])}-${random.int(1, 900)}.${suffix}`,
          mime,
          bytes: size,
          up: writes[i] === true,
        });
      });
    },
  );
}

function print(office: Office, desk: Desk, from: number, day: Workday): void {
  const { wire, servers } = office;
  const random = desk.random.fork('print');
  wire.timeline.every(
    from + random.exponential(3) * HOUR,
    (now) => (now < day.leave ? random.exponential(3.5) * HOUR : 0),
    (now) => {
      if (now >= day.leave) return;
      const ready = desk.names.resolve(wire, now, 'printer1.corp.test', [servers.printer.ip], 3600);
      wire.udp(ready, desk.end, servers.printer, 161, 'snmp', {
        duration_s: 0.02,
        up: 240,
        down: 290,
        up_packets: 3,
        down_packets: 3,
      });
      wire.tcp(ready + 40_000, desk.end, servers.printer, 9100, '', {
        duration_s: random.lognormal(9, 1.8),
        up: random.lognormal(700_000, 3),
        down: 300,
      });
    },
  );
}

/** The administrator's rounds: SSH to what runs Linux, RDP to what runs Windows. */
function administer(office: Office, desk: Desk, from: number, day: Workday): void {
  const { wire, servers } = office;
  const random = desk.random.fork('admin');
  wire.timeline.every(
    from + 20 * MINUTE,
    (now) => (now < day.leave ? random.lognormal(55, 2) * MINUTE : 0),
    (now) => {
      if (now >= day.leave) return;
      const length = random.lognormal(420, 3);
      if (random.chance(0.6)) {
        const dst = random.pick([servers.web, servers.monitor, servers.mail, servers.backup_store]);
        ssh(wire, now, desk.end, dst, {
          duration_s: length,
          up: length * 40 + 4000,
          down: length * 160 + 5000,
          success: true,
          attempts: random.chance(0.1) ? 2 : 1,
        });
        return;
      }
      const dst = random.pick([servers.domain_controller, servers.file_server]);
      kerberos(wire, now, desk.end, servers.domain_controller, {
        username: 'adm.keller',
        request: 'TGS',
        service: `TERMSRV/${dst === servers.file_server ? 'files1' : 'dc1'}.corp.test`,
      });
      rdp(wire, now + 50_000, desk.end, dst, {
        duration_s: length,
        up: length * 900 + 20_000,
        down: length * 9000 + 60_000,
        cookie: 'adm.keller',
        host: desk.name,
      });
    },
  );
}
