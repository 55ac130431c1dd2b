import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { duration } from '../base/duration.ts';
import { WeirError } from '../base/error.ts';
import { nearest } from '../base/near.ts';
import { placeholders } from '../base/placeholders.ts';
import { sqlTokens, withoutComments } from '../base/sql-tokens.ts';
import { modelColumns as columnsOfModel, Detector, type Feature, FeatureHead } from '../schema/detector.ts';
import { tables } from '../schema/event/index.ts';
import { readable_tables } from '../schema/readable.ts';
import { RoleDefinition } from '../schema/role.ts';
import { type Rollup, RollupHead, rollupsIn, rollupTable } from '../schema/rollup.ts';
import { Shape } from '../schema/shape.ts';
import { technique } from './attack.ts';
import { type Fragments, fillFragments, readFragments, withoutProxy } from './fragments.ts';
import { Mistakes, readYaml } from './mistakes.ts';
import { completeRole } from './roles.ts';
import { inCircles } from './rollups.ts';
import { orderDependence } from './row-order.ts';
import { checkShape, shapeFragments } from './shapes.ts';
import { type SqlPart, sqlProblem } from './sql-check.ts';

export { yamlAs } from './mistakes.ts';

/** What people write: features and detectors, checked one against the other. */
export interface Content {
  readonly features: ReadonlyMap<string, Feature>;
  readonly rollups: ReadonlyMap<string, Rollup>;
  readonly detectors: readonly Detector[];
  readonly roles: readonly RoleDefinition[];
  readonly shapes: readonly Shape[];
}

/** The content folder that ships with Weir: beside src/ in a checkout, beside dist/ in a package. */
export const shipped_content = fileURLToPath(new URL('../../content', import.meta.url));

/** Columns that every feature row may have besides those it names. */
export const row_columns = ['window_at', 'first_at', 'last_at', 'peer_group'] as const;

/** Columns that the steps after a detector know by their name. */
const read_by_name = new Set(['techniques', 'direction', 'service', 'dst_ip', 'dst_port', 'dst_name']);

/** What was read of content, and all that is wrong in it. */
export interface ContentRead {
  /** what can be tried on a store: of a file that something is wrong in, what nothing of that touches */
  readonly content: Content;
  /** one sentence each, with file, field and, where it can be told, line */
  readonly wrong: readonly string[];
}

/** The same where nothing may be wrong. Throws `content_invalid` with every mistake, one a line. */
export function loadContent(folders: readonly string[] = [shipped_content]): Content {
  const { content, wrong } = readContent(folders);
  if (wrong.length > 0) throw new WeirError('content_invalid', wrong.join('\n'));
  return content;
}

/**
 * Reads a content folder (features/*.sql, rollups/*.sql, detectors/*.yaml, roles/*.yaml, shapes/*.yaml) and any further folders of the
 * operator's own; a later folder's file of the same id replaces the earlier one.
 */
export function readContent(folders: readonly string[]): ContentRead {
  const mistakes = new Mistakes();
  const features = new Map<string, Feature>();
  const rollups = new Map<string, Rollup>();
  const detectors = new Map<string, Detector>();
  const roles = new Map<string, RoleDefinition>();
  const shapes = new Map<string, Shape>();
  for (const folder of folders) checkLayout(folder, mistakes);
  const shape = (file: string): Shape | null => readShape(file, mistakes);
  for (const folder of folders) collect(join(folder, 'shapes'), '.yaml', shape, shapes, mistakes);
  const fragments = shapeFragments([...shapes.values()]);
  const readable = new Set([...readable_tables, ...folders.flatMap(rollupTables)]);
  const refused = new Set<string>();
  const known: Known = { fragments, readable, refused };
  for (const folder of folders) {
    const own = mistakes.take(readFragments(join(folder, 'features', '_fragments.yaml')));
    for (const [name, fragment] of own ?? []) fragments.set(name, fragment);
    const in_folder = <T extends { readonly id: string }>(
      place: keyof typeof parts,
      read: (file: string, known: Known, mistakes: Mistakes) => T | null,
      into: Map<string, T>,
    ): void =>
      collect(join(folder, place), parts[place], (file) => read(file, known, mistakes), into, mistakes);
    in_folder('features', readFeature, features);
    in_folder('rollups', readRollup, rollups);
    in_folder('detectors', readDetector, detectors);
    in_folder('roles', readRole, roles);
  }
  const written = new Set(folders.flatMap((folder) => idsIn(join(folder, 'features'), '.sql')));
  const sorted = byId(detectors);
  const fitting = sorted.filter((one) => checkDetector(one, features, written, mistakes));
  const circles = inCircles(rollups);
  for (const { file } of circles) mistakes.add(file, 'is filled from itself, by way of others or at once');
  for (const { id } of circles) rollups.delete(id);
  const content = { features, rollups, detectors: fitting, roles: byId(roles), shapes: byId(shapes) };
  return { content: withoutBroken(content, refused), wrong: mistakes.all };
}

/** Of content what can be tried: features whose roll-ups are not filled have nothing to read, detectors need their feature. */
function withoutBroken(content: Content, refused: ReadonlySet<string>): Content {
  const rollups = new Map([...content.rollups].filter(([, { file }]) => !refused.has(file)));
  const fills = ({ sql, sql_without_proxy }: Feature): boolean =>
    rollupsIn(`${sql} ${sql_without_proxy}`).every((id) => rollups.has(id));
  const features = new Map(
    [...content.features].filter(([, feature]) => !refused.has(feature.file) && fills(feature)),
  );
  const detectors = content.detectors.filter((one) => !refused.has(one.file) && features.has(one.features));
  return { ...content, rollups, features, detectors };
}

function byId<T extends { readonly id: string }>(all: ReadonlyMap<string, T>): T[] {
  return [...all.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What content of other files may be named. */
interface Known {
  readonly fragments: Fragments;
  /** the tables that content may read, roll-ups among them */
  readonly readable: ReadonlySet<string>;
  /** files with SQL that is not sent to an engine */
  readonly refused: Set<string>;
}

/** Reads every file of a folder; two of one id are a mistake, in two folders the later one replaces the earlier. */
function collect<T extends { readonly id: string }>(
  folder: string,
  ending: string,
  read: (file: string) => T | null,
  into: Map<string, T>,
  mistakes: Mistakes,
): void {
  const here = new Map<string, string>();
  for (const file of list(folder, ending)) {
    const one = read(file);
    if (one === null) {
      into.delete(basename(file, ending));
      continue;
    }
    const other = here.get(one.id);
    if (other !== undefined)
      mistakes.add(file, `id ${one.id} is that of ${other}, too; give one of them another`);
    here.set(one.id, file);
    if (basename(file, ending) !== one.id)
      mistakes.add(file, `id is ${one.id}; it must be the file name without ${ending}`);
    into.set(one.id, one);
  }
}

const parts = {
  features: '.sql',
  rollups: '.sql',
  detectors: '.yaml',
  roles: '.yaml',
  shapes: '.yaml',
} as const;

/** Files that nothing would read because of where they lie or how they end. */
function checkLayout(folder: string, mistakes: Mistakes): void {
  if (!existsSync(folder)) return;
  const names = readdirSync(folder);
  const places = Object.keys(parts).map((place) => `${place}/`);
  if (!names.some((name) => Object.hasOwn(parts, name)))
    mistakes.add(folder, `holds none of ${places.join(', ')}, where files of content belong`);
  for (const name of names) {
    if (/\.sql$/.test(name))
      mistakes.add(join(folder, name), 'is read by nothing here; features belong into features/');
    if (/\.ya?ml$/.test(name))
      mistakes.add(join(folder, name), 'is read by nothing here; detectors belong into detectors/');
  }
  for (const [place, ending] of Object.entries(parts)) {
    if (!existsSync(join(folder, place))) continue;
    for (const name of readdirSync(join(folder, place))) {
      if (name.endsWith(ending) || name === '_fragments.yaml' || !/\.(ya?ml|sql)$/i.test(name)) continue;
      mistakes.add(join(folder, place, name), `is read by nothing; files of ${place}/ end in ${ending}`);
    }
  }
}

function list(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

/** Throws `content_invalid` when a piece of SQL is more than content may say. */
function checkSql(
  file: string,
  place: string,
  sql: string,
  part: SqlPart,
  readable: ReadonlySet<string> = readable_tables,
): void {
  const problem = sqlProblem(sql, part, readable);
  if (problem !== null) throw invalid(file, `${place}: ${problem}`);
}

/** Tables of the roll-ups in a folder. */
function rollupTables(folder: string): string[] {
  return idsIn(join(folder, 'rollups'), '.sql').map(rollupTable);
}

function idsIn(folder: string, ending: string): string[] {
  return list(folder, ending).map((file) => basename(file, ending));
}

/** A feature file: a comment of YAML, then one SELECT. Null: it cannot be tried. */
function readFeature(file: string, known: Known, mistakes: Mistakes): Feature | null {
  return readStatement(file, FeatureHead, 'about, grain, reads and columns', known, mistakes);
}

/** A roll-up file: written like a feature's. */
function readRollup(file: string, known: Known, mistakes: Mistakes): Rollup | null {
  const rollup = readStatement(file, RollupHead, 'about, key and reads', known, mistakes);
  if (rollup === null) return null;
  if (!/^[a-z][a-z_]*$/.test(rollup.id))
    mistakes.add(file, 'the name of a roll-up is of small letters and _');
  // Where none of its tables holds an event it is not asked for.
  for (const table of Object.keys(tables))
    if (!rollup.reads.includes(table) && new RegExp(`\\b(FROM|JOIN)\\s+${table}\\b`, 'i').test(rollup.sql))
      mistakes.add(file, `reads: ${table} is read, too`);
  const bound = sqlTokens(rollup.sql).find(({ kind, text }) => kind === 'value' && /^\{windows?_/.test(text));
  if (bound) mistakes.add(file, `${bound.text} is of one window; a roll-up is of all that is stored`);
  return bound ? null : rollup;
}

function readStatement<Head extends { readonly reads: readonly string[] }>(
  file: string,
  schema: z.ZodType<Head>,
  says: string,
  { fragments, readable, refused }: Known,
  mistakes: Mistakes,
): (Head & { id: string; sql: string; sql_without_proxy: string; file: string }) | null {
  const text = readFileSync(file, 'utf8');
  const found = /^\s*\/\*([\s\S]*?)\*\/([\s\S]*)$/.exec(text);
  if (!found) {
    mistakes.add(file, `starts with a /* comment of YAML */ that says ${says}`);
    return null;
  }
  const first_line = text.slice(0, text.indexOf('/*')).split('\n').length;
  const head = mistakes.take(readYaml(file, found[1]!, schema, first_line));
  for (const table of head?.reads ?? [])
    if (!readable_tables.has(table)) mistakes.add(file, `reads: there is no table ${table}`);
  const written = found[2]!.trim().replace(/;\s*$/, '');
  const statements = mistakes.note(() => {
    const sql = withoutComments(fillFragments(written, fragments, file));
    const sql_without_proxy = withoutComments(fillFragments(written, withoutProxy(fragments), file));
    return { sql, sql_without_proxy };
  });
  for (const one of new Set(Object.values(statements ?? {})))
    if (mistakes.note(() => checkStatement(file, one, readable)) === null) refused.add(file);
  if (head === null || statements === null) return null;
  return { ...head, ...statements, id: basename(file, '.sql'), file };
}

/** Throws `content_invalid` with all that is wrong; true. */
function checkStatement(file: string, sql: string, readable: ReadonlySet<string>): true {
  if (!/^(with|select)\b/i.test(sql.trim()))
    throw invalid(file, 'the statement must be one SELECT (WITH … SELECT)');
  const mistakes = new Mistakes();
  mistakes.note(() => checkSql(file, 'the statement', sql, 'query', readable));
  for (const order of orderDependence(sql)) mistakes.add(file, order);
  mistakes.raise();
  return true;
}

/** A detector file. */
function readDetector(
  file: string,
  { fragments, readable, refused }: Known,
  mistakes: Mistakes,
): Detector | null {
  const detector = mistakes.take(readYaml(file, readFileSync(file, 'utf8'), Detector));
  if (detector === null) return null;
  const whole = mistakes.note(() => {
    const fill = (sql: string): string => fillFragments(sql, fragments, file);
    const filled = <T extends { table: string; where: string; counts: Record<string, string> }>(
      query: T,
    ): T => ({
      ...query,
      table: fill(query.table),
      where: fill(query.where),
      counts: Object.fromEntries(Object.entries(query.counts).map(([name, sql]) => [name, fill(sql)])),
    });
    const { evidence, recount } = detector;
    return { ...detector, evidence: evidence.map(filled), recount: recount.map(filled), file };
  });
  if (whole !== null && !mistakes.note(() => checkConditions(whole, readable))) refused.add(file);
  return whole;
}

/** Every condition and query of a detector. Throws `content_invalid` with all that is wrong; true. */
function checkConditions(detector: Detector, readable: ReadonlySet<string>): true {
  const { file } = detector;
  const mistakes = new Mistakes();
  const check = (place: string, sql: string, part: SqlPart): null =>
    mistakes.note(() => checkSql(file, place, sql, part, readable)) as null;
  check('when', detector.when, 'expression');
  for (const [i, { when }] of detector.raise.entries()) check(`raise.${i}`, when, 'expression');
  for (const [i, { when }] of detector.lower.entries()) check(`lower.${i}`, when, 'expression');
  for (const [i, { when }] of detector.called.entries()) check(`called.${i}`, when, 'expression');
  for (const { table, where, order, counts } of detector.evidence) {
    if (!Object.hasOwn(tables, table)) mistakes.add(file, `evidence: there is no table ${table}`);
    check('evidence.where', where, 'expression');
    check('evidence.order', order, 'order');
    for (const sql of Object.values(counts)) check('evidence.counts', sql, 'expression');
  }
  for (const { table, where, counts } of detector.recount) {
    check('recount.table', table, 'table');
    check('recount.where', where, 'expression');
    for (const sql of Object.values(counts)) check('recount.counts', sql, 'expression');
  }
  mistakes.raise();
  return true;
}

/** A role file. */
function readRole(file: string, { fragments }: Known, mistakes: Mistakes): RoleDefinition | null {
  const written = mistakes.take(readYaml(file, readFileSync(file, 'utf8'), RoleDefinition));
  if (written === null) return null;
  return mistakes.note(() => {
    const role = completeRole({ ...written, file }, fragments);
    checkSql(file, 'sql', role.sql, 'query');
    return { ...role, sql: withoutComments(role.sql) };
  });
}

/** A file of a known shape. */
function readShape(file: string, mistakes: Mistakes): Shape | null {
  const written = mistakes.take(readYaml(file, readFileSync(file, 'utf8'), Shape));
  if (written === null) return null;
  return mistakes.note(() => {
    const shape = { ...written, file };
    checkShape(shape, basename(file, '.yaml'));
    return shape;
  });
}

/** Notes what of a detector does not go with its feature; whether it can be tried. `written`: features there are files of. */
function checkDetector(
  detector: Detector,
  features: ReadonlyMap<string, Feature>,
  written: ReadonlySet<string>,
  mistakes: Mistakes,
): boolean {
  const { file } = detector;
  checkOwn(detector, mistakes);
  const feature = features.get(detector.features);
  if (!feature) {
    if (!written.has(detector.features)) mistakes.add(file, noFeature(detector.features, written));
    return false;
  }
  const known = new Set<string>([
    ...feature.grain,
    ...Object.keys(feature.columns),
    ...Object.keys(columnsOfModel[detector.model.kind]),
    ...row_columns,
    'window_us',
  ]);
  const used = new Map<string, string>();
  for (const name of placeholders(detector.explain)) used.set(name, 'explain');
  for (const { because } of detector.lower)
    for (const name of placeholders(because)) used.set(name, 'lower.because');
  for (const { title, explain, next } of detector.called)
    for (const name of placeholders(JSON.stringify([title, explain, next]))) used.set(name, 'called');
  for (const step of detector.next) for (const name of placeholders(step)) used.set(name, 'next');
  for (const [place, queries] of [
    ['evidence', detector.evidence],
    ['recount', detector.recount],
  ] as const) {
    for (const { where, table, counts } of queries) {
      const is_fragment = place === 'recount' && table.startsWith('(');
      if (!Object.hasOwn(tables, table) && !is_fragment)
        mistakes.add(file, `${place}: there is no table ${table}`);
      for (const name of placeholders(where)) used.set(name, `${place}.where`);
      for (const [name, sql] of Object.entries(counts))
        for (const one of [name, ...placeholders(sql)]) used.set(one, `${place}.counts`);
    }
  }
  for (const name of modelColumns(detector)) used.set(name, 'model');
  for (const [name, place] of used) {
    if (!known.has(name))
      mistakes.add(
        file,
        `${place}: no column ${name} in features/${feature.id}; there are ${[...known].join(', ')}`,
      );
  }
  return [...used.keys()].every((name) => known.has(name));
}

function noFeature(id: string, written: ReadonlySet<string>): string {
  const near = nearest(id, written);
  return `features: there is no features/${id}.sql${near === null ? '' : `; ${near} is near`}`;
}

/** What must hold of a detector whatever its feature says. */
function checkOwn(detector: Detector, mistakes: Mistakes): void {
  const { file } = detector;
  checkWindow(detector, mistakes);
  for (const id of [...detector.attack, ...detector.called.flatMap(({ attack }) => attack ?? [])]) {
    if (!technique(id)) mistakes.add(file, `attack: ${id} is not in the pinned ATT&CK list`);
  }
  const expects = new Set(detector.tests.map((one) => one.expect));
  if (expects.size < 2)
    mistakes.add(file, 'tests: at least one that expects a finding and one that expects nothing');
}

/** Windows must be of some length, and windows that overlap must do so evenly, so that every event counts as often. */
function checkWindow({ file, window, hop }: Detector, mistakes: Mistakes): void {
  const window_s = duration(window);
  if (window_s === 0) mistakes.add(file, `window: ${window} is no time at all; at least 1s`);
  if (hop === undefined || window_s === 0) return;
  const hop_s = duration(hop);
  if (hop_s === 0)
    mistakes.add(file, `hop: ${hop} is no time at all; leave it out where windows do not overlap`);
  else if (hop_s > window_s)
    mistakes.add(file, `hop: ${hop} is longer than window ${window}: events between are never seen`);
  else if (window_s % hop_s !== 0)
    mistakes.add(file, `hop: ${hop} does not divide window ${window}; such as ${evenHop(window_s)}`);
}

function evenHop(window_s: number): string {
  return window_s % 120 === 0 ? `${window_s / 120}m` : `${window_s}s`;
}

/** Columns of features that no detector uses: in its condition, its model, its words or its evidence. */
export function unusedColumns({ features, detectors }: Content): { file: string; column: string }[] {
  const used = new Map<string, Set<string>>();
  for (const one of detectors) {
    const names = used.get(one.features) ?? new Set<string>();
    used.set(one.features, names);
    const conditions = [one.when, ...[...one.raise, ...one.lower, ...one.called].map(({ when }) => when)];
    for (const sql of conditions)
      for (const { kind, text } of sqlTokens(sql)) if (kind === 'word') names.add(text);
    const { explain, next, evidence, recount, lower, called } = one;
    for (const name of placeholders(JSON.stringify([explain, next, evidence, recount, lower, called])))
      names.add(name);
    for (const { counts } of [...evidence, ...recount])
      for (const name of Object.keys(counts)) names.add(name);
    for (const name of modelColumns(one)) names.add(name);
  }
  return [...features.values()].flatMap(({ id, file, columns }) =>
    used.has(id)
      ? Object.keys(columns)
          .filter((column) => !used.get(id)!.has(column) && !read_by_name.has(column))
          .map((column) => ({ file, column }))
      : [],
  );
}

function modelColumns({ model }: Detector): string[] {
  switch (model.kind) {
    case 'deviation':
      return Object.keys(model.columns);
    case 'forest':
      return model.columns;
    case 'beacon':
      return ['call_times', 'call_bytes', model.prevalence, model.excused].filter((one) => one !== undefined);
    case 'novelty':
      return [model.count, ...(model.by ? [model.by] : [])];
    case 'fact':
      return [...model.show, ...(model.by ? [model.by] : [])];
  }
}

function invalid(file: string, reason: string): WeirError {
  return new WeirError('content_invalid', `${file}: ${reason}`);
}
