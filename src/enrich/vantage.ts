import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../base/ip.ts';
import type { UnseenAnswers, Vantage, Way } from '../schema/vantage.ts';

/** Evidence is gathered in pieces of five minutes: every window ends with one. */
export const slot_s = 300;
const day_slots = 86_400 / slot_s;

/** TCP connections of one way and direction of a network that began in five minutes and show that both sides spoke. */
export interface Slot {
  readonly network: string;
  readonly way: Way;
  readonly direction: string;
  /** its number since 1970 */
  readonly slot: number;
  /** hosts of the network with such connections */
  readonly hosts: number;
  /** for each host the share of its connections of which only the opener is seen, summed over hosts */
  readonly one_sided_hosts: number;
  /** connections of which only the opener is seen */
  readonly one_sided: number;
}

interface Sum {
  hosts: number;
  one_sided_hosts: number;
  one_sided: number;
}

const none = (): Sum => ({ hosts: 0, one_sided_hosts: 0, one_sided: 0 });

/** Fewer say nothing: a packet that the sensor lost makes one. */
const least_connections = 10;
/**
 * Share of what a network's hosts show, every host counting alike: one that sends as if it had been answered cannot blind
 * the sensor for the others.
 */
export const least_share = 0.5;

const isEvident = (one: Sum, other: Sum): boolean =>
  one.one_sided + other.one_sided >= least_connections &&
  one.one_sided_hosts + other.one_sided_hosts >= least_share * (one.hosts + other.hosts);

/**
 * From when on answers are known to be unseen, for each way and direction of each network and each day. A connection that
 * was one_sided proves that the other side spoke, an attempt without an answer proves nothing. What was seen on a day and
 * the day before it decides, up to the end of each five minutes; what comes later changes nothing. Slots come in the order
 * of network, way and direction, then of time.
 */
export function unseenAnswers(slots: readonly Slot[]): UnseenAnswers[] {
  const found: UnseenAnswers[] = [];
  let key: Slot | null = null;
  let day = 0;
  let before = none();
  let today = none();
  let told = false;
  const tell = (since_s: number): void => {
    const { network, way, direction } = key!;
    if (!told) found.push({ network, way, direction, day, since_s });
    told = true;
  };
  const turnDay = (to: number): void => {
    before = to === day + 1 ? today : none();
    day = to;
    today = none();
    told = false;
    if (isEvident(before, today)) tell(day * 86_400);
  };
  for (const slot of slots) {
    const of_day = Math.floor(slot.slot / day_slots);
    if (key === null || !sameKey(key, slot)) {
      if (key !== null) turnDay(day + 1);
      key = slot;
      day = of_day;
      before = none();
      today = none();
      told = false;
    }
    // The day after the last one with traffic still knows of it.
    if (of_day > day + 1) turnDay(day + 1);
    if (of_day > day) turnDay(of_day);
    today.hosts += slot.hosts;
    today.one_sided_hosts += slot.one_sided_hosts;
    today.one_sided += slot.one_sided;
    if (isEvident(before, today)) tell((slot.slot + 1) * slot_s);
  }
  if (key !== null) turnDay(day + 1);
  return found;
}

function sameKey(one: Slot, other: Slot): boolean {
  return one.network === other.network && one.way === other.way && one.direction === other.direction;
}

/**
 * Networks of which half of what shows both sides is one-sided, most connections first; where that is so only of
 * connections with the outside, or only of those inside, these.
 */
export function oneSided(seen: readonly Vantage[]): Vantage[] {
  const found: Vantage[] = [];
  for (const [network, parts] of Map.groupBy(seen, (one) => one.network)) {
    const sum = (of: 'sends_only' | 'receives_only' | 'both'): number =>
      parts.reduce((n, one) => n + one[of], 0);
    const all: Vantage = {
      ...{ network, scope: 'all' },
      ...{ sends_only: sum('sends_only'), receives_only: sum('receives_only'), both: sum('both') },
    };
    found.push(...(isOneSided(all) ? [all] : parts.filter(isOneSided)));
  }
  return found.sort((a, b) => sumOf(b) - sumOf(a) || (a.network < b.network ? -1 : 1));
}

function isOneSided(one: Vantage): boolean {
  const most = Math.max(one.sends_only, one.receives_only);
  return most >= least_connections && most >= least_share * sumOf(one);
}

const sumOf = ({ sends_only, receives_only, both }: Vantage): number => sends_only + receives_only + both;

/** The network of an address, as the store names it: 10.1.2.0/24, 2001:db8::/64. '' for what is no address. */
export function networkOf(ip: string): string {
  const v4 = parseIpv4(ip);
  if (v4 >= 0) return `${formatIpv4(v4 - (v4 & 0xff))}/24`;
  const groups = parseIpv6(ip);
  return groups === null ? '' : `${formatIpv6(groups.map((group, i) => (i < 4 ? group : 0)))}/64`;
}
