import { z } from 'zod';
import { certificateOf, dnsQuery, http, tls, tunnel } from '../exchange.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { SECOND } from '../timeline.ts';

const office = officeAddresses();

export const beacon = scripted({
  name: 'beacon',
  doc: 'An implant that calls its server at near-equal gaps, and now and then gets an order.',
  harmful: true,
  params: {
    gap_s: given.amount(60, 'seconds between calls'),
    jitter: given.share(0.1, 'share of the gap by which each gap varies, evenly both ways'),
    hours: given.hours(4),
    missed_share: given.share(0, 'share of calls that do not happen'),
    order_share: given.share(0.02, 'share of calls that bring an order and a larger answer'),
    src_ip: given.ip(suspectIp, 'the host that calls'),
    dst_ip: given.ip('203.0.113.66', 'the server; with addresses > 1 the first of them'),
    dst_port: given.port(443, 'port of the server'),
    by: z.enum(['name', 'address']).default('name').describe('address: no name is ever asked for or said'),
    name: given.text('sync.asset-relay.example', 'name of the server'),
    addresses: given.count(1, 'addresses behind the name, used in turn'),
    clear: given.yes(false, 'plain HTTP instead of TLS'),
    proxy: given.yes(false, 'through the web proxy of the office, by CONNECT'),
  },
  length: (p) => p.hours * 3600 * SECOND,
  play: (wire, p, start) => {
    const { random } = wire;
    const src = end(p.src_ip);
    const dc = end(office.domain_controller);
    const name = p.by === 'address' ? '' : p.name;
    const servers = Array.from({ length: p.addresses }, (_, i) => end(rotated(p.dst_ip, i)));
    let turn = 0;
    wire.timeline.every(
      start,
      () => Math.max(0.05, random.jittered(p.gap_s, p.jitter)) * SECOND,
      (now) => {
        if (random.chance(p.missed_share)) return;
        const dst = servers[turn++ % servers.length] ?? servers[0]!;
        // A name is asked for again when its minute is over, or when its addresses rotate.
        const asks = name !== '' && (p.gap_s >= 60 || p.addresses > 1 || turn % 5 === 1);
        const question = { query: name, answers: [dst.ip], ttl_s: 60 };
        const ready = asks ? dnsQuery(wire, now, p.proxy ? end(office.proxy) : src, dc, question) : now;
        const order = random.chance(p.order_share);
        const up = order ? random.lognormal(9000, 2) : random.jittered(380, 0.05);
        const down = order ? random.lognormal(24_000, 2) : 220;
        const duration_s = random.lognormal(0.35, 1.3);
        if (p.clear) {
          const call = {
            host: name || dst.ip,
            uri: '/api/v2/status',
            user_agent: programs.implant.user_agent,
          };
          const body = { method: 'POST', request_bytes: Math.round(up), response_bytes: Math.round(down) };
          http(wire, ready, src, dst, [{ ...call, ...body }], { dst_port: p.dst_port, duration_s });
          return;
        }
        const talk = {
          software: programs.implant,
          server_name: name,
          dst_port: p.dst_port,
          duration_s,
          up,
          down,
          resumed: false,
          certificate: certificateOf(name || dst.ip),
        };
        if (p.proxy)
          tunnel(wire, ready, src, end(office.proxy), dst, { ...talk, server_name: name || dst.ip });
        else tls(wire, ready, src, dst, talk);
      },
    );
  },
  answer: (p, from, to) => [
    {
      detectors:
        p.by === 'address'
          ? ['beacon_address']
          : p.addresses > 1
            ? ['beacon_name']
            : ['beacon_address', 'beacon_name'],
      attack: ['T1071.001', 'T1573'],
      src_ip: p.src_ip,
      dst_ip: p.addresses > 1 ? '' : p.dst_ip,
      from,
      to,
      note: `calls ${p.by === 'address' ? p.dst_ip : p.name} every ${p.gap_s} s`,
    },
  ],
});

/** The n-th address after this one within its /24. */
function rotated(ip: string, n: number): string {
  const cut = ip.lastIndexOf('.');
  return `${ip.slice(0, cut)}.${(Number(ip.slice(cut + 1)) + n * 7) % 254 || 1}`;
}
