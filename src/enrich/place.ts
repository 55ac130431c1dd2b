import { getDomain } from 'tldts';
import { communityIdOf } from '../base/community-id.ts';
import { ownCopy } from '../base/text.ts';
import { generatedNameScore } from '../models/information.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import { localNetworks } from './local.ts';

export interface EnrichOptions {
  readonly local_networks: readonly string[];
}

export interface Enricher {
  /** Fills in what an event does not say itself: local or outside, direction, registered domain, community id. */
  enrich(event: WeirEvent): void;
}

/** Names remembered; beyond that the memory starts anew. */
const most_remembered = 100_000;

/** Makes the enricher of a run. Throws `usage` for a network that is none. */
export function createEnricher(options: EnrichOptions): Enricher {
  const isLocal = localNetworks(options.local_networks);
  const domainOf = remembered(registeredDomain);
  const scoreOf = remembered((domain) =>
    domain === '' ? 0 : generatedNameScore(domain.slice(0, domain.indexOf('.'))),
  );

  function place(event: {
    src_ip: string;
    dst_ip: string;
    src_local: boolean;
    dst_local: boolean;
    direction: string;
  }): void {
    if (event.src_ip === '') return;
    const from = isLocal(event.src_ip);
    const to = isLocal(event.dst_ip);
    event.src_local = from;
    event.dst_local = to;
    event.direction = from ? (to ? 'internal' : 'outbound') : to ? 'inbound' : 'external';
  }

  return {
    enrich(event) {
      if ('direction' in event) place(event);
      switch (event.kind) {
        case 'connection':
          if (event.community_id === '') {
            event.community_id = communityIdOf(
              event.src_ip,
              event.src_port,
              event.dst_ip,
              event.dst_port,
              event.transport,
            );
          }
          break;
        case 'dns':
          event.query_domain = domainOf(event.query);
          event.generated_score = scoreOf(event.query_domain);
          break;
        case 'http':
          event.host_domain = domainOf(event.host);
          break;
        case 'tls':
          event.server_domain = domainOf(event.server_name);
          break;
        default:
      }
    },
  };
}

/**
 * Registered domain by the public suffix list, private suffixes included (a customer of a hosting name is a party of its
 * own): mail.example.co.uk → example.co.uk. '' for addresses, reverse names, local and single-label names.
 */
export function registeredDomain(name: string): string {
  if (name === '' || name.endsWith('.arpa') || name.endsWith('.local') || !name.includes('.')) return '';
  return getDomain(name, { allowPrivateDomains: true, validateHostname: false }) ?? '';
}

/** A function of one text with a bounded memory. */
function remembered<T>(of: (text: string) => T): (text: string) => T {
  let known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const value = of(text);
    if (known.size >= most_remembered) known = new Map();
    known.set(ownCopy(text), value);
    return value;
  };
}
