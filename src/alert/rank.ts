import { type Severity, type Stage, severities } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';
import { confidenceLevel, risk_bands } from '../schema/level.ts';

/** Late stages of an attack weigh more: less time is left to act. */
const stage_bonus: Partial<Record<Stage, number>> = {
  'credential-access': 3,
  'lateral-movement': 5,
  'command-and-control': 5,
  exfiltration: 7,
  impact: 7,
};

/** So does what was seen to succeed, such as a password that was accepted at last. */
const speaks_bonus = 8;

/** Points below and above the middle that surprise, stage and doubt can give. */
const least_points = -18;
const most_points = 26;
/** Part of a severity's band that one finding alone can fill: the rest is for what others on the same host add. */
const alone = 0.65;

/**
 * Risk of a finding, 0..100, within the band of its severity: how unlikely it is (up to 15 points for one in a million
 * and rarer, down to -12 for barely unusual), its stage in an attack, and how little history backs it. Unusual is not yet
 * dangerous: the severity leads, surprise only moves within it.
 */
export function riskScore(
  finding: Pick<Finding, 'severity' | 'p_value' | 'stage' | 'confidence_score' | 'speaks'>,
): number {
  const surprise = -Math.log10(Math.max(finding.p_value, 1e-12));
  const moved = Math.max(-12, Math.min(15, (surprise - 3) * 5));
  const doubt = (finding.confidence_score - 60) / 10;
  const points = moved + (stage_bonus[finding.stage] ?? 0) + (finding.speaks ? speaks_bonus : 0) + doubt;
  const part = Math.max(0, Math.min(1, (points - least_points) / (most_points - least_points)));
  const [least, most] = risk_bands[finding.severity];
  return Math.round(least + alone * part * (most - least));
}

/** Nobody is called out of bed for what is little more than a guess: with low confidence the most is medium. */
export function severityAs({ severity, confidence_score }: Finding): Severity {
  const guess = confidenceLevel(confidence_score) === 'low';
  return guess && severities[severity] > severities.medium ? 'medium' : severity;
}

/** Part of the band that other detectors on the same host add at most. */
const most_raised = 1 - alone;

/**
 * Several different detectors on one host within a day raise each other within the band of their severity: one oddity is
 * noise, a scan, a beacon and an upload from the same host are an attack. Fills `related`. Pure.
 */
export function corroborate(findings: readonly Finding[], primary: (finding: Finding) => string): Finding[] {
  const by_host = new Map<string, Finding[]>();
  for (const finding of findings) {
    const host = primary(finding);
    if (host === '') continue;
    const group = by_host.get(host);
    if (group) group.push(finding);
    else by_host.set(host, [finding]);
  }
  return findings.map((finding) => {
    const near = (by_host.get(primary(finding)) ?? []).filter(
      (other) =>
        other !== finding && other.detector !== finding.detector && apart_us(finding, other) <= 86_400e6,
    );
    if (near.length === 0) return finding;
    const weighty = near.filter((other) => severities[other.severity] >= severities.medium);
    const others = new Set(weighty.map((other) => other.detector)).size;
    const stages = new Set(weighty.map((other) => other.stage)).size;
    const [least, most] = risk_bands[finding.severity];
    const raised = (Math.min(15, 3 * others + 2 * stages) / 15) * most_raised * (most - least);
    return {
      ...finding,
      risk_score: Math.min(most, Math.round(finding.risk_score + raised)),
      related: near.slice(0, most_related).map((other) => other.finding_id),
    };
  });
}

/** Findings on the same host that one names. */
const most_related = 20;

function apart_us(a: Finding, b: Finding): number {
  return Math.max(0, a.start_at - b.end_at, b.start_at - a.end_at);
}

/**
 * As byRisk, of equally surprising ones the one with most of what it is about (its first reason: seconds, hosts, calls).
 * For findings of one detector: figures of different ones cannot be compared.
 */
export function bySize(a: Finding, b: Finding): number {
  const size = ({ reasons: [first] }: Finding): number => first?.actual ?? 0;
  return b.risk_score - a.risk_score || a.p_value - b.p_value || size(b) - size(a) || byRisk(a, b);
}

/** Highest risk first; equal ones by surprise, then by time, then by id: the order never depends on that of the input. */
export function byRisk(a: Finding, b: Finding): number {
  return (
    b.risk_score - a.risk_score ||
    a.p_value - b.p_value ||
    a.start_at - b.start_at ||
    (a.finding_id < b.finding_id ? -1 : Number(a.finding_id > b.finding_id))
  );
}
