import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnalyzeResult } from '../../src/pipeline/route.ts';
import type { Finding } from '../../src/schema/finding.ts';
import type { Store } from '../../src/store/index.ts';
import { run } from '../whole/run-analyze.ts';
import type { DataSet } from './sets.ts';
import { unzip } from './zip.ts';

/** What was said of one set. */
export interface Measured {
  readonly days: number;
  /** listed, without those that were held back */
  readonly findings: number;
  readonly high: number;
  /** findings that name none of the hosts that did it, a day */
  readonly others_a_day: number;
  /** labelled sets: a detector that sees such a thing names the host; null: no label that says so */
  readonly found: boolean | null;
  /** place in the list of the finding that says so, from 1 */
  readonly rank: number | null;
}

/** Findings whose entity or values name one of the hosts. */
export function naming(findings: readonly Finding[], hosts: readonly string[]): Finding[] {
  return findings.filter((one) =>
    [...Object.values(one.entity), one.values.src_ip, one.values.dst_ip].some((told) =>
      hosts.includes(String(told)),
    ),
  );
}

/** Analyses one set as a user would without options, in a store that is emptied first. */
export function analyzeSet(store: Store, set: DataSet): Promise<AnalyzeResult> {
  const paths = /\.zip$/i.test(set.path)
    ? unzip(set.path, mkdtempSync(join(tmpdir(), 'weir-set-')))
    : [set.path];
  return run(store, paths, { evidence: 3, now: Date.now() * 1000 });
}

/** The figures of one set from what an analysis gave. */
export function measured(set: DataSet, result: AnalyzeResult): Measured {
  const { findings } = result;
  const days = Math.max(1, ((result.last_time ?? 0) - (result.first_time ?? 0)) / 86_400e6);
  const hosts = set.attack?.hosts ?? [];
  const right = naming(findings, hosts);
  const by = set.attack?.by ?? [];
  const said = right.filter((one) => by.includes(one.detector));
  const first = said[0] ?? right[0];
  return {
    days: Math.round(days * 100) / 100,
    findings: findings.length,
    high: findings.filter((one) => one.severity === 'high' || one.severity === 'critical').length,
    others_a_day: Math.round(((findings.length - right.length) / days) * 100) / 100,
    found: hosts.length === 0 ? null : right.length > 0,
    rank: first ? findings.indexOf(first) + 1 : null,
  };
}
