import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { WeirError } from '../base/error.ts';
import { type Read, readYaml } from './mistakes.ts';

/** A piece of SQL with a name: `$(failed)`, or with what it takes: `$(most_frequent(dst_ip))`. */
export interface Fragment {
  readonly takes: readonly string[];
  readonly sql: string;
  /** says the same where no host is a web proxy, which most networks have none of, and is read faster */
  readonly without_proxy?: string | undefined;
}
/** Facts that several features use, by name. */
export type Fragments = ReadonlyMap<string, Fragment>;

const name = z.string().regex(/^[a-z_]+$/, 'a name in small letters and _');
const File = z.record(
  name,
  z.strictObject({
    means: z.string(),
    takes: z.array(name).default([]),
    sql: z.string(),
    without_proxy: z.string().optional(),
  }),
);

/** A fragment may use others, so deep; more is a circle. */
const deepest = 8;

/** Reads features/_fragments.yaml; none is no fragments. */
export function readFragments(file: string): Read<Map<string, Fragment>> {
  if (!existsSync(file)) return { data: new Map(), wrong: [] };
  const { data, wrong } = readYaml(file, readFileSync(file, 'utf8'), File);
  if (data === null) return { data, wrong };
  const fragments = Object.entries(data).map(([name, { takes, sql, without_proxy }]): [string, Fragment] => [
    name,
    { takes, sql: sql.trim(), without_proxy: without_proxy?.trim() },
  ]);
  return { data: new Map(fragments), wrong };
}

/** The fragments as they read where no host is a web proxy. */
export function withoutProxy(fragments: Fragments): Fragments {
  return new Map(
    [...fragments].map(([name, { takes, sql, without_proxy }]) => [
      name,
      { takes, sql: without_proxy ?? sql },
    ]),
  );
}

/**
 * The SQL with every `$(name)` and `$(name(what, it takes))` replaced by `(fragment)`. Throws `content_invalid` for a
 * name that does not exist, for too few or too many things given, and for fragments that go in a circle.
 */
export function fillFragments(sql: string, fragments: Fragments, file: string, depth = 0): string {
  if (depth > deepest)
    throw new WeirError('content_invalid', `${file}: a fragment uses itself, by way of others or at once`);
  let filled = '';
  let at = 0;
  for (let start = sql.indexOf('$('); start >= 0; start = sql.indexOf('$(', at)) {
    const end = closing(sql, start + 1);
    const used = end < 0 ? null : /^\s*([a-z_]+)\s*(?:\(([\s\S]*)\))?\s*$/.exec(sql.slice(start + 2, end));
    if (!used) {
      const text = sql.slice(start, start + 40);
      throw new WeirError('content_invalid', `${file}: "${text}" is no $(name) and no $(name(of, these))`);
    }
    const given = used[2] === undefined ? [] : listOf(used[2]);
    const put = bodyOf(used[1]!, given, fragments, file);
    filled += `${sql.slice(at, start)}(${fillFragments(put, fragments, file, depth + 1)})`;
    at = end + 1;
  }
  return filled + sql.slice(at);
}

function bodyOf(name: string, given: readonly string[], fragments: Fragments, file: string): string {
  const fragment = fragments.get(name);
  if (!fragment) {
    const known = [...fragments.keys()].join(', ');
    throw new WeirError(
      'content_invalid',
      `${file}: $(${name}) is not in _fragments.yaml; there are ${known}`,
    );
  }
  const { takes, sql } = fragment;
  if (given.length !== takes.length) {
    const wanted = takes.length === 0 ? 'nothing' : `(${takes.join(', ')})`;
    throw new WeirError('content_invalid', `${file}: $(${name}) takes ${wanted}, but ${given.length} given`);
  }
  return sql.replace(/\$([a-z_]+)/g, (whole, what: string) => {
    const i = takes.indexOf(what);
    return i < 0 ? whole : given[i]!;
  });
}

/** Where the parenthesis that opens at `from` closes; -1: nowhere. Quoted text is passed over. */
function closing(sql: string, from: number): number {
  let open = 0;
  for (let at = from; at < sql.length; at++) {
    const c = sql[at];
    if (c === "'") at = endOfText(sql, at);
    else if (c === '(') open++;
    else if (c === ')' && --open === 0) return at;
  }
  return -1;
}

/** What is between the commas that lie in no parenthesis, bracket or quotes. */
function listOf(text: string): string[] {
  const list: string[] = [];
  let open = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    if (c === "'") at = endOfText(text, at);
    else if ('(['.includes(c)) open++;
    else if (')]'.includes(c)) open--;
    else if (c === ',' && open === 0) {
      list.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  return [...list, text.slice(from).trim()];
}

/** The closing quote of the text that opens at `from`. */
function endOfText(sql: string, from: number): number {
  for (let at = from + 1; at < sql.length; at++) {
    if (sql[at] === '\\') at++;
    else if (sql[at] === "'") return at;
  }
  return sql.length;
}
