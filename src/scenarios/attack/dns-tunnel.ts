import { z } from 'zod';
import { dnsQuery } from '../exchange.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import type { Random } from '../random.ts';
import { given, scripted } from '../scenario.ts';
import { SECOND } from '../timeline.ts';

const office = officeAddresses();
/** Payload bytes that one name carries in base32 below a short domain, and one TXT answer. */
const upBytes = 100;
const downBytes = 180;

export const dns_tunnel = scripted({
  name: 'dns_tunnel',
  doc: 'Data hidden in the names asked for, and in the answers.',
  harmful: true,
  params: {
    kb_up: given.amount(60, 'payload carried up, kB'),
    kb_down: given.amount(20, 'payload carried down, kB'),
    rate: given.amount(2, 'queries a second'),
    type: z.enum(['TXT', 'NULL', 'CNAME', 'A']).default('TXT').describe('query type that carries the answer'),
    domain: given.text('cache-update.example', 'registered domain of the tunnel'),
    src_ip: given.ip(suspectIp, 'the host that asks'),
    dst_ip: given.ip(office.domain_controller, 'the name server it asks'),
    relayed: given.yes(false, 'the name server is seen asking on outside'),
  },
  length: (p) => (1 + (1.5 * queries(p)) / p.rate) * SECOND,
  play: (wire, p, start) => {
    const { random } = wire;
    const src = end(p.src_ip);
    const dst = end(p.dst_ip);
    let left = queries(p);
    let up = p.kb_up * 1000;
    let down = p.kb_down * 1000;
    wire.timeline.every(
      start,
      () => (left > 0 ? random.exponential(1 / p.rate) * SECOND : 0),
      (now) => {
        if (left-- <= 0) return;
        const query = `${label(random, up > 0 ? upBytes : 8)}.t.${p.domain}`;
        const fetched = Math.max(12, Math.min(down, downBytes));
        up -= upBytes;
        down -= downBytes;
        const answers = p.type === 'A' ? ['192.0.2.77'] : [secret(random, fetched)];
        const rtt_s = random.lognormal(0.045, 1.4);
        const question = { query, type: p.type, answers, ttl_s: 1 };
        dnsQuery(wire, now, src, dst, question, rtt_s);
        if (p.relayed) dnsQuery(wire, now + 400, dst, end('192.0.2.53'), question, rtt_s * 0.9);
      },
    );
  },
  answer: (p, from, to) => [
    {
      detectors: ['dns_tunnel'],
      attack: ['T1071.004', 'T1048.003'],
      src_ip: p.src_ip,
      dst_ip: '',
      from,
      to,
      note: `carries ${p.kb_up} kB up and ${p.kb_down} kB down in names below ${p.domain}`,
    },
  ],
});

function queries(p: { kb_up: number; kb_down: number }): number {
  return Math.max(1, Math.ceil((p.kb_up * 1000) / upBytes), Math.ceil((p.kb_down * 1000) / downBytes));
}

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Bytes as base32 (RFC 4648), cut into labels of at most 57 characters. */
function label(random: Random, bytes: number): string {
  const text = Array.from({ length: Math.ceil((bytes * 8) / 5) }, () => base32[random.int(0, 31)]).join('');
  return text.match(/.{1,57}/g)?.join('.') ?? 'a';
}

function secret(random: Random, bytes: number): string {
  return Array.from({ length: Math.ceil((bytes * 8) / 5) }, () => base32[random.int(0, 31)]).join('');
}
