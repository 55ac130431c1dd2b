import { getDomain } from 'tldts';
import { remembered } from '../base/bounded.ts';
import { communityId } from '../base/community-id.ts';
import { canonicalName } from '../base/ip.ts';
import { generatedNameScore } from '../models/information.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import { icmpMessage, isIcmpMessage } from './icmp.ts';
import { setImpossibleAside } from './impossible.ts';
import { type Address, addressBook } from './local.ts';
import { settle } from './outcome.ts';
import { fillPayload } from './payload.ts';

export interface EnrichOptions {
  readonly local_networks: readonly string[];
  /** µs since 1970: nothing ends later; not given: anything may */
  readonly latest_time?: number;
}

export interface Enricher {
  /**
   * Fills in what an event does not say itself: who opened a connection and how it ended, local or outside, direction,
   * registered domain, community id. Gives the event itself, or the one that it is: an ICMP error is no connection.
   */
  enrich(event: WeirEvent): WeirEvent;
}

interface Placed {
  src_ip: string;
  dst_ip: string;
  src_local: boolean;
  dst_local: boolean;
  direction: string;
}

/** What is known of a name once it was seen. */
interface Name {
  /** lower case, without blanks around it or a closing dot; an address as canonicalIp writes it */
  readonly name: string;
  readonly domain: string;
  readonly generated_score: number;
}

/** Names remembered, of at most 255 characters: below 30 MB. */
const most_names = 32_768;
/** Longer than any name of the DNS (RFC 1035, 2.3.4): not remembered, and without a domain. */
const longest_name = 255;
const no_name: Name = { name: '', domain: '', generated_score: 0 };

/** Makes the enricher of a run. Throws `usage` for a network that is none. */
export function createEnricher(options: EnrichOptions): Enricher {
  const { latest_time = Number.POSITIVE_INFINITY } = options;
  const addressOf = addressBook(options.local_networks);
  const known = remembered(readName, most_names);
  const nameOf = (text: string): Name => {
    if (text === '') return no_name;
    return text.length > longest_name ? { ...no_name, name: tidy(text) } : known(text);
  };

  function place(event: Placed, src: Address, dst: Address): void {
    if (event.src_ip === '') return;
    event.src_local = src.local;
    event.dst_local = dst.local;
    event.direction = src.local ? (dst.local ? 'internal' : 'outbound') : dst.local ? 'inbound' : 'external';
  }

  return {
    enrich(event) {
      if (event.kind === 'connection') {
        if (isIcmpMessage(event)) {
          const message = icmpMessage(event);
          place(message, addressOf(event.src_ip), addressOf(event.dst_ip));
          return message;
        }
        let src = addressOf(event.src_ip);
        let dst = addressOf(event.dst_ip);
        fillPayload(event);
        setImpossibleAside(event, latest_time);
        if (settle(event, src.wide, dst.wide)) [src, dst] = [dst, src];
        place(event, src, dst);
        if (event.src_mac === no_mac) event.src_mac = '';
        if (event.dst_mac === no_mac) event.dst_mac = '';
        if (event.community_id === '')
          event.community_id = community(src, event.src_port, dst, event.dst_port, event.transport);
        return event;
      }
      if ('direction' in event) place(event, addressOf(event.src_ip), addressOf(event.dst_ip));
      if (event.kind === 'dns') {
        const { name, domain, generated_score } = nameOf(event.query);
        event.query = name;
        event.query_domain = domain;
        event.generated_score = generated_score;
        // Sensors write the addresses of answers in different ways.
        if (event.answers.some((one) => one.includes(':'))) event.answers = event.answers.map(canonicalName);
      } else if (event.kind === 'http') {
        const { name, domain } = nameOf(event.host);
        event.host = name;
        event.host_domain = domain;
      } else if (event.kind === 'tls') {
        const { name, domain } = nameOf(event.server_name);
        event.server_name = name;
        event.server_domain = domain;
      }
      return event;
    },
  };
}

/** What interfaces without an address (loopback, tunnels, 'any') write: no device has it. */
const no_mac = '00:00:00:00:00:00';

const left = new Int32Array(4);
const right = new Int32Array(4);

/** Community ID of known addresses; '' when an address is missing, the two differ in kind, or the protocol has no number. */
function community(
  src: Address,
  src_port: number,
  dst: Address,
  dst_port: number,
  transport: string,
): string {
  if (src.words === 0 || src.words !== dst.words) return '';
  const v6 = src.words === 4;
  const protocol = protocolNumber(transport, v6);
  if (protocol < 0) return '';
  left[0] = src.w0;
  right[0] = dst.w0;
  if (v6) {
    left[1] = src.w1;
    left[2] = src.w2;
    left[3] = src.w3;
    right[1] = dst.w1;
    right[2] = dst.w2;
    right[3] = dst.w3;
  }
  return communityId(left, 0, right, 0, v6, protocol, src_port, dst_port);
}

/** IANA protocol number of a `transport`, -1 for none. Between IPv6 addresses icmp is ICMPv6. */
function protocolNumber(transport: string, v6: boolean): number {
  switch (transport) {
    case 'tcp':
      return 6;
    case 'udp':
      return 17;
    case 'icmp':
      return v6 ? 58 : 1;
    case 'sctp':
      return 132;
    default:
      return /^\d{1,3}$/.test(transport) && Number(transport) <= 255 ? Number(transport) : -1;
  }
}

function readName(text: string): Name {
  const name = tidy(text);
  const domain = registeredDomain(name);
  const generated_score = domain === '' ? 0 : generatedNameScore(domain.slice(0, domain.indexOf('.')));
  return { name, domain, generated_score };
}

function tidy(text: string): string {
  const name = text.trim().toLowerCase();
  return canonicalName(name.endsWith('.') ? name.slice(0, -1) : name);
}

/**
 * Registered domain by the public suffix list, private suffixes included (a customer of a hosting name is a party of its
 * own): mail.example.co.uk → example.co.uk. '' for addresses, reverse names, local and single-label names.
 */
export function registeredDomain(name: string): string {
  if (!name.includes('.') || /\.(?:arpa|local|localdomain|internal|lan|home|corp)$/.test(name)) return '';
  return getDomain(name, { allowPrivateDomains: true, validateHostname: false }) ?? '';
}
