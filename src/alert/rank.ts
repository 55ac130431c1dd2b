import { type Severity, type Stage, severities } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';

/** What a severity is worth before anything else is known; 0..100. */
const base: Record<Severity, number> = { informational: 5, low: 22, medium: 42, high: 62, critical: 80 };

/** Late stages of an attack weigh more: less time is left to act. */
const stage_bonus: Partial<Record<Stage, number>> = {
  'credential-access': 3,
  'lateral-movement': 5,
  'command-and-control': 5,
  exfiltration: 7,
  impact: 7,
};

/**
 * Risk of a finding, 0..100: severity, how unlikely it is (up to 15 more for one in a million and rarer, up to 12 less
 * for barely unusual), its stage in an attack, and how little history backs it. Unusual is not yet dangerous: the
 * severity leads, surprise only moves within it.
 */
export function riskScore(
  finding: Pick<Finding, 'severity' | 'p_value' | 'stage' | 'confidence_score'>,
): number {
  const surprise = -Math.log10(Math.max(finding.p_value, 1e-12));
  const moved = Math.max(-12, Math.min(15, (surprise - 3) * 5));
  const doubt = (finding.confidence_score - 60) / 10;
  return clamp(base[finding.severity] + moved + (stage_bonus[finding.stage] ?? 0) + doubt);
}

/**
 * Several different detectors on one host within a day raise each other (at most 15): one oddity is noise, a scan, a
 * beacon and an upload from the same host are an attack. Fills `related`. Pure.
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
    return {
      ...finding,
      risk_score: clamp(finding.risk_score + Math.min(15, 3 * others + 2 * stages)),
      related: near.slice(0, 20).map((other) => other.finding_id),
    };
  });
}

function apart_us(a: Finding, b: Finding): number {
  return Math.max(0, a.start_at - b.end_at, b.start_at - a.end_at);
}

/** Highest risk first; equal ones by surprise, then by time. */
export function byRisk(a: Finding, b: Finding): number {
  return b.risk_score - a.risk_score || a.p_value - b.p_value || a.start_at - b.start_at;
}

function clamp(score: number): number {
  return Math.round(Math.max(0, Math.min(100, score)));
}
