export type { Budgeted } from './budget.ts';
export { listOf, type Policy } from './list.ts';
export { byRisk } from './rank.ts';
