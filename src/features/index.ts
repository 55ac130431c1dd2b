export { rowReader } from './rows.ts';
export {
  expandWindows,
  featureStatement,
  type Range,
  type Statement,
  statementColumns,
} from './statement.ts';
