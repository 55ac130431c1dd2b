import { OldestOut } from '../../base/bounded.ts';
import type { Inventory } from '../../schema/event/inventory.ts';
import { ipv4Text, ipv6Text, macText, u16, u32 } from './protocols/bytes.ts';

/** Pairs of addresses remembered; beyond that the oldest is told of again. */
const most_pairs = 100_000;
const hour_us = 3600e6;

/**
 * Which link-layer address has which network address, by what stations say of themselves: the sender of an ARP message (RFC
 * 826) and the target of a neighbour advertisement (RFC 4861, 4.4). Each pair is told once an hour.
 */
export class Neighbours {
  readonly #told = new OldestOut<string, number>(most_pairs);

  /** An ARP message at `at`; null when it says nothing new, or nothing of an address (a probe: RFC 5227). */
  arp(b: Uint8Array, at: number, end: number, time: number): Inventory | null {
    // Ethernet and IPv4, request or answer
    if (end - at < 28 || u16(b, at) !== 1 || u16(b, at + 2) !== 0x0800 || u16(b, at + 4) !== 0x0604)
      return null;
    const operation = u16(b, at + 6);
    if (operation !== 1 && operation !== 2) return null;
    const sender = u32(b, at + 14);
    if (sender === 0 || sender >= 0xe0000000) return null;
    return this.#tell(time, ipv4Text(b, at + 14), b, at + 8, 'ARP');
  }

  /** The ICMPv6 message at `at`; null as for `arp`, and for other types. */
  icmp6(b: Uint8Array, at: number, end: number, time: number): Inventory | null {
    if (b[at] !== 136 || end - at < 32) return null;
    // options after type, code, checksum, flags and target; the length counts eight bytes
    for (let option = at + 24; option + 8 <= end && b[option + 1]! > 0; option += 8 * b[option + 1]!)
      if (b[option] === 2 && b[option + 1] === 1)
        return this.#tell(time, ipv6Text(b, at + 8), b, option + 2, 'neighbour discovery');
    return null;
  }

  #tell(time: number, host_ip: string, b: Uint8Array, mac_at: number, detail: string): Inventory | null {
    const mac = macText(b, mac_at);
    // A group has no station, and all zero is no address.
    if ((b[mac_at]! & 1) === 1 || mac === '00:00:00:00:00:00') return null;
    const key = `${host_ip} ${mac}`;
    const hour = Math.floor(time / hour_us);
    if (this.#told.get(key) === hour) return null;
    this.#told.renew(key, hour);
    return {
      kind: 'inventory',
      time,
      host_ip,
      peer_ip: '',
      port: 0,
      transport: '',
      type: 'device',
      name: mac,
      version: '',
      detail,
    };
  }
}
