import { z } from 'zod';
import { Severity, Stage, Unit } from './detector.ts';

/** Which rung of the ladder the expectation came from. */
export const BaselineLevel = z.enum(['entity', 'peer_group', 'population', 'prior']);
export type BaselineLevel = z.infer<typeof BaselineLevel>;

/** How much history backs an expectation. */
export const Baseline = z.object({
  level: BaselineLevel,
  windows: z.int().nonnegative().describe('past windows it rests on'),
  entities: z.int().nonnegative().describe('entities they belong to'),
  says: z
    .string()
    .describe('for people: "its own 212 past hours", "compared with 14 others in the same window only"'),
});
export type Baseline = z.infer<typeof Baseline>;

/** One contributing feature: what was seen against what was expected. */
export const Reason = z.object({
  feature: z.string(),
  says: z.string(),
  unit: Unit,
  actual: z.number(),
  expected: z.number(),
  low: z.number(),
  high: z.number(),
  weight: z.number().describe('share of the score, the shares of a finding sum to 1'),
  pattern: z.enum(['SURGE', 'DROP', 'RARE', 'UNSEEN', 'PERIODIC', 'UNUSUAL']),
});
export type Reason = z.infer<typeof Reason>;

/** One event that backs a finding, with where it came from. */
export const Evidence = z.object({
  event_id: z.string().describe('16 hexadecimal digits'),
  table: z.string(),
  time: z.number().describe('µs since 1970'),
  file: z.string().describe('- is standard input'),
  source: z.string().optional().describe('kind of that file: pcap, zeek_json'),
  line: z.int().describe('line number, or packet number in captures'),
  offset: z.int(),
  src_ip: z.string(),
  src_port: z.int(),
  dst_ip: z.string(),
  dst_port: z.int(),
  says: z.string().describe('the event on one line'),
  raw: z.string(),
});
export type Evidence = z.infer<typeof Evidence>;

/** What is kept of a finding that was folded into another; the whole of it is in the store under its id. */
export const Member = z.object({
  finding_id: z.string(),
  detector: z.string(),
  title: z.string(),
  severity: Severity,
  entity: z.record(z.string(), z.union([z.string(), z.number()])),
  start_at: z.number(),
  end_at: z.number(),
  p_value: z.number(),
  summary: z.string(),
});
export type Member = z.infer<typeof Member>;

/** What another detector says of the same pair: a further reason, with what backs it. */
export const Also = Member.extend({
  reasons: z.array(Reason),
  evidence: z.array(Evidence),
  evidence_total: z.int().nonnegative(),
});
export type Also = z.infer<typeof Also>;

/** One scored, explained anomaly. Times are µs since 1970, UTC. */
export const Finding = z.object({
  finding_id: z.string(),
  detector: z.string(),
  title: z.string(),
  severity: Severity,
  stage: Stage,
  attack: z.array(z.object({ id: z.string(), name: z.string(), tactics: z.array(z.string()) })),
  start_at: z.number().describe('first event of it and of all that is told with it'),
  end_at: z.number().describe('last event of it and of all that is told with it'),
  own_start_at: z
    .number()
    .optional()
    .describe('first event of it alone, all its windows together, where others are told with it'),
  own_end_at: z.number().optional().describe('last event of it alone'),
  figures_start_at: z
    .number()
    .describe(
      'first event that summary, values, reasons and evidence are about: those of the strongest window',
    ),
  figures_end_at: z.number().describe('last event of them'),
  window_at: z
    .number()
    .describe('start of the window the figures are of; it lasts as long as the detector says'),
  windows: z.int().positive().describe('windows in which it was seen'),
  speaks: z
    .literal(true)
    .optional()
    .describe('what was seen in its window is told for all windows of the finding, however strong those are'),
  entity: z.record(z.string(), z.union([z.string(), z.number()])),
  values: z.record(z.string(), z.unknown()).describe('all columns of the row that the figures are of'),
  score: z.number().min(0).max(1),
  p_value: z.number().min(0).max(1),
  confidence_score: z.int().min(0).max(100),
  risk_score: z.int().min(0).max(100),
  summary: z.string(),
  reasons: z.array(Reason),
  baseline: Baseline,
  evidence: z.array(Evidence),
  evidence_total: z.int().nonnegative().describe('events that match, of which `evidence` holds the first'),
  evidence_in_all: z
    .int()
    .optional()
    .describe(
      'such events in all the time in which it was seen, where `evidence_total` counts those of a part',
    ),
  also: z.array(Also).describe('what other detectors say of the same pair on that day, strongest first'),
  members: z
    .array(Member)
    .describe('findings that were folded into this one, first one of each kind; a flood names a thousand'),
  members_total: z.int().nonnegative().describe('findings that were folded into this one, beside `also`'),
  folded_into: z
    .string()
    .describe("'' for a line of the list, else the id of the finding that this one is told with"),
  related: z.array(z.string()).describe('ids of findings on the same entities'),
  next: z.array(z.string()),
  false_positives: z.array(z.string()),
  names: z
    .record(z.string(), z.string())
    .optional()
    .describe('what the devices at these addresses called themselves then'),
  caveats: z
    .array(z.string())
    .describe('what the sensor did not see where or when it happened, a sentence each'),
});
export type Finding = z.infer<typeof Finding>;

/** What the list of a run leaves out or tells within other lines, for people. */
export interface HeldBack {
  readonly cap_per_day: number;
  /** findings that no line tells of */
  readonly findings: number;
  /** detectors that they are of */
  readonly kinds: number;
  readonly hosts: number;
  /** the least cap that holds nothing back; 0 when nothing is */
  readonly shown_by: number;
  /** findings that are told as part of another line */
  readonly folded: number;
}
