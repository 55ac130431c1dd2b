export {
  dueWindows,
  type Hour,
  halves,
  openWindows,
  shared,
  type WindowRange,
  type Windows,
  windowRanges,
} from './ranges.ts';
export { rowReader } from './rows.ts';
export {
  expandWindows,
  featureStatement,
  type Range,
  type Statement,
  statementColumns,
  windowsOf,
} from './statement.ts';
