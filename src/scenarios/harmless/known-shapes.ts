import { z } from 'zod';
import { dnsQuery, http, tls } from '../exchange.ts';
import { end, officeAddresses, outside } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { HOUR, MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();

/** A call by the clock to a name that operating systems ask by themselves. */
export const connectivity_check = scripted({
  name: 'connectivity_check',
  doc: 'One host whose operating system asks a known name by the clock: whether it is online, for notices, for news.',
  harmful: false,
  params: {
    name: given.text('www.msftconnecttest.com', 'the name it asks'),
    clear: given.yes(true, 'plain HTTP instead of TLS'),
    gap_s: given.amount(60, 'seconds between calls'),
    hours: given.hours(3),
    src_ip: given.ip(office.desk(7), 'the host'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    const [src, dst] = [end(p.src_ip), end(outside(90_500))];
    wire.timeline.every(
      start,
      () => random.jittered(p.gap_s, 0.02) * SECOND,
      (now) => {
        const question = { query: p.name, answers: [dst.ip], ttl_s: 60 };
        const ready = dnsQuery(wire, now, src, end(office.domain_controller), question);
        const page = { host: p.name, uri: '/connecttest.txt', user_agent: 'NCSI', response_bytes: 22 };
        if (p.clear) http(wire, ready, src, dst, [page]);
        else
          tls(wire, ready, src, dst, {
            software: programs.updater,
            server_name: p.name,
            duration_s: 0.4,
            up: 400,
            down: 900,
          });
      },
    );
  },
});

/** Windows hosts that share updates; many of those asked are switched off. */
export const update_sharing = scripted({
  name: 'update_sharing',
  doc: 'Desks that fetch an update from each other on port 7680; half of those asked are switched off.',
  harmful: false,
  params: {
    hosts: given.count(30, 'desks that are on'),
    off: given.count(30, 'desks that are switched off'),
    minutes: given.minutes(50),
  },
  length: (p) => p.minutes * MINUTE,
  play: (wire, p, start) => {
    const { random } = wire;
    for (let i = 0; i < p.hosts; i++) {
      for (let n = 0; n < 24; n++) {
        const peer = random.int(0, p.hosts + p.off - 1);
        if (peer === i) continue;
        const off = peer >= p.hosts;
        wire.timeline.at(start + random.unit() * p.minutes * MINUTE, (now) => {
          const talk = off
            ? { duration_s: 0, up: 0, down: 0, state: 'S0' as const }
            : { duration_s: random.lognormal(3, 2), up: 4000, down: random.lognormal(900_000, 2) };
          wire.tcp(now, end(office.desk(i)), end(office.desk(peer)), 7680, '', talk);
        });
      }
    }
  },
});

/** A server that resolves by itself and whose questions to the root servers get no answer. */
export const resolver_without_route = scripted({
  name: 'resolver_without_route',
  doc: 'A server that asks the root name servers and gets no answer, for want of a route.',
  harmful: false,
  params: {
    src_ip: given.ip(office.domain_controller, 'the server'),
    minutes: given.minutes(50),
  },
  length: (p) => p.minutes * MINUTE,
  play: (wire, p, start) => {
    for (let second = 0; second < p.minutes * 60; second += 10)
      wire.timeline.at(start + second * SECOND, (now) => {
        const root = root_servers[(second / 10) % root_servers.length]!;
        wire.udp(now, end(p.src_ip), end(root), 53, 'dns', { duration_s: 0, up: 48, down: 0, state: 'S0' });
      });
  },
});

/** IANA's root hints, IPv4: the one thing in made-up traffic that is really there, because it is known by its address. */
export const root_servers = [
  '198.41.0.4',
  '170.247.170.2',
  '192.33.4.12',
  '199.7.91.13',
  '192.203.230.10',
  '192.5.5.241',
  '192.112.36.4',
  '198.97.190.53',
  '192.36.148.17',
  '192.58.128.30',
  '193.0.14.129',
  '199.7.83.42',
  '202.12.27.33',
];

/** A meeting with camera, straight between two places or over a relay. */
export const video_call = scripted({
  name: 'video_call',
  doc: 'A meeting with camera: an hour of large UDP both ways; or a shared screen, nearly all of it sent.',
  harmful: false,
  params: {
    minutes: given.minutes(55),
    mbit_up: given.amount(2.5, 'megabits a second sent'),
    mbit_down: given.amount(3, 'megabits a second received'),
    src_ip: given.ip(office.desk(5), 'the desk'),
    dst_ip: given.ip('198.51.100.201', 'the other side'),
    dst_port: given.port(49_812, 'its port'),
  },
  length: (p) => (p.minutes + 1) * MINUTE,
  play: (wire, p, start) => {
    for (let part = 0; part < p.minutes / 5; part++) {
      wire.timeline.at(start + part * 5 * MINUTE, (now) => {
        const bytes = (mbit: number): number => (mbit * 1e6 * 300) / 8;
        const talk = { duration_s: 299, up: bytes(p.mbit_up), down: bytes(p.mbit_down) };
        wire.udp(now, end(p.src_ip), end(p.dst_ip), p.dst_port, '', talk);
      });
    }
  },
});

/** One host that asks another all day, by the clock. */
export const polling = scripted({
  name: 'polling',
  doc: 'One local host that asks another by the clock: SNMP, a database, an answered port check, a copy of files.',
  harmful: false,
  params: {
    by: z.enum(['snmp', 'database', 'ssh']).default('snmp').describe('how it asks'),
    gap_s: given.amount(60, 'seconds between calls'),
    hours: given.hours(6),
    src_ip: given.ip(office.web, 'the host that asks'),
    dst_ip: given.ip(office.file_server, 'the host asked'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    const [src, dst] = [end(p.src_ip), end(p.dst_ip)];
    wire.timeline.every(
      start,
      () => random.jittered(p.gap_s, 0.01) * SECOND,
      (now) => {
        if (p.by === 'snmp')
          wire.udp(now, src, dst, 161, 'snmp', {
            duration_s: 0.02,
            up: 220,
            down: 310,
            up_packets: 3,
            down_packets: 3,
          });
        else if (p.by === 'database')
          wire.tcp(now, src, dst, 5432, 'postgresql', { duration_s: 0.2, up: 900, down: 4000 });
        else wire.tcp(now, src, dst, 22, 'ssh', { duration_s: 2, up: 3000, down: 5000 });
      },
    );
  },
});
