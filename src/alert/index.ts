export { type Budgeted, withinBudget } from './budget.ts';
export { foldFloods, foldWindows } from './fold.ts';
export { byRisk, corroborate, riskScore } from './rank.ts';
