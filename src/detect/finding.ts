import { createHash } from 'node:crypto';
import { fillTemplate } from '../base/format.ts';
import {
  type Detector,
  type Feature,
  modelColumns,
  type Severity,
  severities,
  type Unit,
} from '../schema/detector.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import type { Baseline, Finding } from '../schema/finding.ts';
import type { Judgement } from './judge.ts';

/** Looks up an ATT&CK technique: name and tactics. */
export type Techniques = (id: string) => { name: string; tactics: readonly string[] } | undefined;

/** A judgement in words: everything a finding says except its evidence, risk and relatives. Pure. */
export function findingOf(
  detector: Detector,
  feature: Feature,
  judgement: Judgement,
  techniques: Techniques,
): Finding {
  const { row, baseline } = judgement;
  const named = namedBy(detector, row);
  const values: Record<string, unknown> = { ...row.entity, ...row.values };
  if (detector.model.kind === 'deviation') values.unlike = unlike[baseline.level];
  const units = { ...unitsOf(feature), ...modelColumns[detector.model.kind] };
  const techniques_named = techniquesOf(named.attack, values);
  return {
    finding_id: findingId(detector.id, row.key, row.first_at),
    detector: detector.id,
    title: fillTemplate(named.title, values, units),
    severity: severityOf(detector, row),
    stage: detector.stage,
    attack: techniques_named.flatMap((id) => {
      const found = techniques(id);
      return found ? [{ id, name: found.name, tactics: [...found.tactics] }] : [];
    }),
    start_at: row.first_at,
    end_at: row.last_at,
    figures_start_at: row.first_at,
    figures_end_at: row.last_at,
    window_at: row.window_at,
    windows: 1,
    ...(named.speaks ? { speaks: true as const } : {}),
    entity: { ...row.entity },
    values: short(values),
    score: judgement.score,
    p_value: judgement.p_value,
    confidence_score: confidence(baseline, judgement.p_value),
    risk_score: 0,
    summary: [named.explain, ...lowering(detector, row).map((one) => one.because)]
      .map((one) => fillTemplate(one, values, units))
      .join(' '),
    reasons: [...judgement.reasons].sort((a, b) => b.weight - a.weight),
    baseline,
    evidence: [],
    evidence_total: 0,
    also: [],
    members: [],
    members_total: 0,
    folded_into: '',
    related: [],
    next: named.next.map((step) => fillTemplate(step, values, units)),
    false_positives: detector.false_positives,
    caveats: [],
  };
}

/** Units of all columns that a text may name. */
export function unitsOf(feature: Feature): Record<string, Unit> {
  const units: Record<string, Unit> = {};
  for (const name of feature.grain) units[name] = name.endsWith('_port') ? 'port' : 'text';
  for (const [name, { unit }] of Object.entries(feature.columns)) units[name] = unit;
  return units;
}

/** The same entity, detector and first event give the same id in every run. 16 hexadecimal digits. */
function findingId(detector: string, key: string, first_at: number): string {
  return createHash('sha256').update(`${detector}\0${key}\0${first_at}`).digest('hex').slice(0, 16);
}

/** Whom the rung speaks of that a row was compared with, so that a title claims no other comparison. */
const unlike = {
  entity: 'itself',
  peer_group: 'its peers',
  population: 'the other hosts here',
  prior: 'hosts of other networks',
} as const;

/** What a row is called, and what is said of it then. */
function namedBy(
  detector: Detector,
  { called }: FeatureRow,
): Pick<Detector, 'title' | 'explain' | 'attack' | 'next'> & { readonly speaks: boolean } {
  const other = detector.called[called];
  return {
    title: other?.title ?? detector.title,
    explain: other?.explain ?? detector.explain,
    attack: other?.attack ?? detector.attack,
    next: other?.next ?? detector.next,
    speaks: other?.speaks === true,
  };
}

/** The detector's techniques, and those an outside engine named itself. */
function techniquesOf(attack: readonly string[], values: Record<string, unknown>): readonly string[] {
  const said = typeof values.techniques === 'string' ? values.techniques.match(/T\d{4}(\.\d{3})?/g) : null;
  return said && said.length > 0 ? [...new Set(said)].slice(0, 5) : attack;
}

/** As the detector says, raised by what makes it worse, and no higher than what makes it harmless allows. */
function severityOf(
  detector: Detector,
  { raised, lowered }: Pick<FeatureRow, 'raised' | 'lowered'>,
): Severity {
  let severity = detector.severity;
  detector.raise.forEach((one, i) => {
    if (raised[i] && severities[one.severity] > severities[severity]) severity = one.severity;
  });
  for (const one of lowering(detector, { lowered }))
    if (severities[one.severity] < severities[severity]) severity = one.severity;
  return severity;
}

function lowering({ lower }: Detector, { lowered }: Pick<FeatureRow, 'lowered'>): Detector['lower'] {
  return lower.filter((_, i) => lowered[i]);
}

const rung_confidence = { entity: 85, peer_group: 70, population: 60, prior: 45 } as const;

/** 0..100: the rung of the ladder says how well the usual is known, the p-value how far beyond it this is. */
function confidence(baseline: Baseline, p_value: number): number {
  const surprise = Math.min(6, -Math.log10(Math.max(1e-12, p_value)));
  return Math.round(Math.max(5, Math.min(99, rung_confidence[baseline.level] + (surprise - 3) * 6)));
}

/** Long lists are not carried along with a finding. */
function short(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !Array.isArray(value)));
}
