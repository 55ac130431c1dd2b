import { type Severity, severities } from './detector.ts';

/**
 * Risk scores of each severity, first and last: the bands of OCSF's risk_level_id
 * (https://schema.ocsf.io/1.5.0/classes/detection_finding). They do not overlap, so that the word of a risk is the word
 * of its severity and no list puts the less severe first.
 */
export const risk_bands: Readonly<Record<Severity, readonly [number, number]>> = {
  informational: [0, 19],
  low: [20, 39],
  medium: [40, 59],
  high: [60, 79],
  critical: [80, 100],
};

/** The severity that a risk score says, 0..100. */
export function riskLevel(risk_score: number): Severity {
  const rising = Object.keys(severities) as Severity[];
  return rising.findLast((one) => risk_score >= risk_bands[one][0]) ?? 'informational';
}

export type ConfidenceLevel = 'low' | 'medium' | 'high';

/** What a confidence score says in a word, 0..100. */
export function confidenceLevel(confidence_score: number): ConfidenceLevel {
  if (confidence_score >= 70) return 'high';
  return confidence_score >= 40 ? 'medium' : 'low';
}
