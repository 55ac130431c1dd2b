import { at, type FlowTable, num, pageBits, stride } from './flow-table.ts';
import { flowUid, ipv4Text, ipv6Text } from './text.ts';

export interface FlowPlace {
  readonly uid: string;
  src_ip: string;
  src_port: number;
  dst_ip: string;
  dst_port: number;
  readonly transport: string;
  /** name the client asked for, '' when not known */
  dst_name: string;
}

/** Columns that say which flow an event belongs to, as text. */
export function flowPlace(table: FlowTable, index: number): FlowPlace {
  const w = table.words[index >>> pageBits]!;
  const d = table.numbers[index >>> pageBits]!;
  const b = (index & ((1 << pageBits) - 1)) * stride;
  const meta = w[b + at.meta]!;
  const v6 = (meta & 256) !== 0;
  const protocol = meta & 255;
  const ports = w[b + at.ports]!;
  return {
    uid: flowUid(d[(b + num.start) >>> 1]!, w, b, ports, protocol),
    src_ip: addressText(w, b, v6),
    src_port: ports >>> 16,
    dst_ip: addressText(w, b + 4, v6),
    dst_port: ports & 0xffff,
    transport: transportName(protocol),
    dst_name: '',
  };
}

/** An address of four words, IPv4 in the last. */
export function addressText(w: Int32Array, i: number, v6: boolean): string {
  return v6 ? ipv6Text(w[i]!, w[i + 1]!, w[i + 2]!, w[i + 3]!) : ipv4Text(w[i + 3]!);
}

export function transportName(protocol: number): string {
  switch (protocol) {
    case 6:
      return 'tcp';
    case 17:
      return 'udp';
    case 1:
    case 58:
      return 'icmp';
    case 132:
      return 'sctp';
    default:
      return String(protocol);
  }
}

export function isDnsPort(port: number): boolean {
  return port === 53 || port === 5353 || port === 5355 || port === 137;
}
