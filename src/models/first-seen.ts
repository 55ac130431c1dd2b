import type { Tail } from '../base/stats.ts';
import { type CountPast, countSurprise, noCounts } from './counts.ts';

/**
 * How surprising new things are, for this entity. Someone who meets ten new servers an hour is not news with an
 * eleventh; a controller that met none in a month is news with one.
 *
 * Rungs, from the widest to the narrowest (population, peer group, entity): each is a number of windows and of new
 * things in them; each starts from the one above as its prior (Gamma), so that an entity without a past is judged as
 * its peers are, and they as the population, and that as the shipped prior.
 */
export interface NoveltyPrior {
  /** New things in a window of an ordinary entity. */
  readonly rate: number;
  /** Windows that weigh as much as the rung above. */
  readonly strength: number;
}
export interface Novelty extends Tail {
  /** New things that were to be expected. */
  readonly expected: number;
  /** The most that is usual. */
  readonly high: number;
}

/** P(at least `fresh` new things in this window). Rungs from wide to narrow. `strange_share`: see `CountPrior`. */
export function noveltySurprise(
  fresh: number,
  rungs: readonly CountPast[],
  prior: NoveltyPrior,
  strange_share = 1,
): Novelty {
  const above = ladderRate(rungs.slice(0, -1), prior);
  const own = rungs.at(-1) ?? noCounts;
  return countSurprise(fresh, own, { mean: above, strength: prior.strength, dispersion: 1, strange_share });
}

/** Rate per window after each rung has had its say. */
export function ladderRate(rungs: readonly CountPast[], prior: NoveltyPrior): number {
  let rate = prior.rate;
  for (const rung of rungs) rate = (prior.strength * rate + rung.total) / (prior.strength + rung.windows);
  return Math.max(1e-9, rate);
}
