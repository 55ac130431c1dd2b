import {
  certificateOf,
  dnsQuery,
  fileEvent,
  http,
  mailTransfer,
  type Request,
  smb,
  ssh,
  tls,
} from '../exchange.ts';
import { madeDomain } from '../internet.ts';
import { type End, end, outside } from '../place.ts';
import { programs } from '../software.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../timeline.ts';
import { type Office, userName } from './plan.ts';

/** What the servers and things do, day and night. */
export function runServers(office: Office): void {
  forwardNames(office);
  keepTime(office);
  monitor(office);
  backUp(office);
  exchangeMail(office);
  serveWeb(office);
  noise(office);
  things(office);
  patchServers(office);
}

/** Day curve of visitors from elsewhere: 0.25 at night to 1 in the afternoon. */
function curve(office: Office, time: number): number {
  const hour = ((time - office.start) / HOUR) % 24;
  return 0.25 + 0.75 * Math.max(0, Math.sin(((hour - 6) / 15) * Math.PI));
}

/** The domain controller asks outside for names it does not hold; busy when people are there. */
function forwardNames(office: Office): void {
  const { wire, servers, forwarder, internet } = office;
  const random = wire.random.fork('forwarder');
  const mean_s = 40 / Math.max(1, office.desks.length / 12);
  wire.timeline.every(
    office.start + SECOND,
    (now) => (random.exponential(mean_s) / curve(office, now)) * SECOND,
    (now) => {
      const site = internet.popular(random);
      forwarder.resolve(wire, now, site.name, site.ips, site.ttl_s);
      if (random.chance(0.01))
        dnsQuery(wire, now + 1000, servers.domain_controller, office.resolver, {
          query: `www.${madeDomain(random.int(70_000, 80_000))}`,
          answers: [],
          ttl_s: 0,
          response_code: random.pick(['NXDOMAIN', 'NXDOMAIN', 'SERVFAIL']),
        });
    },
  );
}

function keepTime(office: Office): void {
  const { wire, servers } = office;
  const clocks = ['192.0.2.123', '198.51.100.123'].map(end);
  for (const server of [servers.domain_controller, servers.mail, servers.web, servers.monitor]) {
    wire.timeline.every(
      office.start + wire.random.unit() * 1024 * SECOND,
      () => 1024 * SECOND + wire.random.normal() * SECOND,
      (now) => {
        const reply = { duration_s: wire.random.lognormal(0.014, 1.4), up: 48, down: 48, src_port: 123 };
        wire.udp(now, server, wire.random.pick(clocks), 123, 'ntp', reply);
      },
    );
  }
}

/** The monitoring server visits everything on a fixed beat. */
function monitor(office: Office): void {
  const { wire, servers, params } = office;
  const random = wire.random.fork('monitor');
  const gap = params.monitoring_gap_s * SECOND;
  const watched: { end: End; ports: readonly number[] }[] = [
    { end: servers.gateway, ports: [161, 443] },
    { end: servers.domain_controller, ports: [161, 389] },
    { end: servers.file_server, ports: [161, 445] },
    { end: servers.backup_store, ports: [22, 161] },
    { end: servers.mail, ports: [22, 25, 443] },
    { end: servers.printer, ports: [161, 443] },
    { end: servers.web, ports: [22, 80, 443] },
  ];
  if (params.monitored === 'all') {
    for (const desk of office.desks) watched.push({ end: desk.end, ports: [22, 161, 443] });
  }
  watched.forEach(({ end: dst, ports }, i) => {
    const desk = i >= 7 ? office.desks[i - 7] : undefined;
    wire.timeline.every(
      office.start + (i * gap) / watched.length,
      () => gap + random.normal() * 0.2 * SECOND,
      (now) => {
        const hour = ((now - office.start) / HOUR) % 24;
        const asleep = desk !== undefined && !desk.always_on && (hour < 8.5 || hour > 18);
        wire.ping(now, servers.monitor, dst, 3, 56, !asleep);
        ports.forEach((port, n) => {
          probe(office, now + (2.1 + n) * SECOND, dst, port, asleep, desk !== undefined);
        });
      },
    );
  });
}

function probe(office: Office, now: number, dst: End, port: number, asleep: boolean, desk: boolean): void {
  const { wire, servers } = office;
  const from = servers.monitor;
  if (port === 161) {
    const answer = asleep ? 0 : 620;
    wire.udp(now, from, dst, 161, 'snmp', {
      duration_s: 0.03,
      up: 440,
      down: answer,
      up_packets: 6,
      down_packets: asleep ? 0 : 6,
    });
  } else if (asleep) wire.tcp(now, from, dst, port, '', { duration_s: 0, up: 0, down: 0, state: 'S0' });
  else if (desk) wire.tcp(now, from, dst, port, '', { duration_s: 0, up: 0, down: 0, state: 'REJ' });
  else if (port === 22)
    ssh(wire, now, from, dst, {
      duration_s: 0.02,
      up: 21,
      down: 41,
      success: null,
      attempts: 0,
      client: 'SSH-2.0-check_ssh',
    });
  else if (port === 443)
    tls(wire, now, from, dst, {
      software: programs.server,
      server_name: dst.ip,
      duration_s: 0.04,
      up: 160,
      down: 900,
    });
  else wire.tcp(now, from, dst, port, '', { duration_s: 0.004, up: 0, down: 0, state: 'RSTO' });
}

/** Nightly: file server to the backup store, then the store to a vault elsewhere. */
function backUp(office: Office): void {
  const { wire, servers, params, cloud } = office;
  const random = wire.random.fork('backup');
  for (let d = 0; d < params.days; d++) {
    const night = office.start + d * DAY;
    wire.timeline.at(night + 1.5 * HOUR + random.normal() * 20 * SECOND, (now) => {
      let t = now;
      for (const part of ['projects', 'finance', 'staff', 'system']) {
        const bytes = random.lognormal(part === 'projects' ? 9e9 : 1.5e9, 1.15);
        const c = smb(wire, t, servers.file_server, servers.backup_store, {
          duration_s: bytes / random.lognormal(80e6, 1.1),
          up: bytes,
          down: bytes * 0.002,
          server: 'vault1.corp.test',
          share: 'backup',
        });
        fileEvent(wire, c, c.time + SECOND, {
          protocol: 'SMB',
          action: 'SMB::FILE_WRITE',
          path: '\\\\vault1.corp.test\\backup',
          name: `${part}-${d}.vbk`,
          mime: 'application/octet-stream',
          bytes,
          up: true,
        });
        t += (c.duration_s ?? 0) * SECOND + 10 * SECOND;
      }
    });
    wire.timeline.at(night + 3 * HOUR + random.normal() * 30 * SECOND, (now) => {
      const ready = office.forwarder.resolve(wire, now, cloud.offsite.name, cloud.offsite.ips, 300);
      for (let stream = 0; stream < 4; stream++) {
        const up = random.lognormal(450e6, 1.2);
        tls(wire, ready + stream * 400_000, servers.backup_store, random.pick(cloud.offsite.ends), {
          software: programs.backup,
          server_name: cloud.offsite.name,
          duration_s: up / random.lognormal(1.6e6, 1.1),
          up,
          down: up * 0.003,
        });
      }
    });
  }
}

/** Mail from and to elsewhere. */
function exchangeMail(office: Office): void {
  const { wire, servers, desks } = office;
  const random = wire.random.fork('mail');
  const partners = Array.from({ length: 60 }, (_, i) => ({
    domain: madeDomain(20_000 + i),
    end: end(outside(80_000 + i * 5)),
  }));
  const mean_s = 240 / Math.max(1, desks.length / 25);
  const person = () => `${userName(random.int(0, Math.max(0, desks.length - 1)))}@corp.test`;
  wire.timeline.every(
    office.start + MINUTE,
    (now) => (random.exponential(mean_s) / curve(office, now)) * SECOND,
    (now) => {
      const known = random.chance(0.85);
      const partner = known
        ? random.pick(partners)
        : { domain: madeDomain(random.int(30_000, 60_000)), end: end(outside(random.int(0, 130_000))) };
      const bytes = random.lognormal(38_000, 4);
      const encrypted = random.chance(0.7);
      const letter = {
        subject: random.pick(['Offer', 'Re: meeting', 'Invoice', 'Newsletter', 'Question']),
        bytes,
      };
      if (random.chance(0.68)) {
        mailTransfer(wire, now, partner.end, servers.mail, {
          ...letter,
          helo: `mx.${partner.domain}`,
          mail_from: `info@${partner.domain}`,
          rcpt_to: [person()],
          encrypted,
        });
        return;
      }
      const mx = { query: partner.domain, type: 'MX', answers: [`mx.${partner.domain}`], ttl_s: 3600 };
      const ready = dnsQuery(wire, now, servers.mail, servers.domain_controller, mx);
      mailTransfer(wire, ready, servers.mail, partner.end, {
        ...letter,
        helo: 'mail1.corp.test',
        mail_from: person(),
        rcpt_to: [`info@${partner.domain}`],
        encrypted,
      });
    },
  );
}

/** Visitors of the office's public site. */
function serveWeb(office: Office): void {
  const { wire, servers, params } = office;
  const random = wire.random.fork('web');
  wire.timeline.every(
    office.start + 10 * SECOND,
    (now) => (random.exponential(200 / Math.max(0.05, params.activity)) / curve(office, now)) * SECOND,
    (now) => {
      const src = end(outside(random.int(0, 130_000)));
      const browser = random.pick([programs.browser, programs.browser_edge, programs.browser_gecko]);
      const pages = Math.ceil(random.lognormal(2, 2));
      let t = now;
      for (let i = 0; i < Math.min(pages, 20); i++) {
        if (random.chance(0.2)) {
          const answer: Request = {
            host: 'www.corp.test',
            uri: random.pick(['/', '/robots.txt', '/contact', '/jobs']),
            user_agent: random.chance(0.4) ? 'Mozilla/5.0 (compatible; SearchBot/2.1)' : browser.user_agent,
            response_bytes: random.int(180, 40_000),
            status_code: random.pick([200, 200, 301, 404]),
          };
          http(wire, t, src, servers.web, [answer]);
        } else
          tls(wire, t, src, servers.web, {
            software: browser,
            server_name: 'www.corp.test',
            duration_s: random.lognormal(12, 2.5),
            up: random.lognormal(1900, 1.8),
            down: random.lognormal(90_000, 3),
          });
        t += random.lognormal(20, 2.5) * SECOND;
      }
    },
  );
}

const tried = [22, 23, 23, 80, 443, 445, 1433, 2323, 3389, 3389, 5060, 5900, 6379, 8080, 8443, 9200];

/** The internet's background radiation against the public addresses. */
function noise(office: Office): void {
  const { wire, servers, params } = office;
  if (params.internet_noise_per_h <= 0) return;
  const random = wire.random.fork('noise');
  const mean = HOUR / params.internet_noise_per_h;
  wire.timeline.every(
    office.start + random.exponential(mean),
    () => random.exponential(mean),
    (now) => {
      const src = end(outside(random.int(0, 130_000)));
      const dst = random.pick([servers.web, servers.mail]);
      const port = random.pick(tried);
      const open =
        (dst === servers.web && (port === 80 || port === 443)) || (dst === servers.mail && port === 443);
      const src_port = random.int(1024, 65_000);
      if (open && port === 80)
        http(wire, now, src, dst, [
          {
            host: dst.ip,
            uri: random.pick(['/', '/.env', '/wp-login.php', '/cgi-bin/luci', '/actuator/health']),
            user_agent: random.pick(['', 'Mozilla/5.0', 'zgrab/0.x', 'python-requests/2.31.0']),
            response_bytes: 162,
            status_code: 404,
          },
        ]);
      else if (open)
        wire.tcp(now, src, dst, port, '', { duration_s: 0.3, up: 0, down: 0, state: 'RSTO', src_port });
      else
        wire.tcp(now, src, dst, port, '', {
          duration_s: 0,
          up: 0,
          down: 0,
          state: random.chance(0.75) ? 'S0' : 'REJ',
          src_port,
        });
    },
  );
}

/** Printer, camera: steady calls to their makers, harmless and clockwork. */
function things(office: Office): void {
  const { wire, servers, cloud, start } = office;
  const random = wire.random.fork('things');
  const certificate = certificateOf(cloud.camera.name);
  wire.timeline.every(
    start + 3 * MINUTE,
    () => random.jittered(300, 0.01) * SECOND,
    (now) => {
      const ready = office.forwarder.resolve(wire, now, cloud.camera.name, cloud.camera.ips, 300);
      tls(wire, ready, servers.camera, cloud.camera.ends[0] as End, {
        software: programs.appliance,
        server_name: cloud.camera.name,
        duration_s: random.lognormal(0.8, 1.3),
        up: random.jittered(2100, 0.1),
        down: 640,
        certificate,
      });
    },
  );
  wire.timeline.every(
    start + 40 * MINUTE,
    () => random.jittered(6 * 3600, 0.02) * SECOND,
    (now) => {
      const ready = office.forwarder.resolve(wire, now, cloud.printer.name, cloud.printer.ips, 300);
      tls(wire, ready, servers.printer, cloud.printer.ends[0] as End, {
        software: programs.appliance,
        server_name: cloud.printer.name,
        duration_s: 1.4,
        up: random.jittered(5200, 0.2),
        down: 900,
        certificate: certificateOf(cloud.printer.name),
      });
    },
  );
}

/** Servers look for packages once a night. */
function patchServers(office: Office): void {
  const { wire, servers, cloud, params } = office;
  const random = wire.random.fork('patches');
  for (let d = 0; d < params.days; d++) {
    for (const server of [servers.mail, servers.web, servers.monitor, servers.backup_store]) {
      wire.timeline.at(office.start + d * DAY + 6 * HOUR + random.unit() * HOUR, (now) => {
        const ready = office.forwarder.resolve(wire, now, cloud.packages.name, cloud.packages.ips, 300);
        const gets = random.int(4, 12);
        http(
          wire,
          ready,
          server,
          random.pick(cloud.packages.ends),
          Array.from({ length: gets }, (_, i) => ({
            host: cloud.packages.name,
            uri: `/debian/dists/stable/main/by-hash/${i}`,
            user_agent: 'Debian APT-HTTP/1.3 (2.6.1)',
            response_bytes: Math.round(random.lognormal(300_000, 3)),
            response_mime: 'application/x-xz',
          })),
        );
      });
    }
  }
}
