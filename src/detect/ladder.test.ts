import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadContent } from '../content/index.ts';
import type { FeatureRow } from '../schema/feature-row.ts';
import { Calibrator } from './calibrate.ts';
import { judgeOf } from './index.ts';
import type { Judgement } from './judge.ts';

const content = loadContent();
const detectorOf = (id: string) => content.detectors.find((one) => one.id === id)!;
const judge = (id: string) => judgeOf(detectorOf(id), content.features.get(detectorOf(id).features)!);
/** A Tuesday, 10:00 UTC. */
const now = Date.UTC(2026, 0, 6, 10) * 1000;
const hour_us = 3600e6;

function row(window_at: number, host: string, values: FeatureRow['values'], peer = ''): FeatureRow {
  return {
    window_at,
    first_at: window_at,
    last_at: window_at + 60e6,
    key: host,
    host,
    peer,
    worth: true,
    raised: [true],
    lowered: [],
    called: -1,
    entity: { src_ip: host },
    values,
  };
}

describe('the baseline ladder', () => {
  for (const { given, own, others, peers, wanted } of [
    { given: 'nothing', own: 0, others: 0, peers: 0, wanted: 'prior' },
    { given: 'seven others in the same window', own: 0, others: 7, peers: 0, wanted: 'prior' },
    { given: 'eight others in the same window', own: 0, others: 8, peers: 0, wanted: 'population' },
    { given: 'twelve past hours of its peers', own: 0, others: 0, peers: 12, wanted: 'peer_group' },
    { given: 'five past hours of its own', own: 5, others: 0, peers: 12, wanted: 'peer_group' },
    { given: 'six past hours of its own', own: 6, others: 0, peers: 12, wanted: 'entity' },
  ] as const)
    it(`with ${given} measures by the rung ${wanted}`, () => {
      const scans = judge('horizontal_scan');
      const calm = { hosts: 1, answered_hosts: 0 };
      for (let h = 12; h >= 1; h--) {
        const at = now - h * hour_us;
        const rows: FeatureRow[] = h <= own ? [row(at, 'host', calm, 'desk')] : [];
        // Within the same four hours of the day, which are the ones that peers are compared in.
        if (h <= 2) for (let i = 0; i < peers / 2; i++) rows.push(row(at, `peer ${i}`, calm, 'desk'));
        if (rows.length > 0) scans.judge(at, rows);
      }
      const company = Array.from({ length: others }, (_, i) => row(now, `other ${i}`, calm));
      const judged = scans.judge(now, [row(now, 'host', calm, 'desk'), ...company]);
      assert.equal(judged[0]!.baseline.level, wanted, judged[0]!.baseline.says);
    });

  it('counts the hours of each host or pair apart, and says so', () => {
    const said = (id: string, values: FeatureRow['values']): string => {
      const rows = judge(id);
      for (const h of [2, 1])
        rows.judge(
          now - h * hour_us,
          Array.from({ length: 30 }, (_, i) => row(now - h * hour_us, `other ${i}`, values)),
        );
      const found = rows.judge(now, [row(now, 'host', values)]);
      return found[0]!.baseline.says;
    };
    const host = { outside_hosts: 1, internal_hosts: 1, ports: 1, failed_share: 0 };
    assert.match(said('unusual_host_behaviour', host), /^60 past host-hours of the whole network;/);
    assert.match(
      said('brute_force', { failures: 1 }),
      /^60 past hours of the whole network, those of each pair counted apart;/,
    );
  });

  it('what a host did on an earlier day too is told, but not as the worst of its kind', () => {
    const scans = judge('horizontal_scan');
    const raised = [0, 1].map((day) => {
      const at = now + day * 86_400e6;
      return scans.judge(at, [row(at, 'host', { hosts: 200, answered_hosts: 0 })])[0]!;
    });
    assert.deepEqual(raised[0]!.row.raised, [true]);
    assert.deepEqual(raised[1]!.row.raised, [false]);
    assert.ok(raised[1]!.p_value < 0.01, 'once before is no habit');
  });
});

describe('calibration', () => {
  const judged = (host: string, score: number, model_p: number, p_value = model_p): Judgement => ({
    row: row(now, host, {}),
    score,
    p_value,
    model_p,
    reasons: [],
    baseline: { level: 'prior', windows: 0, entities: 0, says: '' },
  });
  /** What becomes of a row of p 1e-6 after 400 ordinary ones and some strange. */
  function after(strange: readonly Judgement[]): number {
    const calibrator = new Calibrator(detectorOf('upload_volume'));
    const ordinary = Array.from({ length: 400 }, (_, i) => {
      const p = (i + 0.5) / 400;
      return judged(`host ${i}`, 1 - 2 ** Math.log10(p), Math.max(0.0101, p));
    });
    calibrator.add(now, [...ordinary, ...strange], 400 + strange.length);
    calibrator.advance(now + hour_us);
    return calibrator.calibrated(judged('attacker', 1 - 2 ** -6, 1e-6)).p_value;
  }
  const alone = after([]);
  for (const [who, strange] of [
    ['a host with a habit', [judged('backup', 0.999, 1e-9, 0.8)]],
    ['forty hosts that do it at once', Array.from({ length: 40 }, (_, i) => judged(`bot ${i}`, 0.999, 1e-9))],
    ['four hundred rows of one noisy host', Array.from({ length: 400 }, () => judged('noisy', 0.9, 1e-3))],
  ] as const)
    it(`is not moved by ${who}`, () => {
      assert.equal(after(strange), alone);
      assert.ok(alone < 1e-3, `${alone}`);
    });
});

describe('novelty', () => {
  const detector = detectorOf('new_admin_edge');
  const count = detector.model.kind === 'novelty' ? detector.model.count : '';
  const shown = (host: string, at: number, fresh: number): FeatureRow => row(at, host, { [count]: fresh });
  /** Chance of `fresh` new hosts after `hours` hours with `usual` each. */
  function chance(fresh: number, hours: number, usual: number): number {
    const novelty = judge('new_admin_edge');
    for (let h = hours; h >= 1; h--)
      novelty.judge(now - h * hour_us, [shown('host', now - h * hour_us, usual)]);
    return novelty.judge(now, [shown('host', now, fresh)])[0]!.p_value;
  }
  it('eight new hosts at once are strange for who met none, ordinary for who meets as many each hour', () => {
    const met_none = chance(8, 48, 0);
    const meets_many = chance(8, 48, 8);
    assert.ok(met_none < 0.01 && meets_many > 0.1, `${met_none} ${meets_many}`);
  });
  it('more new hosts are stranger', () => {
    const p = [1, 3, 8, 20].map((fresh) => chance(fresh, 24, 0));
    assert.deepEqual(
      p,
      [...p].sort((a, b) => b - a),
    );
  });
});
