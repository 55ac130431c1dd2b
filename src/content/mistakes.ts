import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { WeirError } from '../base/error.ts';

/** All that is wrong in a content folder, one sentence each, with file and where it can be told the line. */
export class Mistakes {
  readonly all: string[] = [];

  add(file: string, reason: string): void {
    const told = `${file}: ${reason}`;
    if (!this.all.includes(told)) this.all.push(told);
  }

  /** Runs `work`; what it throws as `content_invalid` is noted, and null is given. */
  note<T>(work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'content_invalid') throw error;
      for (const one of error.message.split('\n')) if (!this.all.includes(one)) this.all.push(one);
      return null;
    }
  }

  /** Throws `content_invalid` with all of them, one a line. */
  raise(): void {
    if (this.all.length > 0) throw new WeirError('content_invalid', this.all.join('\n'));
  }
}

/**
 * YAML that must fit a schema. Every field that does not is told with its line. `first_line`: where the text begins in
 * its file. Throws `content_invalid`.
 */
export function yamlAs<T>(file: string, text: string, schema: z.ZodType<T>, first_line = 1): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number | undefined): string =>
    offset === undefined ? file : `${file}:${lines.linePos(offset).line + first_line - 1}`;
  const broken = document.errors.map(
    (one) => `${at(one.pos[0])}: not YAML: ${one.message.split('\n')[0]!.replace(/ at line .*$/, '')}`,
  );
  if (broken.length > 0) throw new WeirError('content_invalid', broken.join('\n'));
  const result = schema.safeParse(document.toJS());
  if (result.success) return result.data;
  const told = result.error.issues.map((issue) => {
    const path = issue.path.map(String);
    return `${at(offsetOf(document, path))}: ${path.length === 0 ? '' : `${path.join('.')}: `}${issue.message}`;
  });
  throw new WeirError('content_invalid', told.join('\n'));
}

/** Where a field begins, or the nearest one above it that is there. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly string[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const keys = path.slice(0, length).map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    const node = document.getIn(keys, true) as { range?: readonly number[] | null } | undefined;
    if (node?.range) return node.range[0];
  }
  return undefined;
}
