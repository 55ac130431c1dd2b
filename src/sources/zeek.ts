import type { WeirEvent } from '../schema/event/index.ts';
import type { Share } from '../schema/reading.ts';
import { Checked, dnsName, hostName } from './checked.ts';

/** What a Zeek log gives: how to read one record of it, whatever it was written in. */
export interface ZeekLog {
  /** Zeek's name of the log stream, as in #path and _path. */
  readonly path: string;
  /** The log whose records have the same fields, where it is another. */
  readonly alike?: string;
  /** What its records are of a connection, in logs that tell of one several times. */
  readonly share?: Share;
  /** The record as an event, or several (counters); a text: it is not wanted, for that reason. */
  map(record: ZeekRecord): WeirEvent | readonly WeirEvent[] | string;
}

/** Where the values of a record come from: TSV columns or a JSON object. Absent ('-') is undefined, '(empty)' is ''. */
export interface ZeekValues {
  value(name: string): unknown;
  /** A set or vector: a list, or undefined when absent. */
  list(name: string): unknown;
}

/** One Zeek record by field name, checked. */
export class ZeekRecord extends Checked {
  values: ZeekValues;
  constructor(values: ZeekValues, latest_time: number) {
    super();
    this.values = values;
    this.latest_time = latest_time;
  }
  /** ts */
  time(): number {
    return this.toTime('ts', this.values.value('ts'));
  }
  has(name: string): boolean {
    return this.values.value(name) !== undefined;
  }
  /** An id, a version or a code, written as text or as a number. */
  label(name: string): string {
    return this.toLabel(name, this.values.value(name));
  }
  text(name: string): string {
    return this.toText(name, this.values.value(name));
  }
  ip(name: string): string {
    return this.toIp(name, this.values.value(name));
  }
  port(name: string): number {
    return this.toPort(name, this.values.value(name));
  }
  /** null when absent */
  count(name: string): number | null {
    return this.toCount(name, this.values.value(name));
  }
  /** 0 when absent */
  count0(name: string): number {
    return this.toCount(name, this.values.value(name)) ?? 0;
  }
  code(name: string, most: number): number {
    return this.toCode(name, this.values.value(name), most) ?? 0;
  }
  number(name: string): number | null {
    return this.toNumber(name, this.values.value(name));
  }
  seconds(name: string): number | null {
    return this.toSeconds(name, this.values.value(name));
  }
  bool(name: string): boolean | null {
    return this.toBool(name, this.values.value(name));
  }
  date(name: string): number {
    return this.toDate(name, this.values.value(name));
  }
  texts(name: string): string[] {
    return this.toTexts(name, this.values.list(name));
  }
  ips(name: string): string[] {
    return this.toIps(name, this.values.list(name));
  }
  host(name: string): string {
    return hostName(this.text(name));
  }
  dnsName(name: string): string {
    return dnsName(this.text(name));
  }
}

/** Zeek's transport: proto, or ip_proto (Zeek 7.1) where proto only says unknown_transport. */
export function transportOf(proto: string, ip_proto: number | null): string {
  if (proto !== 'unknown_transport' && proto !== '') return proto;
  if (ip_proto === null) return '';
  return ip_proto === 132 ? 'sctp' : String(ip_proto);
}

/** uid and the four-tuple; nearly every log has them. Both addresses must be there. */
export function flowOf(r: ZeekRecord, transport: string) {
  const flow = looseFlowOf(r, transport);
  if (flow.src_ip === '') r.lacks('id.orig_h');
  if (flow.dst_ip === '') r.lacks('id.resp_h');
  return flow;
}

/** The same for logs of things that need no connection (notice, weird, files). */
export function looseFlowOf(r: ZeekRecord, transport: string) {
  return {
    uid: r.text('uid'),
    src_ip: r.ip('id.orig_h'),
    src_port: r.port('id.orig_p'),
    dst_ip: r.ip('id.resp_h'),
    dst_port: r.port('id.resp_p'),
    transport,
  };
}

/** 1, 0 or null as the success column wants it. */
export function asSuccess(value: boolean | null): number | null {
  return value === null ? null : value ? 1 : 0;
}
