export { askedSince, type Capped, farBeyondChance, heldBack } from './cap.ts';
export { listOf, type Policy } from './list.ts';
export { byRisk } from './rank.ts';
