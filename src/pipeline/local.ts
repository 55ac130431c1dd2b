import { defaultLocalNetworks, localNetworks, suggestLocalNetworks } from '../enrich/index.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import type { Sink, SourceFormat } from '../schema/reading.ts';

/** Which networks are local in this run, and what to tell the operator when Weir chose them. */
export interface LocalChoice {
  readonly networks: readonly string[];
  readonly note: string | null;
}

/**
 * The operator's networks; else the private ranges; else, where the first records show no private address at all, the
 * network that opens most of the connections.
 */
export function localNetworksFor(
  planned: readonly { readonly format: SourceFormat | null; readonly head: Buffer }[],
  given: readonly string[] | null,
): LocalChoice {
  if (given !== null) return { networks: given, note: null };
  const pairs: { src_ip: string; dst_ip: string }[] = [];
  const sink: Sink = {
    event: (event: WeirEvent) => {
      if (!('src_ip' in event)) return;
      pairs.push({ src_ip: event.src_ip, dst_ip: event.dst_ip });
    },
    filtered: () => {},
    rejected: () => {},
  };
  for (const { format, head } of planned.slice(0, 50)) {
    if (!format) continue;
    // The last line of a head is cut, so it is not read; whole lines are enough.
    const end = head.lastIndexOf(10) + 1 || head.length;
    const decoder = format.open('', sink, { latest_time: Number.MAX_SAFE_INTEGER, keep_raw: false });
    decoder.push(head.subarray(0, end));
    decoder.end();
  }
  const suggested = suggestLocalNetworks(pairs);
  if (suggested.length === 0) return { networks: defaultLocalNetworks, note: null };
  return {
    networks: [...defaultLocalNetworks, ...suggested],
    note: `no private addresses in the first records: treating ${suggested.join(', ')} as local; set --local-nets if that is wrong`,
  };
}

/** Those whose host lies in the local networks. */
export function localOnly<T extends { readonly host: string }>(
  all: readonly T[],
  networks: readonly string[],
): T[] {
  const is_local = localNetworks(networks);
  return all.filter(({ host }) => is_local(host));
}
