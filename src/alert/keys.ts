import type { Finding } from '../schema/finding.ts';

/** What findings may have in common. Each gives '' or the finding's own id where it has no part in it. */

/** The address a finding is about first: who did it, or to whom it was done. */
export function primary(finding: Finding): string {
  return String(finding.entity.src_ip ?? finding.entity.dst_ip ?? '');
}

/** What another engine calls it: one signature that fires for many is one finding. */
export function sameName(finding: Finding): string {
  return finding.detector === 'ids_alert' ? String(finding.entity.name) : finding.finding_id;
}

/** The address it was done to, where many outside hosts may do the same; else the finding itself. */
export function target(finding: Finding): string {
  return finding.values.direction === 'inbound' ? String(finding.entity.dst_ip ?? '') : finding.finding_id;
}
