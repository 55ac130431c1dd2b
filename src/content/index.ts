import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { WeirError } from '../base/error.ts';
import { placeholders } from '../base/placeholders.ts';
import { modelColumns as columnsOfModel, Detector, type Feature, FeatureHead } from '../schema/detector.ts';
import { tables } from '../schema/event/index.ts';
import { RoleDefinition } from '../schema/role.ts';
import { Shape } from '../schema/shape.ts';
import { technique } from './attack.ts';
import { type Fragments, fillFragments, readFragments } from './fragments.ts';
import { completeRole } from './roles.ts';
import { orderDependence } from './row-order.ts';
import { checkShape, shapeFragments } from './shapes.ts';

/** What people write: features and detectors, checked one against the other. */
export interface Content {
  readonly features: ReadonlyMap<string, Feature>;
  readonly detectors: readonly Detector[];
  readonly roles: readonly RoleDefinition[];
  readonly shapes: readonly Shape[];
}

/** The content folder that ships with Weir: beside src/ in a checkout, beside dist/ in a package. */
export const shipped_content = fileURLToPath(new URL('../../content', import.meta.url));

/** Columns that every feature row may have besides those it names. */
export const row_columns = ['window_at', 'first_at', 'last_at', 'peer_group'] as const;

/**
 * Reads a content folder (features/*.sql, detectors/*.yaml) and any further folders of the operator's own; a later
 * folder's file of the same id replaces the earlier one. Throws `content_invalid` naming file and field.
 */
export function loadContent(folders: readonly string[] = [shipped_content]): Content {
  const features = new Map<string, Feature>();
  const detectors = new Map<string, Detector>();
  const roles = new Map<string, RoleDefinition>();
  const shapes = new Map<string, Shape>();
  for (const folder of folders) {
    for (const file of list(join(folder, 'shapes'), '.yaml')) {
      const shape = readShape(file);
      shapes.set(shape.id, shape);
    }
  }
  const fragments = shapeFragments([...shapes.values()]);
  for (const folder of folders) {
    for (const [name, fragment] of readFragments(join(folder, 'features', '_fragments.yaml')))
      fragments.set(name, fragment);
    for (const file of list(join(folder, 'features'), '.sql')) {
      const feature = readFeature(file, fragments);
      features.set(feature.id, feature);
    }
    for (const file of list(join(folder, 'detectors'), '.yaml')) {
      const detector = readDetector(file, fragments);
      detectors.set(detector.id, detector);
    }
    for (const file of list(join(folder, 'roles'), '.yaml')) {
      const role = readRole(file, fragments);
      roles.set(role.id, role);
    }
  }
  const sorted = [...detectors.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const detector of sorted) checkDetector(detector, features);
  return {
    features,
    detectors: sorted,
    roles: [...roles.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    shapes: [...shapes.values()],
  };
}

function list(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

/** A feature file: a comment of YAML, then one SELECT. */
export function readFeature(file: string, fragments: Fragments): Feature {
  const text = readFileSync(file, 'utf8');
  const found = /^\s*\/\*([\s\S]*?)\*\/([\s\S]*)$/.exec(text);
  if (!found)
    throw invalid(file, 'starts with a /* comment of YAML */ that says about, grain, reads and columns');
  const head = checked(file, FeatureHead, yamlOf(file, found[1]!));
  const sql = fillFragments(found[2]!.trim().replace(/;\s*$/, ''), fragments, file);
  if (!/^(with|select)\b/i.test(sql)) throw invalid(file, 'the statement must be one SELECT (WITH … SELECT)');
  const [order] = orderDependence(sql);
  if (order) throw invalid(file, order);
  return { ...head, id: basename(file, '.sql'), sql, file };
}

/** A detector file. */
export function readDetector(file: string, fragments: Fragments): Detector {
  const detector = checked(file, Detector, yamlOf(file, readFileSync(file, 'utf8')));
  if (detector.id !== basename(file, '.yaml'))
    throw invalid(file, `id is ${detector.id}; it must be the file name`);
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
}

/** A role file. */
export function readRole(file: string, fragments: Fragments): RoleDefinition {
  const role = checked(file, RoleDefinition, yamlOf(file, readFileSync(file, 'utf8')));
  return completeRole({ ...role, file }, fragments);
}

/** A file of a known shape. */
export function readShape(file: string): Shape {
  const shape = { ...checked(file, Shape, yamlOf(file, readFileSync(file, 'utf8'))), file };
  checkShape(shape, basename(file, '.yaml'));
  return shape;
}

function yamlOf(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw invalid(file, `not YAML: ${(cause as Error).message}`);
  }
}

function checked<T>(file: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (!result.success) throw invalid(file, z.prettifyError(result.error));
  return result.data;
}

function checkDetector(detector: Detector, features: ReadonlyMap<string, Feature>): void {
  const { file } = detector;
  const feature = features.get(detector.features);
  if (!feature) throw invalid(file, `features: there is no content/features/${detector.features}.sql`);
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
  for (const step of detector.next) for (const name of placeholders(step)) used.set(name, 'next');
  for (const [place, queries] of [
    ['evidence', detector.evidence],
    ['recount', detector.recount],
  ] as const) {
    for (const { where, table, counts } of queries) {
      const is_fragment = place === 'recount' && table.startsWith('(');
      if (!(table in tables || is_fragment)) throw invalid(file, `${place}: there is no table ${table}`);
      for (const name of placeholders(where)) used.set(name, `${place}.where`);
      for (const [name, sql] of Object.entries(counts))
        for (const one of [name, ...placeholders(sql)]) used.set(one, `${place}.counts`);
    }
  }
  for (const name of modelColumns(detector)) used.set(name, 'model');
  for (const [name, place] of used) {
    if (!known.has(name))
      throw invalid(
        file,
        `${place}: no column ${name} in features/${feature.id}; there are ${[...known].join(', ')}`,
      );
  }
  for (const id of detector.attack) {
    if (!technique(id)) throw invalid(file, `attack: ${id} is not in the pinned ATT&CK list`);
  }
  const expects = new Set(detector.tests.map((one) => one.expect));
  if (expects.size < 2)
    throw invalid(file, 'tests: at least one that expects a finding and one that expects nothing');
}

function modelColumns({ model }: Detector): string[] {
  switch (model.kind) {
    case 'deviation':
      return Object.keys(model.columns);
    case 'forest':
      return model.columns;
    case 'beacon':
      return ['call_times', 'call_bytes', ...(model.prevalence ? [model.prevalence] : [])];
    case 'novelty':
      return [model.count, ...(model.by ? [model.by] : [])];
    case 'fact':
      return model.show;
  }
}

function invalid(file: string, reason: string): WeirError {
  return new WeirError('content_invalid', `${file}: ${reason}`);
}
