import { unseenMass } from './first-seen.ts';

/**
 * How rare a category is (a country, a user agent, a port), for one entity and in the whole population.
 */
export interface Rarity {
  /** Chance that an ordinary event is at least this rare; 0 < p <= 1. */
  readonly p_value: number;
  /** Orders of magnitude: -log10 of the smoothed share of the category. */
  readonly surprise: number;
  /** Smoothed share of the category. */
  readonly share: number;
}

/** Smoothed surprise of one category: -log10((count + 1) / (events + V)), V categories known, this one included. */
export function categorySurprise(count: number, events: number, categories: number): number {
  return -Math.log10(Math.min(1, (count + 1) / (events + Math.max(1, categories))));
}

/**
 * Rarity of a category seen `count` times before, given all past counts. p is the mass of everything seen no more
 * often than it, plus what was never seen (Good-Turing). No past: p 1, because everything is new.
 */
export function categoryRarity(count: number, counts: ArrayLike<number>): Rarity {
  let events = 0;
  let singles = 0;
  let rarer = 0;
  for (let i = 0; i < counts.length; i++) {
    const c = counts[i]!;
    events += c;
    if (c === 1) singles++;
    if (c > 0 && c <= count) rarer += c;
  }
  if (events === 0) return { p_value: 1, surprise: 0, share: 1 };
  const unseen = unseenMass(singles, events);
  const p_value = Math.min(1, unseen + ((1 - unseen) * rarer) / events);
  const share = Math.min(1, (count + 1) / (events + counts.length + (count === 0 ? 1 : 0)));
  return { p_value, surprise: -Math.log10(share), share };
}

export interface Prevalence {
  /** Other entities that have ever had the category. */
  readonly entities_with: number;
  /** Entities that were watched, this one not counted. */
  readonly entities: number;
  /** Days since anybody had it first; 0 if never. */
  readonly age_days: number;
}

/**
 * How rare the category is among all entities: the chance that an ordinary entity has it, (k + 1) / (m + 2), and
 * whether it has been around: rarity fades with age, as 30 days of being known make a thing twice as likely to be ours.
 * Ten entities cannot claim less than one in twelve.
 */
export function populationRarity(of: Prevalence): Rarity {
  const share = (of.entities_with + 1) / (of.entities + 2);
  const p_value = Math.min(1, share * (1 + Math.max(0, of.age_days) / 30));
  return { p_value, surprise: -Math.log10(p_value), share };
}

/** Rare for this entity and in the population: both must be, so the larger p holds. */
export function jointRarity(own: Rarity, population: Rarity): Rarity {
  return own.p_value >= population.p_value ? own : population;
}
