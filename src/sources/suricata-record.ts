import type { WeirEvent } from '../schema/event/index.ts';
import { Checked } from './checked.ts';
import type { JsonObject } from './json.ts';

/** What an event type of eve.json gives. A text instead of events: the record is filtered for that reason. */
export interface SuricataLog {
  readonly event_type: string;
  map(record: SuricataRecord): WeirEvent | readonly WeirEvent[] | string;
}

const nothing: JsonObject = {};

/** One record of eve.json, checked. https://docs.suricata.io/en/latest/output/eve/eve-json-format.html */
export class SuricataRecord extends Checked {
  object: JsonObject = nothing;

  constructor(latest_time: number) {
    super();
    this.latest_time = latest_time;
  }

  time(): number {
    return this.toTime('timestamp', this.object.timestamp);
  }

  /** An object within the record (or within another); empty when absent. */
  section(name: string, of: JsonObject = this.object): JsonObject {
    const value = of[name];
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : nothing;
  }

  /** An id, a version or a code, written as text or as a number. */
  label(of: JsonObject, name: string): string {
    return this.toLabel(name, of[name]);
  }
  text(of: JsonObject, name: string): string {
    return this.toText(name, of[name]);
  }
  count0(of: JsonObject, name: string): number {
    return this.toCount(name, of[name]) ?? 0;
  }
  code(of: JsonObject, name: string, most: number): number {
    return this.toCode(name, of[name], most) ?? 0;
  }
  texts(of: JsonObject, name: string): string[] {
    return this.toTexts(name, of[name]);
  }

  uid(): string {
    return this.toLabel('flow_id', this.object.flow_id);
  }

  /** The connection as the record names it; `needed`: both addresses must be there. */
  flow(needed = true): Flow {
    const { object } = this;
    const transport = transportOf(this.label(object, 'proto'));
    const icmp = transport === 'icmp';
    const flow = {
      uid: this.uid(),
      src_ip: this.toIp('src_ip', object.src_ip),
      src_port: this.toPort('src_port', object.src_port ?? (icmp ? object.icmp_type : undefined)),
      dst_ip: this.toIp('dest_ip', object.dest_ip),
      dst_port: this.toPort('dest_port', object.dest_port ?? (icmp ? object.icmp_code : undefined)),
      transport,
    };
    if (needed && flow.src_ip === '') this.lacks('src_ip');
    if (needed && flow.dst_ip === '') this.lacks('dest_ip');
    return flow;
  }

  /**
   * The same, turned so that src is who opened the connection. Alerts name the packet's sender first; Suricata 7 says
   * what the flow's source is, and the direction.
   */
  openedFlow(needed = true): Flow {
    const flow = this.flow(needed);
    const source = this.section('flow').src_ip;
    const turned =
      typeof source === 'string'
        ? this.toIp('flow.src_ip', source) !== flow.src_ip
        : this.object.direction === 'to_client';
    return turned ? turn(flow) : flow;
  }
}

export interface Flow {
  uid: string;
  src_ip: string;
  src_port: number;
  dst_ip: string;
  dst_port: number;
  transport: string;
}

export function turn(flow: Flow): Flow {
  return {
    ...flow,
    src_ip: flow.dst_ip,
    src_port: flow.dst_port,
    dst_ip: flow.src_ip,
    dst_port: flow.src_port,
  };
}

/** IP protocols by the names of /etc/protocols that Suricata writes. https://www.iana.org/assignments/protocol-numbers */
const protocols: Readonly<Record<string, string>> = {
  tcp: 'tcp',
  udp: 'udp',
  icmp: 'icmp',
  'ipv6-icmp': 'icmp',
  sctp: 'sctp',
  hopopt: '0',
  igmp: '2',
  ipv6: '41',
  gre: '47',
  esp: '50',
  ah: '51',
  eigrp: '88',
  ospf: '89',
  ospfigp: '89',
  pim: '103',
  vrrp: '112',
  l2tp: '115',
};

/** Weir's transport; a name that is not known stays, in lower case. */
export function transportOf(proto: string): string {
  const lower = proto.toLowerCase();
  if (/^\d{1,3}$/.test(lower)) {
    const number = Number(lower);
    return (
      ({ 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp', 132: 'sctp' } as Record<number, string>)[number] ??
      String(number)
    );
  }
  return Object.hasOwn(protocols, lower) ? protocols[lower]! : lower;
}

/** Suricata's names of application protocols as Zeek writes them, so that a service has one name. */
const services: Readonly<Record<string, string>> = {
  tls: 'ssl',
  dcerpc: 'dce_rpc',
  krb5: 'krb',
  'ftp-data': 'ftp-data',
  failed: '',
  unknown: '',
};

export function serviceOf(app_proto: string): string {
  return Object.hasOwn(services, app_proto) ? services[app_proto]! : app_proto;
}
