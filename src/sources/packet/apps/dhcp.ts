import type { Dhcp } from '../../../schema/event/dhcp.ts';
import type { WeirEvent } from '../../../schema/event/index.ts';
import { type DhcpMessage, parseDhcp } from '../protocols/dhcp.ts';
import type { App, Flow, Wants } from './app.ts';

const maxOpen = 4096;
const quiet = 30_000_000;

interface Exchange {
  last: number;
  readonly event: Dhcp;
}

/**
 * DHCP goes over several flows (broadcast, relay, lease renewed from the address): messages with one transaction id
 * are one event, told when the server has the last word or after 30 s of quiet.
 */
export class DhcpExchanges {
  private readonly open = new Map<string, Exchange>();

  take(flow: Flow, m: DhcpMessage): void {
    for (const [key, exchange] of this.open) {
      if (flow.time - exchange.last <= quiet && this.open.size < maxOpen) break;
      this.open.delete(key);
      flow.emit(exchange.event);
    }
    const key = `${m.transaction_id} ${m.mac}`;
    let exchange = this.open.get(key);
    if (exchange === undefined) {
      exchange = {
        last: flow.time,
        event: {
          kind: 'dhcp',
          time: flow.time,
          uid: flow.place.uid,
          mac: '',
          client_id: '',
          client_ip: '',
          server_ip: '',
          assigned_ip: '',
          requested_ip: '',
          host_name: '',
          domain: '',
          vendor: '',
          subnet_mask: '',
          lease_s: null,
          messages: [],
        },
      };
      this.open.set(key, exchange);
    }
    exchange.last = flow.time;
    const e = exchange.event;
    (e.messages as string[]).push(m.type);
    e.mac ||= m.mac;
    e.client_id ||= m.client_id;
    e.client_ip ||= m.client_ip;
    e.server_ip ||= m.server_ip;
    if (m.assigned_ip !== '') e.assigned_ip = m.assigned_ip;
    e.requested_ip ||= m.requested_ip;
    e.host_name ||= m.host_name || m.client_fqdn;
    e.domain ||= m.domain;
    e.vendor ||= m.vendor;
    if (!m.from_client) e.subnet_mask ||= m.subnet_mask;
    if (m.lease_s !== null && !m.from_client) e.lease_s = m.lease_s;
    if (!m.from_client && e.server_ip === '' && m.type === 'ACK') {
      e.server_ip = flow.place.dst_port === 67 ? flow.place.dst_ip : flow.place.src_ip;
    }
    if (m.type === 'ACK' || m.type === 'NAK' || m.type === 'RELEASE' || m.type === 'DECLINE') {
      this.open.delete(key);
      flow.emit(e);
    } else if (e.messages.length >= 32) {
      this.open.delete(key);
      flow.emit(e);
    }
  }

  end(emit: (event: WeirEvent) => void): void {
    for (const exchange of this.open.values()) emit(exchange.event);
    this.open.clear();
  }
}

export class DhcpApp implements App {
  private readonly exchanges: DhcpExchanges;
  constructor(exchanges: DhcpExchanges) {
    this.exchanges = exchanges;
  }

  data(flow: Flow, _fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    const message = parseDhcp(b, from, upTo);
    if (message === null) return 'nothing';
    flow.confirm('dhcp');
    this.exchanges.take(flow, message);
    return 'more';
  }
  gap(): Wants {
    return 'more';
  }
  ended(): void {}
  close(): void {}
}
