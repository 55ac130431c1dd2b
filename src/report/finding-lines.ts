import { instant } from '../base/format.ts';
import { noPaint, plain, wrap } from '../base/terminal.ts';
import type { Finding } from '../schema/finding.ts';
import type { StoryOptions } from './story.ts';
import { named, severity_style, shortId } from './words.ts';

/** A finding as it is told the moment it comes: when, how bad, which, and its sentence. `grown`: it was told before. */
export function findingLines(
  { start_at, severity, title, summary, names, finding_id }: Finding,
  { width, paint = noPaint, grown }: StoryOptions & { readonly grown: boolean },
): string {
  const word = paint(severity_style[severity], severity.toUpperCase().padEnd(6));
  const head = `${instant(start_at)}  ${word} ${plain(shortId(finding_id))}`;
  const what = plain(`${title}${grown ? ' (has grown)' : ''}`);
  return `${head}  ${what}\n${wrap(plain(named(summary, names)), width, '    ')}`;
}
