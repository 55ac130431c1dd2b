export { rowReader } from './rows.ts';
export {
  expandWindows,
  featureStatement,
  micros,
  type Range,
  type Statement,
  statementColumns,
} from './statement.ts';
