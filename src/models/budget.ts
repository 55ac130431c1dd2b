import { z } from 'zod';

/**
 * How many alarms people can take, and which tests get to raise them.
 *
 * Two tools. `OnlineFdr` keeps the share of false ones among the alarms of an endless stream below a level (LORD++).
 * `AlertBudget` keeps the expected number of false alarms a day below a budget, which is what people ask for: it pays
 * for every test what the test can cost, its threshold (alpha-investing, Foster and Stine 2008, without rewards: a true
 * alarm does not buy the right to more false ones, because nobody's day gets longer by it).
 */

/** Threshold for p at which `tests_per_day` honest tests raise `budget_per_day` false alarms, on average. */
export function budgetThreshold(tests_per_day: number, budget_per_day: number): number {
  if (!(tests_per_day > 0)) return Math.min(1, Math.max(0, budget_per_day));
  return Math.min(1, Math.max(0, budget_per_day / tests_per_day));
}

export const BudgetParams = z.strictObject({
  per_day: z.number().positive().default(20).describe('false alarms a day that people can take'),
  tests_per_day: z.number().positive().default(10_000).describe('first guess, until a day has been seen'),
  weights: z
    .record(z.string(), z.number().positive())
    .default({ informational: 0.25, low: 0.5, medium: 1, high: 2, critical: 4 })
    .describe('what a severity may spend, relative to medium'),
});
export type BudgetParams = z.infer<typeof BudgetParams>;

/** Plain JSON. */
export interface BudgetState {
  readonly at: number;
  readonly tests: number;
  readonly weight: number;
  readonly observed_s: number;
  readonly purse: number;
  readonly alarms: number;
  readonly spent: number;
}

/** Whether one test raises an alarm. */
export interface BudgetDecision {
  readonly alarm: boolean;
  /** What p had to be below. */
  readonly threshold: number;
}

const DAY = 86_400;
/** Days of the running rates. */
const MEMORY = 2;
/** Days of budget that may be saved up: bursts of tests draw on it. */
const PURSE_DAYS = 0.25;

/**
 * Tests come in order of event time. The day's budget is spread over as many tests as recent days had, by severity. A
 * purse fills at the budget's rate, and every test pays its threshold out of it, so that a burst of tests cannot spend
 * more than the day's budget and a quarter. Where far more alarms come than the budget (an attack, or p-values that are
 * too small for this network), thresholds fall with the square of the excess: the worst still come through.
 */
export class AlertBudget {
  private readonly params: BudgetParams;
  private at = Number.NaN;
  /** Decayed sums: tests, their weights, alarms, and the seconds that they cover. */
  private tests = 0;
  private weight = 0;
  private alarms = 0;
  private observed_s = 0;
  private purse: number;
  /** Expected false alarms so far, all told. */
  spent = 0;

  constructor(params: BudgetParams, state?: BudgetState) {
    this.params = params;
    this.purse = params.per_day * PURSE_DAYS;
    if (state) this.restore(state);
  }

  /**
   * One test: time in seconds, its p-value, its severity. `threat` above 1 widens the budget while it lasts (2: twice
   * the alarms a day).
   */
  offer(time: number, p_value: number, severity = 'medium', threat = 1): BudgetDecision {
    const budget = this.params.per_day * Math.max(0, threat);
    this.advance(time, budget);
    const weight = this.params.weights[severity] ?? 1;
    const threshold = this.threshold(weight, budget);
    this.purse = Math.max(0, this.purse - threshold);
    this.spent += threshold;
    this.tests++;
    this.weight += weight;
    const alarm = p_value <= threshold;
    if (alarm) this.alarms++;
    return { alarm, threshold };
  }

  toJSON(): BudgetState {
    const { at, tests, weight, observed_s, purse, alarms, spent } = this;
    return { at: Number.isNaN(at) ? -1 : at, tests, weight, observed_s, purse, alarms, spent };
  }

  private restore(state: BudgetState): void {
    this.at = state.at < 0 ? Number.NaN : state.at;
    this.tests = state.tests;
    this.weight = state.weight;
    this.observed_s = state.observed_s;
    this.purse = state.purse;
    this.alarms = state.alarms;
    this.spent = state.spent;
  }

  private advance(time: number, budget: number): void {
    const passed = Number.isNaN(this.at) ? 0 : Math.max(0, time - this.at);
    this.at = Number.isNaN(this.at) ? time : Math.max(this.at, time);
    const kept = Math.exp(-passed / (MEMORY * DAY));
    this.tests *= kept;
    this.weight *= kept;
    this.alarms *= kept;
    this.observed_s = this.observed_s * kept + passed;
    this.purse = Math.min(budget * PURSE_DAYS, this.purse + (budget * passed) / DAY);
  }

  private threshold(weight: number, budget: number): number {
    // Tests a day: what was seen, and the first guess for half a day.
    const days = this.observed_s / DAY;
    const rate = (this.tests + 0.5 * this.params.tests_per_day) / (days + 0.5);
    const mean_weight = this.tests > 0 ? (this.weight + weight) / (this.tests + 1) : weight;
    const excess = this.alarms / Math.max(1e-9, budget * (days + 0.5));
    const pressed = excess > 1 ? 1 / (excess * excess) : 1;
    const fair = (weight / mean_weight) * budgetThreshold(rate, budget) * pressed;
    return Math.min(1, fair, this.purse);
  }
}

/**
 * LORD++ (Ramdas, Yang, Wainwright and Jordan 2017, "Online control of the false discovery rate with decaying memory"):
 * level of the t-th test = γ_t w0 + (α - w0) γ_(t - τ1) + α Σ_(j>=2) γ_(t - τj), τ the times of alarms so far, w0 = α/2,
 * γ_t ~ ln(max(t, 2)) / (t e^√ln t) (Javanmard and Montanari 2018). Controls the false discovery rate at α for
 * independent p-values. Only the last `remembered` alarms count, which makes it stricter, not looser.
 */
export class OnlineFdr {
  private readonly alpha: number;
  private readonly remembered: number;
  private t = 0;
  private found = 0;
  private readonly alarms: number[] = [];

  constructor(alpha = 0.05, remembered = 200) {
    this.alpha = alpha;
    this.remembered = remembered;
  }

  offer(p_value: number): BudgetDecision {
    this.t++;
    const w0 = this.alpha / 2;
    let threshold = w0 * gamma(this.t);
    const first_kept = this.found - this.alarms.length;
    this.alarms.forEach((at, i) => {
      threshold += (first_kept + i === 0 ? this.alpha - w0 : this.alpha) * gamma(this.t - at);
    });
    const alarm = p_value <= threshold;
    if (alarm) {
      this.found++;
      this.alarms.push(this.t);
      if (this.alarms.length > this.remembered) this.alarms.shift();
    }
    return { alarm, threshold };
  }

  toJSON(): { alpha: number; remembered: number; t: number; found: number; alarms: number[] } {
    const { alpha, remembered, t, found, alarms } = this;
    return { alpha, remembered, t, found, alarms: [...alarms] };
  }

  static from(state: ReturnType<OnlineFdr['toJSON']>): OnlineFdr {
    const fdr = new OnlineFdr(state.alpha, state.remembered);
    fdr.t = state.t;
    fdr.found = state.found;
    fdr.alarms.push(...state.alarms);
    return fdr;
  }
}

/** Sums to at most 1 over t = 1, 2, ...; 0.0722 is the constant of Javanmard and Montanari. */
function gamma(t: number): number {
  const at = Math.max(2, t);
  return (0.0722 * Math.log(at)) / (Math.max(1, t) * Math.exp(Math.sqrt(Math.log(at))));
}
