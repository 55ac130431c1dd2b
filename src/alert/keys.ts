import { severities } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';

/** What findings may have in common: the keys by which they are folded. Pure. */

const day_us = 86_400e6;

/** The day of event time on which it began. */
export function dayOf(finding: Finding): number {
  return Math.floor(finding.start_at / day_us);
}

/** The address a finding is about first: who did it, or to whom it was done. */
export function primary(finding: Finding): string {
  return actor(finding) || String(finding.entity.dst_ip ?? '');
}

/** Who did it: also where a finding is about a service, as long as one client only has used it; else ''. */
function actor({ entity, values }: Finding): string {
  const only = values.clients === 1 ? values.first_client : undefined;
  return String(entity.src_ip ?? only ?? '');
}

/** What another engine calls it: one signature that fires for many is one finding. */
export function sameName(finding: Finding): string {
  return finding.detector === 'ids_alert' ? String(finding.entity.name) : finding.finding_id;
}

/**
 * The hosts it is about, whatever the port: one host that tries, opens or calls several ports of the same is one thing
 * to look at. Columns of an entity that are no port and no transport.
 */
export function sameHosts({ entity }: Finding): string {
  return Object.entries(entity)
    .filter(([name]) => !name.endsWith('_port') && name !== 'transport')
    .map(([name, value]) => `${name} ${value}`)
    .join(' ');
}

/** The same entity on the same day: what two detectors say of the same facts of it is said of the same events. */
export function sameDay(finding: Finding): string {
  const { entity } = finding;
  return `${JSON.stringify(Object.entries(entity).sort())} ${dayOf(finding)}`;
}

/** What is low is told by kind, as it is waved through; anything else is itself. */
export function lowKind(finding: Finding): string {
  return isLow(finding) ? finding.detector : finding.finding_id;
}

/** The place outside that many of ours may call alike, or the program they call with; else the finding itself. */
export function place(finding: Finding): string {
  const { src_ip, dst_name = '', dst_ip = '', query_domain = '', fingerprint = '' } = finding.entity;
  if (src_ip === undefined) return finding.finding_id;
  const known_by = String(query_domain) || String(fingerprint);
  if (known_by !== '') return known_by;
  if (finding.values.direction !== 'outbound') return finding.finding_id;
  return String(dst_name) || String(dst_ip) || finding.finding_id;
}

/** The address it was done to, where many outside hosts may do the same; else the finding itself. */
export function target(finding: Finding): string {
  return finding.values.direction === 'inbound' ? String(finding.entity.dst_ip ?? '') : finding.finding_id;
}

/**
 * A key for each pair of hosts and day; the finding's own id where it is about one host or about many. A place that one
 * finding calls by name and another by its address is one place: the address takes the name under which the same host
 * called it on that day. What two hosts of the network do to each other is one pair both ways where all of it is low:
 * rhythm of polling and replication goes either way.
 */
export function pairsOf(findings: readonly Finding[]): (finding: Finding) => string {
  const names = new Map<string, string>();
  for (const one of findings) {
    const name = String(one.entity.dst_name ?? '');
    const address = String(one.entity.dst_ip ?? '') || String(one.values.dst_ip ?? '');
    if (name === '' || address === '') continue;
    const key = pairKey(one, address);
    // The first by the alphabet: which it is must not depend on the order.
    const before = names.get(key);
    if (before === undefined || name < before) names.set(key, name);
  }
  const oneWay = (finding: Finding): string => {
    const { dst_name = '' } = finding.entity;
    const src_ip = actor(finding);
    const dst_ip = finding.entity.dst_ip ?? mainPlace(finding);
    if (src_ip === '' || (dst_ip === '' && dst_name === '')) return finding.finding_id;
    if (dst_name !== '') return pairKey(finding, String(dst_name));
    const key = pairKey(finding, String(dst_ip));
    return pairKey(finding, names.get(key) ?? String(dst_ip));
  };
  const of_weight = new Set(findings.filter((one) => !isLow(one)).map(oneWay));
  return (finding) => {
    const key = oneWay(finding);
    const { src_ip, dst_ip } = finding.entity;
    if (key === finding.finding_id || finding.values.direction !== 'internal' || dst_ip === undefined)
      return key;
    if (!isLow(finding) || of_weight.has(key)) return key;
    return `both ways: ${[src_ip, dst_ip].sort().join(' ')} ${dayOf(finding)}`;
  };
}

/** Low or less. */
export function isLow({ severity }: Finding): boolean {
  return severities[severity] <= severities.low;
}

/** Share of what a host sent from which on it is about the place that got it. */
const nearly_all = 0.9;

/** The one address that nearly all of it went to, where a finding is about all that a host did; '' when there is none. */
function mainPlace({ values }: Finding): string {
  return Number(values.top_share ?? 0) >= nearly_all ? String(values.dst_ip ?? '') : '';
}

function pairKey(finding: Finding, place: string): string {
  return `${actor(finding)} ${place} ${dayOf(finding)}`;
}
