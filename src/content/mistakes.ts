import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type ErrorCode, WeirError } from '../base/error.ts';
import { fit } from '../schema/fit.ts';

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

  /** What was read; what is wrong in it is noted. */
  take<T>({ data, wrong }: Read<T>): T | null {
    for (const one of wrong) if (!this.all.includes(one)) this.all.push(one);
    return data;
  }

  /** Throws `content_invalid` with all of them, one a line. */
  raise(): void {
    if (this.all.length > 0) throw new WeirError('content_invalid', this.all.join('\n'));
  }
}

export interface Read<T> {
  /** null: nothing of it can be looked at */
  readonly data: T | null;
  /** one sentence each, with file and line */
  readonly wrong: readonly string[];
}

/**
 * YAML that should fit a schema, with all that is wrong in it. `first_line`: where the text begins in its file.
 */
export function readYaml<T>(file: string, text: string, schema: z.ZodType<T>, first_line = 1): Read<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number | undefined): string =>
    offset === undefined ? file : `${file}:${lines.linePos(offset).line + first_line - 1}`;
  const broken = document.errors.map(
    (one) => `${at(one.pos[0])}: not YAML: ${one.message.split('\n')[0]!.replace(/ at line .*$/, '')}`,
  );
  if (broken.length > 0) return { data: null, wrong: broken };
  const { data, misfits } = fit(schema, document.toJS() ?? {});
  const wrong = misfits.map(({ path, says }) => {
    const keys = path.map(String);
    return `${at(offsetOf(document.contents, keys))}: ${keys.length === 0 ? '' : `${placeOf(keys)}: `}${says}`;
  });
  return { data, wrong };
}

/** The same where nothing may be wrong. Throws `code`. */
export function yamlAs<T>(
  file: string,
  text: string,
  schema: z.ZodType<T>,
  code: ErrorCode = 'content_invalid',
): T {
  const { data, wrong } = readYaml(file, text, schema);
  if (data === null || wrong.length > 0) throw new WeirError(code, wrong.join('\n'));
  return data;
}

/** "evidence.where"; keys that have signs of their own stand apart: "roles, 10.0.0.5". */
function placeOf(keys: readonly string[]): string {
  return keys.join(keys.every((key) => /^[\w-]+$/.test(key)) ? '.' : ', ');
}

/** Where a key or an entry begins, or the nearest one above it that is there. */
function offsetOf(node: Node | null, [first, ...rest]: readonly string[]): number | undefined {
  if (first === undefined) return undefined;
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === first);
    if (pair === undefined) return undefined;
    return offsetOf(pair.value as Node | null, rest) ?? (pair.key as Node).range?.[0];
  }
  const item = isSeq(node) ? (node.items[Number(first)] as Node | undefined) : undefined;
  return item === undefined ? undefined : (offsetOf(item, rest) ?? item.range?.[0]);
}
