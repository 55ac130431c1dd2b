import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../base/random.ts';
import { AlertBudget, BudgetParams, budgetThreshold, OnlineFdr } from './budget.ts';

const severities = ['low', 'medium', 'high'] as const;

test('the plain threshold spends the budget on average', () => {
  assert.equal(budgetThreshold(10_000, 20), 0.002);
  assert.equal(budgetThreshold(10, 20), 1);
  assert.equal(budgetThreshold(0, 0.5), 0.5);
});

// Streams without anything in them: steady, office hours only, growing tenfold, ten times more than guessed.
const streams: Record<string, (day: number, hour: number) => number> = {
  steady: () => 400,
  'in office hours': (_, hour) => (hour >= 8 && hour < 18 ? 1000 : 20),
  'growing tenfold': (day) => (day < 5 ? 100 : 1000),
  'far more than guessed': () => 4000,
};
for (const [name, tests] of Object.entries(streams))
  test(`false alarms stay within the budget: ${name}`, (t) => {
    const days = 10;
    const means = [1, 2, 3, 4].map((seed) => {
      const r = random(seed);
      const budget = new AlertBudget(BudgetParams.parse({ per_day: 20 }));
      let alarms = 0;
      for (let day = 0; day < days; day++)
        for (let hour = 0; hour < 24; hour++)
          for (let i = 0, n = tests(day, hour); i < n; i++) {
            const time = day * 86_400 + hour * 3600 + (3600 * i) / n;
            if (budget.offer(time, 1 - r.next(), severities[r.below(3)]).alarm) alarms++;
          }
      assert.ok(budget.spent <= 20 * (days + 0.25) + 1e-9, `${budget.spent}`);
      return alarms / days;
    });
    const mean = means.reduce((a, b) => a + b, 0) / means.length;
    t.diagnostic(`${mean} a day: ${means}`);
    // 800 expected at most, plus the quarter day saved up at the start; three standard deviations are 85.
    assert.ok(mean <= 20 + 0.5 + 2.1, `${means}`);
    assert.ok(mean > 8, `the budget is used: ${means}`);
  });

test('p-values that are ten times too small do not flood people, and the worst still come through', () => {
  const r = random(3);
  const budget = new AlertBudget(BudgetParams.parse({ per_day: 20 }));
  let alarms = 0;
  const days = 10;
  for (let i = 0; i < days * 9600; i++)
    if (budget.offer((i * 86_400) / 9600, (1 - r.next()) / 10).alarm && i > 9600) alarms++;
  assert.ok(alarms / (days - 1) < 80, `${alarms / (days - 1)} a day, 200 without`);
  assert.equal(budget.offer(days * 86_400, 1e-9, 'critical').alarm, true);
});

test('what is severe may spend more, and a higher threat level gives more to all', () => {
  const budget = new AlertBudget(BudgetParams.parse({}));
  for (let i = 0; i < 2000; i++) budget.offer(i * 40, 0.5);
  const medium = budget.offer(80_000, 0.5, 'medium').threshold;
  assert.ok(budget.offer(80_000, 0.5, 'critical').threshold > 3 * medium);
  assert.ok(budget.offer(80_000, 0.5, 'medium', 2).threshold > 1.5 * medium);
});

test('a budget survives JSON', () => {
  const params = BudgetParams.parse({});
  const budget = new AlertBudget(params);
  for (let i = 0; i < 100; i++) budget.offer(i * 60, i / 100);
  const again = new AlertBudget(params, JSON.parse(JSON.stringify(budget)));
  assert.deepEqual(again.offer(7000, 0.001), budget.offer(7000, 0.001));
});

test('LORD++ keeps the share of false alarms below its level, and finds most of what is there', (t) => {
  let false_share = 0;
  let found = 0;
  const turns = 60;
  for (let seed = 0; seed < turns; seed++) {
    const r = random(seed);
    const fdr = new OnlineFdr(0.1);
    let wrong = 0;
    let right = 0;
    for (let i = 0; i < 2000; i++) {
      const real = r.next() < 0.05;
      if (fdr.offer(real ? 1e-7 * r.next() : 1 - r.next()).alarm) real ? right++ : wrong++;
    }
    false_share += wrong / Math.max(1, wrong + right) / turns;
    found += right / turns / 100;
  }
  t.diagnostic(`false share ${false_share.toFixed(3)} at level 0.1, found ${(100 * found).toFixed(0)} %`);
  assert.ok(false_share <= 0.1 && found > 0.9, `${false_share} ${found}`);
  const fdr = new OnlineFdr();
  for (let i = 0; i < 50; i++) fdr.offer(i % 7 ? 0.5 : 1e-9);
  const again = OnlineFdr.from(JSON.parse(JSON.stringify(fdr)));
  assert.deepEqual(again.offer(1e-3), fdr.offer(1e-3));
});
