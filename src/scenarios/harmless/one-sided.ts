import { z } from 'zod';
import type { Connection } from '../../schema/event/connection.ts';
import type { WeirEvent } from '../../schema/event/index.ts';
import { office } from '../office/office.ts';
import type { Scenario } from '../scenario.ts';

const params = z.strictObject({
  hosts: z.int().min(1).max(1000).default(12).describe('desks of the office'),
  days: z.number().positive().max(30).default(2).describe('days it lasts'),
  activity: z.number().min(0).max(20).default(0.5).describe('how much people do'),
  sees: z
    .enum(['sent', 'received'])
    .default('sent')
    .describe('what is captured: what its hosts send, or what they receive'),
  inside: z
    .boolean()
    .default(false)
    .describe('the same of connections inside the office; false: those are seen whole'),
});
type Params = z.infer<typeof params>;

/** Letters of one end. */
const sender = { src: /[^A-Z]/g, dst: /[^a-z]/g };

/**
 * What a sensor makes of a connection of which it sees one end's packets; null: nothing. States as Zeek gives them to
 * half a connection.
 */
export function oneSideOf(whole: Connection, end: 'src' | 'dst'): Connection | null {
  if (end === 'src' ? whole.src_packets === 0 : whole.dst_packets === 0) return null;
  const history = whole.history.replace(sender[end], '');
  const nothing = { bytes: whole.src_bytes === null ? null : 0, packets: 0, ip_bytes: 0 };
  const one = { ...whole, service: '', dst_name: '', missed_bytes: 0 };
  if (end === 'src')
    return {
      ...one,
      ...{ history, conn_state: srcState(whole.transport, history) },
      ...{ dst_bytes: nothing.bytes, dst_packets: nothing.packets, dst_ip_bytes: nothing.ip_bytes },
    };
  return {
    ...one,
    ...{ history: `^${history}`, conn_state: dstState(whole.transport, history) },
    ...{ src_bytes: nothing.bytes, src_packets: nothing.packets, src_ip_bytes: nothing.ip_bytes },
  };
}

function srcState(transport: string, history: string): string {
  if (transport !== 'tcp') return transport === 'udp' ? 'S0' : 'OTH';
  if (!history.startsWith('S')) return 'OTH';
  if (history.includes('R')) return 'RSTOS0';
  return history.includes('F') ? 'SH' : 'S0';
}

function dstState(transport: string, history: string): string {
  if (transport !== 'tcp') return transport === 'udp' ? 'SHR' : 'OTH';
  if (history.includes('r')) return 'RSTRH';
  return history.includes('f') ? 'SHR' : 'OTH';
}

function* halved(events: Iterable<WeirEvent>, p: Params): Iterable<WeirEvent> {
  for (const event of events) {
    if (!('direction' in event) || (event.direction === 'internal' && !p.inside)) {
      yield event;
      continue;
    }
    // Of protocols that take both directions to be understood, nothing is told.
    if (event.kind !== 'connection') continue;
    const local_end = event.src_local ? 'src' : 'dst';
    const other = local_end === 'src' ? 'dst' : 'src';
    const half = oneSideOf(event, p.sees === 'sent' ? local_end : other);
    if (half !== null) yield half;
  }
}

export const one_sided: Scenario<Params> = {
  doc: 'An ordinary office at a sensor that sees one direction only: asymmetric routing, or a mirror of one side.',
  harmful: false,
  params: params as z.ZodType<Params>,
  generate: (p, setting) => {
    const whole = office.params.parse({
      ...{ hosts: p.hosts, days: p.days, activity: p.activity },
      monitored: 'servers',
    });
    return halved(office.generate(whole, setting), p);
  },
  answer: () => [],
};
