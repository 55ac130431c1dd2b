import { OldestOut } from '../base/bounded.ts';
import { painter } from '../base/terminal.ts';
import { findingLines } from '../report/index.ts';
import type { Finding } from '../schema/finding.ts';

/** Findings whose sentence was printed, so that it is printed again only when it says something else. */
const most_printed = 10_000;

/** Prints a finding that is new, and one that was told before when its sentence or its severity has changed. */
export function findingPrinter(width: number): (finding: Finding, is_new: boolean) => void {
  const printed = new OldestOut<string, string>(most_printed);
  const paint = painter(process.stdout);
  return (finding, is_new) => {
    const { finding_id, severity, summary } = finding;
    const said = `${severity} ${summary}`;
    if (printed.get(finding_id) === said) return;
    printed.set(finding_id, said);
    console.log(findingLines(finding, { width, paint, grown: !is_new }));
  };
}
