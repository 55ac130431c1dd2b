import { z } from 'zod';

/** Severity words in rising order; the number is OCSF's severity_id (https://schema.ocsf.io/1.5.0/classes/detection_finding). */
export const severities = { informational: 1, low: 2, medium: 3, high: 4, critical: 5 } as const;
export const Severity = z.enum(['informational', 'low', 'medium', 'high', 'critical']);
export type Severity = z.infer<typeof Severity>;

/** ATT&CK enterprise tactics in kill-chain order. */
export const Stage = z.enum([
  'reconnaissance',
  'initial-access',
  'execution',
  'persistence',
  'privilege-escalation',
  'defense-evasion',
  'credential-access',
  'discovery',
  'lateral-movement',
  'collection',
  'command-and-control',
  'exfiltration',
  'impact',
]);
export type Stage = z.infer<typeof Stage>;

/** How a number is written for people. */
export const Unit = z.enum([
  'count',
  'bytes',
  'seconds',
  'share',
  'ratio',
  'bits',
  'text',
  'time',
  'port',
  'list',
]);
export type Unit = z.infer<typeof Unit>;

export const FeatureColumn = z.strictObject({
  unit: Unit.describe('count, bytes, seconds, share (0..1, shown as %), ratio, bits, text, time, port, list'),
  says: z.string().describe('what the number is, in words that fit after it: "ports of one host tried"'),
});
export type FeatureColumn = z.infer<typeof FeatureColumn>;

/** What names a file of content. */
export const Id = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a name in small letters, digits and _');

/** A name that stands in SQL as it is. */
export const ColumnName = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a name in small letters, digits and _');

/** The comment at the head of content/features/<id>.sql; the statement follows it. */
export const FeatureHead = z.strictObject({
  about: z.string().describe('one sentence: which facts, of what'),
  grain: z.array(ColumnName).min(1).describe('columns that name the entity of a row'),
  reads: z.array(z.string()).min(1).describe('event tables it reads'),
  whole: z
    .string()
    .optional()
    .describe(
      'why its rows need all of the past at once: it is then run in one statement, not a bounded range of windows at a time',
    ),
  columns: z.record(ColumnName, FeatureColumn),
});
export interface Feature extends z.infer<typeof FeatureHead> {
  id: string;
  /**
   * One SELECT. Gives window_at (start of the window), the grain, the columns, and if wanted peer_group, first_at,
   * last_at, event_ids. Bound: {from}, {to} DateTime64(6); window_of(told_at) stands for the start of the window.
   */
  sql: string;
  /** The same for a network without a web proxy: the same rows, read faster. */
  sql_without_proxy: string;
  file: string;
}

const Side = z.enum(['high', 'low', 'both']);

/** What is usual where there is no history yet, and why we think so. */
const Prior = z.strictObject({
  median: z.number().describe("usual value, in the column's unit"),
  spread: z
    .number()
    .positive()
    .describe(
      'as a factor for log columns (3: two thirds lie within a third and three times), in units for linear ones',
    ),
  strength: z.number().positive().default(12).describe('windows of history that weigh as much as the prior'),
});

const ModelDeviation = z.strictObject({
  kind: z.literal('deviation'),
  columns: z.record(
    z.string(),
    z.strictObject({
      side: Side.default('high'),
      scale: z.enum(['log', 'linear']).default('log'),
      prior: Prior,
      because: z.string().describe('reason for the prior'),
    }),
  ),
  combine: z
    .enum(['strongest', 'all'])
    .default('strongest')
    .describe('strongest: the strangest column decides, corrected for their number; all: columns add up'),
});
const ModelForest = z.strictObject({
  kind: z.literal('forest'),
  columns: z.array(z.string()).min(2),
  min_rows: z.int().positive().default(200).describe('rows of the past needed before it says anything'),
});
const ModelBeacon = z.strictObject({
  kind: z.literal('beacon'),
  min_calls: z.int().min(4).default(8),
  prevalence: z
    .string()
    .optional()
    .describe('column with the number of local hosts that call the same destination'),
  excused: z
    .string()
    .optional()
    .describe('column: 0 where the destination is too new for its many callers to excuse it'),
});
const ModelNovelty = z.strictObject({
  kind: z.literal('novelty'),
  count: z.string().describe('column: how many new things this window holds'),
  by: z
    .string()
    .optional()
    .describe(
      'grain column whose past rate of new things counts; without it the whole network is one entity',
    ),
  prior: z.strictObject({
    rate: z.number().positive().describe('new things in a window of an ordinary entity'),
    strength: z
      .number()
      .positive()
      .default(12)
      .describe('windows of history that weigh as much as the prior'),
  }),
  young: z
    .string()
    .regex(/^\d+(s|m|h|d)$/, 'a duration such as 30m, 1h, 1d')
    .optional()
    .describe(
      'how long a network is so young that everything in it is new: what it shows until then teaches no rate',
    ),
  because: z.string(),
});
const ModelFact = z.strictObject({
  kind: z.literal('fact'),
  p_value: z
    .number()
    .positive()
    .max(1)
    .describe(
      'how often an ordinary entity shows it in a window: the prior; the network lowers or raises it by what it shows',
    ),
  because: z.string(),
  strength: z
    .number()
    .positive()
    .default(200)
    .describe('windows of the network that weigh as much as the prior'),
  show: z.array(z.string()).default([]).describe('columns shown as what was seen'),
  by: z
    .string()
    .optional()
    .describe('grain column: what hosts here show of one of its values makes that one a habit, and no other'),
});
export const ModelUse = z.discriminatedUnion('kind', [
  ModelDeviation,
  ModelForest,
  ModelBeacon,
  ModelNovelty,
  ModelFact,
]);
export type ModelUse = z.infer<typeof ModelUse>;

const Duration = z.string().regex(/^\d+(s|m|h|d)$/, 'a duration such as 30m, 1h, 1d');

const Technique = z.string().regex(/^T\d{4}(\.\d{3})?$/, 'an ATT&CK technique such as T1071 or T1071.001');

export const DetectorTest = z.strictObject({
  name: z.string(),
  given: z
    .record(z.string(), z.unknown())
    .describe('scenario: name and its parameters; with: list of further scenarios'),
  expect: z
    .enum(['finding', 'low', 'nothing'])
    .describe('finding: it is told; low: it is told, never as more than low; nothing: it is not told'),
  src_ip: z.string().optional(),
});

const Counts = z
  .record(ColumnName, z.string())
  .default({})
  .describe('column named in explain → SQL aggregate over these events that gives its value again');

const Over = z
  .enum(['events', 'window', 'past'])
  .default('events')
  .describe(
    'events: from the first to the last event the figures are of; window: the whole window; past: all up to its end',
  );

const EvidenceQuery = z.strictObject({
  table: z.string(),
  where: z
    .string()
    .describe('SQL over the table; the grain and columns are bound as {name}, $(fragment) as in features'),
  order: z.string().default('time'),
  over: Over,
  counts: Counts,
});
export type Over = z.infer<typeof Over>;
/** Events that are no evidence of the finding, but that a number of its sentence is about. */
const RecountQuery = z.strictObject({
  table: z.string().describe('table, or a fragment that is one: $(named_calls)'),
  where: z.string(),
  over: Over,
  counts: Counts,
});
export type RecountQuery = z.infer<typeof RecountQuery>;
export type EvidenceQuery = z.infer<typeof EvidenceQuery>;

export type DetectorTest = z.infer<typeof DetectorTest>;

export const Detector = z.strictObject({
  id: Id,
  title: z.string(),
  sees: z.string(),
  misses: z.string(),
  attack: z.array(Technique).describe('none where only its subject tells'),
  stage: Stage,
  features: z.string(),
  window: Duration,
  hop: Duration.optional().describe(
    'distance of window starts; shorter than window: windows overlap, so nothing hides at an edge',
  ),
  settings: z
    .record(ColumnName, z.strictObject({ value: z.number(), unit: Unit, means: z.string() }))
    .default({})
    .describe('numbers the SQL takes as {name:Float64}'),
  when: z.string().default('1').describe('SQL condition over the columns: which rows are worth judging'),
  model: ModelUse,
  one_act: z
    .boolean()
    .default(false)
    .describe(
      'whether what a host does so to several others on a day is one act of it: told in one line, not in one for each of them',
    ),
  early: z
    .boolean()
    .default(false)
    .describe(
      'whether a window that gives a finding while it is open gives one when it is over, because its figures only grow: weir serve looks at it before it is over',
    ),
  about_host: z
    .boolean()
    .default(false)
    .describe(
      'whether it tells that a host as a whole behaves oddly, no step of an attack: it is told with the most severe that the host did on that day',
    ),
  severity: Severity,
  raise: z
    .array(z.strictObject({ when: z.string(), severity: Severity }))
    .default([])
    .describe('SQL conditions that raise the severity'),
  lower: z
    .array(z.strictObject({ when: z.string(), severity: Severity, because: z.string() }))
    .default([])
    .describe(
      'SQL conditions under which it is at most so severe, and why; the sentence says it, columns by name',
    ),
  explain: z.string(),
  called: z
    .array(
      z.strictObject({
        when: z.string(),
        title: z.string(),
        explain: z.string().optional(),
        attack: z.array(Technique).optional(),
        next: z.array(z.string()).min(1).optional(),
        speaks: z.boolean().optional(),
      }),
    )
    .default([])
    .describe(
      "SQL conditions under which what was seen has another name: the first that holds gives the title, and what else it names in place of the detector's own; an empty attack names no technique. `speaks`: of windows told as one, one called so speaks for all",
    ),
  next: z.array(z.string()).min(1).describe('what a person looks at next'),
  false_positives: z.array(z.string()).min(1),
  evidence: z
    .union([EvidenceQuery, z.array(EvidenceQuery).min(1)])
    .transform((one) => (Array.isArray(one) ? one : [one]))
    .describe('which events back a finding; the first that has any gives them'),
  recount: z
    .array(RecountQuery)
    .default([])
    .describe('where the numbers of the sentence come from that evidence does not hold'),
  tests: z.array(DetectorTest).min(2),
});
export type Detector = z.infer<typeof Detector> & { file: string };

/** Columns that a model adds to a row, for the texts of a finding. */
export const modelColumns: Readonly<Record<ModelUse['kind'], Readonly<Record<string, Unit>>>> = {
  deviation: { unlike: 'text' },
  forest: {},
  beacon: {
    period_s: 'seconds',
    jitter_share: 'share',
    span_s: 'seconds',
    coverage_share: 'share',
    rounds: 'text',
  },
  novelty: {},
  fact: {},
};
