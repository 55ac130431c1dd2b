import type { z } from 'zod';
import { nearest } from '../base/near.ts';

/** What is wrong at one place of what a person wrote. */
export interface Misfit {
  /** keys and indexes that lead to it */
  readonly path: readonly PropertyKey[];
  readonly says: string;
}

export interface Fit<T> {
  /** what the schema makes of it; where something is wrong, of the rest, which can still be looked at; null: of nothing */
  readonly data: T | null;
  readonly misfits: readonly Misfit[];
}

/** Whether a value is what a schema asks for, and if not, all that is wrong in it, in words that need no schema. */
export function fit<T>(schema: z.ZodType<T>, value: unknown): Fit<T> {
  const result = schema.safeParse(value, { error: words });
  if (result.success) return { data: result.data, misfits: [] };
  const issues = result.error.issues.flatMap(meant);
  const rest = structuredClone(value);
  for (const issue of issues) leaveOut(rest, issue);
  return { data: schema.safeParse(rest).data ?? null, misfits: issues.flatMap(misfitsOf) };
}

type Issue = z.core.$ZodIssue;

/** Where several forms are allowed, what is wrong in the one that was meant: that of the same kind of value. */
function meant(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const form = issue.errors.find(
    (of) => !of.some((one) => one.path.length === 0 && one.code === 'invalid_type'),
  );
  if (!form) return [issue];
  return form.flatMap((one) => meant({ ...one, path: [...issue.path, ...one.path] }));
}

function misfitsOf(issue: Issue): Misfit[] {
  const { path, message } = issue;
  if (issue.code === 'invalid_key') return issue.issues.map((one) => ({ path, says: one.message }));
  if (issue.code !== 'unrecognized_keys') return [{ path, says: message }];
  const says = message.split('\n');
  return issue.keys.map((key, i) => ({ path: [...path, key], says: says[i]! }));
}

/** Takes what is wrong out of a value, or puts in its place what nothing later can find fault with. */
function leaveOut(value: unknown, issue: Issue): void {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.at(-1)];
  const path = issue.code === 'unrecognized_keys' ? issue.path : issue.path.slice(0, -1);
  const holder = path.reduce<unknown>((of, key) => (isHolder(of) ? of[key] : undefined), value);
  if (!isHolder(holder) || Array.isArray(holder)) return;
  for (const key of keys) {
    if (key === undefined) continue;
    if (issue.code === 'invalid_value') holder[key] = issue.values[0];
    else if (issue.code === 'invalid_type' && issue.expected === 'string' && words_alone.has(key))
      holder[key] = '';
    else delete holder[key];
  }
}

/** Texts that only people read. */
const words_alone: ReadonlySet<PropertyKey> = new Set([
  'title',
  'about',
  'sees',
  'misses',
  'because',
  'forged',
  'says',
]);

function isHolder(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list such as [a, b]',
  object: 'keys with a value each, such as { a: b }',
  record: 'keys with a value each, such as { a: b }',
};

/** A sentence for what a schema says with a code. What a schema says in its own words goes before it. */
function words(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = kinds[issue.expected] ?? issue.expected;
      return issue.input === undefined
        ? `is missing; it is ${wanted}`
        : `must be ${wanted}, not ${written(issue.input)}`;
    }
    case 'invalid_value':
      return issue.input === undefined
        ? `is missing; it is ${oneOf(issue.values)}`
        : notOf(issue.input, issue.values);
    case 'invalid_union':
      return unionWords(issue);
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, keysOf(issue.inst))).join('\n');
    case 'too_small':
      return issue.origin === 'array'
        ? `must have at least ${issue.minimum}${issue.minimum === 1 ? ' entry' : ' entries'}`
        : `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}, not ${written(issue.input)}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}, not ${written(issue.input)}`;
    case 'invalid_format':
      return `is not written as it must be: ${written(issue.input)}`;
    default:
      return undefined;
  }
}

function unionWords(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string {
  const { input } = issue;
  if ('discriminator' in issue && issue.discriminator !== undefined) {
    const given = isHolder(input) ? input[issue.discriminator] : undefined;
    const allowed = (issue.options ?? []) as readonly unknown[];
    return given === undefined ? `is missing; it is ${oneOf(allowed)}` : notOf(given, allowed);
  }
  const wanted = issue.errors.flatMap((of) =>
    of.flatMap((one) => (one.code === 'invalid_type' ? [kinds[one.expected] ?? one.expected] : [])),
  );
  if (input === undefined) return `is missing; it is ${wanted.join(' or ')}`;
  return `must be ${wanted.join(' or ')}, not ${written(input)}`;
}

function notOf(input: unknown, values: readonly unknown[]): string {
  const near = typeof input === 'string' ? nearest(input, values.map(String)) : null;
  return `must be ${oneOf(values)}, not ${written(input)}${near === null ? '' : `; ${near} is near`}`;
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.map(String).join(', ')}`;
}

function keysOf(schema: unknown): string[] {
  const shape = (schema as z.ZodObject | undefined)?.def?.shape;
  return shape === undefined ? [] : Object.keys(shape);
}

/** What is said of a key that means nothing. */
function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  if (near !== null) return `there is no such key; ${near} is near`;
  return `there is no such key${known.length === 0 ? '' : `; there are ${known.join(', ')}`}`;
}

/** A value as it is told: short, and what kind of value it is. */
function written(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'keys with values';
  const text = String(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text === '' ? 'an empty text' : text;
}
