import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../schema/finding.ts';
import { withinBudget } from './budget.ts';
import { foldFloods, foldWindows } from './fold.ts';
import { corroborate, riskScore } from './rank.ts';

const hour = 3600e6;
let serial = 0;
function finding(part: Partial<Finding> = {}): Finding {
  serial++;
  return {
    finding_id: `f${serial}`,
    detector: 'vertical_scan',
    title: 'Many ports of one host tried',
    severity: 'medium',
    stage: 'discovery',
    attack: [],
    start_at: 0,
    end_at: hour,
    figures_start_at: 0,
    window_at: 0,
    figures_end_at: hour,
    windows: 1,
    entity: { src_ip: '10.0.0.5', dst_ip: '10.0.0.9' },
    values: {},
    score: 0.9,
    p_value: 1e-4,
    confidence_score: 60,
    risk_score: 50,
    summary: '',
    reasons: [],
    baseline: { level: 'prior', windows: 0, entities: 0, says: '' },
    evidence: [],
    evidence_total: 0,
    members: [],
    related: [],
    next: [],
    false_positives: [],
    caveats: [],
    ...part,
  };
}
const primary = (one: Finding): string => String(one.entity.src_ip ?? '');
const gap = (): number => 2 * hour;

describe('folding', () => {
  it('windows of one entity that touch are one finding with the strongest window in front', () => {
    const folded = foldWindows(
      [finding(), finding({ start_at: hour, end_at: 2 * hour, risk_score: 70, summary: 'worse' })],
      gap,
    );
    assert.equal(folded.length, 1);
    assert.deepEqual(
      [folded[0]!.start_at, folded[0]!.end_at, folded[0]!.windows, folded[0]!.summary],
      [0, 2 * hour, 2, 'worse'],
    );
  });

  it('the same thing a day later is another finding', () => {
    assert.equal(
      foldWindows([finding(), finding({ start_at: 24 * hour, end_at: 25 * hour })], gap).length,
      2,
    );
  });

  it('a scan of fifty hosts is one finding with forty-nine members', () => {
    const many = Array.from({ length: 50 }, (_, i) =>
      finding({ entity: { src_ip: '10.0.0.5', dst_ip: `10.0.1.${i}` } }),
    );
    const folded = foldFloods(many, primary);
    assert.equal(folded.length, 1);
    assert.equal(folded[0]!.members.length, 49);
  });

  it('a flood of 150,000 is one finding that names a thousand of its members', () => {
    const many = Array.from({ length: 150_000 }, (_, i) =>
      finding({
        start_at: i,
        end_at: i + 1,
        entity: { src_ip: '10.0.0.5', dst_ip: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` },
      }),
    );
    const folded = foldFloods(many, primary);
    assert.equal(folded.length, 1);
    assert.deepEqual([folded[0]!.start_at, folded[0]!.end_at, folded[0]!.windows], [0, 150_000, 150_000]);
    assert.equal(folded[0]!.members.length, 1000);
  });

  it('three alike findings stay three', () => {
    const few = Array.from({ length: 3 }, (_, i) =>
      finding({ entity: { src_ip: '10.0.0.5', dst_ip: `10.0.1.${i}` } }),
    );
    assert.equal(foldFloods(few, primary).length, 3);
  });
});

describe('ranking', () => {
  it('severity leads: a barely unusual critical finding outranks a very unusual low one', () => {
    assert.ok(
      riskScore(finding({ severity: 'critical', p_value: 0.01 })) >
        riskScore(finding({ severity: 'low', p_value: 1e-12 })),
    );
  });

  it('rarer is riskier within a severity', () => {
    assert.ok(riskScore(finding({ p_value: 1e-8 })) > riskScore(finding({ p_value: 1e-3 })));
  });

  it('different detectors on one host raise each other and name each other', () => {
    const both = corroborate(
      [finding(), finding({ detector: 'beacon_name', stage: 'command-and-control' })],
      primary,
    );
    assert.ok(both.every((one) => one.risk_score > 50 && one.related.length === 1));
  });

  it('detectors on different hosts do not', () => {
    const both = corroborate(
      [finding(), finding({ detector: 'beacon_name', entity: { src_ip: '10.0.0.6' } })],
      primary,
    );
    assert.deepEqual(
      both.map((one) => one.risk_score),
      [50, 50],
    );
  });
});

describe('budget', () => {
  it('keeps the riskiest of each day and counts the rest', () => {
    const day = Array.from({ length: 30 }, (_, i) => finding({ risk_score: i, start_at: i }));
    const next = finding({ risk_score: 1, start_at: 30 * hour });
    const { shown, held } = withinBudget([...day, next], 20);
    assert.equal(shown.length, 21);
    assert.equal(held.length, 10);
    assert.equal(Math.max(...held.map((one) => one.risk_score)), 9);
  });
});
