export { countedAgain } from './counted-again.ts';
export { findingLines } from './finding-lines.ts';
export { findingsTable } from './findings-table.ts';
export { ocsf_version, ocsfLine, toOcsf } from './ocsf.ts';
export { Ocsf } from './ocsf-check.ts';
export { statusText } from './status.ts';
export { paragraph, type StoryOptions, story } from './story.ts';
export { type RunFigures, runSummary, type SummaryOptions } from './summary.ts';
export { named, vantageWords } from './words.ts';
