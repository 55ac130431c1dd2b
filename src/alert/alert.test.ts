import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Severity, Stage, severities } from '../schema/detector.ts';
import type { Finding } from '../schema/finding.ts';
import { confidenceLevel, riskLevel } from '../schema/level.ts';
import { askedSince, type Capped, capped, heldBack } from './cap.ts';
import { type Folded, foldDays, foldFloods, foldHosts, foldPairs, foldWindows } from './fold.ts';
import { pairsOf } from './keys.ts';
import { listOf } from './list.ts';
import { corroborate, riskScore, severityAs } from './rank.ts';

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
    also: [],
    members: [],
    members_total: 0,
    folded_into: '',
    related: [],
    next: [],
    false_positives: [],
    caveats: [],
    ...part,
  };
}
const primary = (one: Finding): string => String(one.entity.src_ip ?? '');
const floods = (all: Finding[]): readonly Finding[] => foldFloods({ lines: all, folded: [] }, primary).lines;
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

  it('of windows one speaks in which more came to light, in whatever order, as severe and risky as the worst of them', () => {
    const loud = finding({ risk_score: 52, summary: 'loud' });
    const accepted = finding({ start_at: hour, end_at: 2 * hour, speaks: true, summary: 'accepted' });
    const later = finding({ start_at: 2 * hour, end_at: 3 * hour, risk_score: 51, summary: 'later' });
    const worse = finding({
      start_at: 3 * hour,
      end_at: 4 * hour,
      severity: 'high',
      risk_score: 70,
      summary: 'worse',
    });
    const told = (all: Finding[]): string =>
      foldWindows(all, gap)
        .map((one) => one.summary)
        .join();
    assert.equal(told([loud, accepted, later]), 'accepted');
    assert.equal(told([later, accepted, loud]), 'accepted');
    const [one, ...others] = foldWindows([loud, accepted, later, worse], gap);
    assert.deepEqual([one!.summary, one!.severity, one!.risk_score, others], ['accepted', 'high', 70, []]);
  });

  it('the same thing a day later is another finding', () => {
    assert.equal(
      foldWindows([finding(), finding({ start_at: 24 * hour, end_at: 25 * hour })], gap).length,
      2,
    );
  });

  it('what a host does every day is one finding that grows, and is told anew when it gets worse', () => {
    const daily = (severities: readonly Finding['severity'][], every_h = 24): Finding[] =>
      severities.map((severity, day) =>
        finding({
          finding_id: `day ${day}`,
          severity,
          start_at: day * every_h * hour,
          end_at: (day * every_h + 1) * hour,
        }),
      );
    const told = (all: Finding[]): unknown[] =>
      foldDays(all).map((one) => [one.finding_id, one.severity, one.windows, one.end_at / hour]);
    assert.deepEqual(told(daily(['medium', 'medium', 'low', 'medium'])), [['day 0', 'medium', 4, 73]]);
    assert.deepEqual(told(daily(['low', 'low', 'medium', 'low'])), [
      ['day 0', 'low', 2, 25],
      ['day 2', 'medium', 2, 73],
    ]);
    assert.equal(told(daily(['low', 'low', 'low'], 28)).length, 3, 'more than a day apart');
    assert.equal(listOf(daily(['low', 'low', 'low']), { ...policy, budget_per_day: 99 }).shown.length, 1);
  });

  it('a scan of fifty hosts is one finding with forty-nine members', () => {
    const many = Array.from({ length: 50 }, (_, i) =>
      finding({ entity: { src_ip: '10.0.0.5', dst_ip: `10.0.1.${i}` } }),
    );
    const folded = floods(many);
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
    const folded = floods(many);
    assert.equal(folded.length, 1);
    assert.deepEqual([folded[0]!.start_at, folded[0]!.end_at, folded[0]!.windows], [0, 150_000, 1]);
    assert.equal(folded[0]!.members.length, 1000);
    assert.equal(folded[0]!.members_total, 149_999);
  });

  it('a server that five hosts call alike is one finding; four servers are four', () => {
    const calling = (host: number, to: number): Finding =>
      finding({
        detector: 'beacon_name',
        entity: { src_ip: `10.0.1.${host}`, dst_name: `c${to}.example` },
        values: { direction: 'outbound' },
      });
    const told = (all: Finding[]): Capped => listOf(all, { ...policy, budget_per_day: 99 });
    const { shown } = told([1, 2, 3, 4, 5].map((host) => calling(host, 0)));
    assert.deepEqual([shown.length, shown[0]!.members.length], [1, 4]);
    assert.equal(told([1, 2, 3, 4].map((host) => calling(host, host))).shown.length, 4);
  });

  it('several ports of the same hosts are one line, those of another host are another', () => {
    const scan = (host: number, port: number): Finding =>
      finding({
        finding_id: `${host} ${port}`,
        detector: 'horizontal_scan',
        entity: { src_ip: `10.0.1.${host}`, dst_port: port, transport: port === 161 ? 'udp' : 'tcp' },
        risk_score: port,
      });
    const { shown, folded } = listOf([scan(1, 22), scan(1, 161), scan(2, 22)], {
      ...policy,
      budget_per_day: 99,
    });
    assert.deepEqual(shown.map((one) => [one.finding_id.slice(0, 1), one.members_total]).sort(), [
      ['1', 1],
      ['2', 0],
    ]);
    assert.equal(folded.length, 1);
  });

  it('a line keeps the time of its own beside that of all that is told with it', () => {
    const scan = finding({ finding_id: 'scan', risk_score: 80, start_at: hour, end_at: 2 * hour });
    const oddity = finding({
      finding_id: 'odd',
      detector: 'about',
      risk_score: 40,
      start_at: hour,
      end_at: 5 * hour,
    });
    const { lines } = foldHosts({ lines: [scan, oddity], folded: [] }, (detector) => detector === 'about');
    const [line] = lines;
    assert.deepEqual(
      [line!.finding_id, line!.own_start_at, line!.own_end_at, line!.start_at, line!.end_at],
      ['scan', hour, 2 * hour, hour, 5 * hour],
    );
  });

  it('what is low is one line a kind and day, however few there are; what is medium never joins it', () => {
    const upload = (host: number, severity: Finding['severity'], day = 0): Finding =>
      finding({
        detector: 'upload',
        severity,
        start_at: day * 24 * hour,
        end_at: (day * 24 + 1) * hour,
        entity: { src_ip: `10.0.1.${host}` },
      });
    const lines = (...all: Finding[]): string[] =>
      listOf(all, { ...policy, budget_per_day: 99 })
        .shown.map((one) => `${one.detector} ${one.severity} ${one.entity.src_ip} +${one.members_total}`)
        .sort();
    const other = { ...upload(4, 'low'), detector: 'download' };
    assert.deepEqual(
      lines(upload(1, 'low'), upload(2, 'low'), upload(3, 'medium'), other, upload(5, 'low', 2)),
      [
        'download low 10.0.1.4 +0',
        'upload low 10.0.1.1 +1',
        'upload low 10.0.1.5 +0',
        'upload medium 10.0.1.3 +0',
      ],
    );
  });

  it('that a host behaves oddly is a reason of the riskiest step of that host on that day', () => {
    const step = finding({ finding_id: 'step', severity: 'high' });
    const other = finding({ finding_id: 'other', severity: 'low', entity: { src_ip: '10.0.0.5' } });
    const odd = finding({
      finding_id: 'odd',
      detector: 'behaviour',
      severity: 'medium',
      entity: { src_ip: '10.0.0.5' },
    });
    const next_day = { ...odd, finding_id: 'next', start_at: 40 * hour, end_at: 41 * hour };
    const said = (...all: Finding[]): string[] =>
      listOf(all, { ...policy, budget_per_day: 99 })
        .shown.map((one) => `${one.finding_id}: ${one.also.map((two) => two.finding_id)}`)
        .sort();
    assert.deepEqual(said(step, { ...other, detector: 'x' }, odd, next_day), [
      'next: ',
      'other: ',
      'step: odd',
    ]);
    assert.deepEqual(said({ ...other, detector: 'x' }, odd), ['odd: other']);
    assert.deepEqual(said(odd), ['odd: ']);
  });

  it('services that one host alone has used are told with what that host did, others are not', () => {
    const service = (i: number, clients: number): Finding =>
      finding({
        finding_id: `service${i}`,
        detector: 'service',
        severity: 'low',
        entity: { dst_ip: `10.0.0.${i}`, dst_port: 445 },
        values: { clients, first_client: '10.0.0.5' },
      });
    const said = (...all: Finding[]): string[] =>
      listOf(all, { ...policy, budget_per_day: 99 })
        .shown.map(
          (one) => `${one.finding_id}: ${one.also.map((two) => two.finding_id)} +${one.members_total}`,
        )
        .sort();
    const share = finding({ finding_id: 'share' });
    assert.deepEqual(said(share, service(9, 1)), ['share: service9 +0']);
    assert.deepEqual(said(share, service(9, 2)), ['service9:  +0', 'share:  +0']);
    assert.equal(said(...[1, 2, 3, 4, 6].map((i) => service(i, 1))).length, 1);
  });

  it('a flood in one window was seen in one window, however many members it has', () => {
    const all = Array.from({ length: 5 }, (_, i) =>
      finding({ entity: { src_ip: '10.0.0.5', dst_ip: `10.0.1.${i}` } }),
    );
    assert.deepEqual(
      floods(all).map((one) => [one.members_total, one.windows]),
      [[4, 1]],
    );
  });

  it('three alike findings stay three', () => {
    const few = Array.from({ length: 3 }, (_, i) =>
      finding({ entity: { src_ip: '10.0.0.5', dst_ip: `10.0.1.${i}` } }),
    );
    assert.equal(floods(few).length, 3);
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
    assert.ok(riskScore(finding({ p_value: 1e-5, speaks: true })) > riskScore(finding({ p_value: 1e-5 })));
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

describe('one line for a pair', () => {
  const pair = { src_ip: '10.0.0.5', dst_ip: '10.0.0.9' };
  const folded = (all: Finding[]): Folded => foldPairs({ lines: all, folded: [] }, pairsOf(all));

  it('what three detectors say of a pair is one line with two further reasons, none of its risk lost', () => {
    const { lines, folded: away } = folded([
      finding({ entity: pair, risk_score: 44 }),
      finding({ entity: pair, detector: 'admin_share', risk_score: 58, finding_id: 'share' }),
      finding({ entity: { ...pair, dst_port: 22 }, detector: 'brute_force', risk_score: 50 }),
    ]);
    assert.equal(lines.length, 1);
    assert.deepEqual([lines[0]!.detector, lines[0]!.risk_score], ['admin_share', 58]);
    assert.deepEqual(
      lines[0]!.also.map((one) => one.detector),
      ['brute_force', 'vertical_scan'],
    );
    assert.deepEqual(
      away.map((one) => one.folded_into),
      ['share', 'share'],
    );
  });

  it('the same beacon by name and by address is told once', () => {
    const by_name = finding({
      detector: 'beacon_name',
      entity: { src_ip: '10.0.0.5', dst_name: 'c2.example' },
      values: { dst_ip: '203.0.113.7' },
    });
    const by_address = finding({
      detector: 'beacon_address',
      entity: { src_ip: '10.0.0.5', dst_ip: '203.0.113.7', dst_port: 443 },
    });
    assert.equal(folded([by_name, by_address]).lines.length, 1);
    assert.equal(folded([by_address, by_name]).lines.length, 1);
  });

  it('an upload that went to one place is told with what else is said of that place', () => {
    const host = { src_ip: '10.0.0.5' };
    const upload = (top_share: number): Finding =>
      finding({ detector: 'upload_volume', entity: host, values: { dst_ip: '203.0.113.9', top_share } });
    const first_call = finding({ detector: 'rare_destination', entity: { ...host, dst_ip: '203.0.113.9' } });
    assert.equal(folded([upload(0.998), first_call]).lines.length, 1);
    assert.equal(folded([upload(0.5), first_call]).lines.length, 2);
  });

  it('other hosts, other places, other days and what is about one host alone stay lines of their own', () => {
    const all = [
      finding({ entity: pair }),
      finding({ entity: { ...pair, src_ip: '10.0.0.6' } }),
      finding({ entity: { ...pair, dst_ip: '10.0.0.10' } }),
      finding({ entity: pair, start_at: 30 * hour, end_at: 31 * hour }),
      finding({ entity: { src_ip: '10.0.0.5' } }),
      finding({ entity: { src_ip: '10.0.0.5' }, detector: 'upload_volume' }),
    ];
    assert.equal(folded(all).lines.length, all.length);
  });
});

describe('the cap', () => {
  const cap = (lines: Finding[], most: number, far_p = 0): Capped =>
    capped({ lines, folded: [] }, most, far_p);
  const low = (i: number, part: Partial<Finding> = {}): Finding =>
    finding({ severity: 'low', risk_score: 20 + (i % 20), start_at: i, detector: `low_${i}`, ...part });

  it('a day within the cap is left as it is', () => {
    const day = Array.from({ length: 20 }, (_, i) => low(i));
    const { shown, held, folded } = cap(day, 20);
    assert.deepEqual([shown.length, held.length, folded.length], [20, 0, 0]);
  });

  it('what is of one kind and one host is folded before anything is held', () => {
    const day = Array.from({ length: 30 }, (_, i) => low(i, { detector: `low_${i % 4}` }));
    const { shown, held, folded } = cap(day, 20);
    assert.equal(held.length, 0);
    assert.equal(shown.length + folded.length, 30);
    assert.ok(shown.length <= 20);
  });

  it('only the least of what is low is held, and it is told how much of what, and which cap shows it', () => {
    const hosts = Array.from({ length: 30 }, (_, i) => low(i, { entity: { src_ip: `10.0.1.${i}` } }));
    const list = cap(hosts, 20);
    assert.deepEqual([list.shown.length, list.held.length], [20, 10]);
    assert.deepEqual(heldBack(list, 20), {
      cap_per_day: 20,
      findings: 10,
      kinds: 10,
      hosts: 10,
      shown_by: 30,
      folded: 0,
    });
    assert.equal(cap(hosts, 30).held.length, 0);
  });

  it('medium and more, and what is far beyond chance, is never held', () => {
    const medium = Array.from({ length: 30 }, (_, i) =>
      low(i, { severity: 'medium', risk_score: 45, entity: { src_ip: `10.0.1.${i}` } }),
    );
    assert.deepEqual([cap(medium, 5).shown.length, cap(medium, 5).held.length], [30, 0]);
    const far = Array.from({ length: 30 }, (_, i) =>
      low(i, { p_value: i === 7 ? 1e-9 : 1e-4, entity: { src_ip: `10.0.1.${i}` } }),
    );
    const { shown } = cap(far, 5, 1e-7);
    assert.equal(shown.length, 5);
    assert.ok(shown.some((one) => one.p_value === 1e-9));
  });

  it('a flood of one kind pushes no other kind out of what a line names', () => {
    const noise = Array.from({ length: 3000 }, (_, i) =>
      finding({
        entity: { src_ip: '10.0.0.5' },
        start_at: i,
        p_value: 1e-9,
        detector: 'noise',
        risk_score: 55,
      }),
    );
    const quiet = finding({
      entity: { src_ip: '10.0.0.5' },
      detector: 'quiet',
      finding_id: 'quiet',
      risk_score: 40,
    });
    const { shown } = cap([...noise, quiet], 1);
    assert.equal(shown.length, 1);
    assert.ok(shown[0]!.members.some((one) => one.finding_id === 'quiet'));
    assert.equal(shown[0]!.members_total, 3000);
  });
});

it('what a host does to two others is one line where it is one act, and two where it is not', () => {
  const two = (detector: string): Finding[] =>
    ['10.0.0.9', '10.0.0.10'].map((dst_ip) => finding({ detector, entity: { src_ip: '10.0.0.5', dst_ip } }));
  const told = (detector: string): Finding[] => listOf(two(detector), policy).shown as Finding[];
  assert.deepEqual(
    told('admin_share').map((one) => one.members_total),
    [1],
  );
  assert.equal(told('vertical_scan').length, 2);
});

const policy = {
  far_p: 1e-7,
  window_us: () => hour,
  about_host: (id: string) => id === 'share' || id === 'behaviour',
  one_act: (id: string) => id === 'admin_share',
  facts_of: (id: string) => (id === 'names' || id === 'name_burst' ? 'unknown_names' : id),
  budget_per_day: 3,
};

/** Findings as detectors give them: few hosts, kinds and days, so that they meet. */
const anyFinding = fc
  .record({
    detector: fc.constantFrom(
      'admin_share',
      'vertical_scan',
      'beacon_name',
      'beacon_address',
      'ids_alert',
      'upload',
      'share',
      'service',
    ),
    severity: fc.constantFrom(...Severity.options),
    stage: fc.constantFrom(...Stage.options),
    host: fc.integer({ min: 1, max: 6 }),
    to: fc.integer({ min: 0, max: 5 }),
    named: fc.boolean(),
    inbound: fc.boolean(),
    start_h: fc.integer({ min: 0, max: 60 }),
    p_exponent: fc.integer({ min: 2, max: 13 }),
    confidence_score: fc.integer({ min: 5, max: 99 }),
  })
  .map(({ host, to, named, inbound, start_h, p_exponent, ...part }) => {
    if (part.detector === 'service')
      return finding({
        ...part,
        risk_score: 0,
        entity: { dst_ip: `10.0.1.${to}`, dst_port: 445 },
        values: { clients: named ? 1 : 2, first_client: `10.0.0.${host}` },
        start_at: start_h * hour,
        end_at: (start_h + 1) * hour,
        p_value: 10 ** -p_exponent,
      });
    const dst_ip = `203.0.113.${to}`;
    const place: Record<string, string> = named ? { dst_name: `n${to}.example` } : { dst_ip };
    return finding({
      ...part,
      risk_score: 0,
      entity: { src_ip: `10.0.0.${host}`, ...(to === 0 ? {} : place), name: `signature ${to}` },
      values: { dst_ip, direction: inbound ? 'inbound' : 'outbound' },
      start_at: start_h * hour,
      end_at: (start_h + 1) * hour,
      p_value: 10 ** -p_exponent,
    });
  });

it('what two detectors say of the same facts of a host on a day is one line, of another host or day another', () => {
  const of = (detector: string, host: string, start_at: number) =>
    finding({
      detector,
      severity: 'medium',
      entity: { src_ip: host },
      start_at,
      end_at: start_at + hour,
      p_value: 1e-9,
    });
  const all = [
    of('names', '10.0.0.1', 0),
    of('name_burst', '10.0.0.1', 0),
    of('name_burst', '10.0.0.2', 0),
    of('name_burst', '10.0.0.1', 5 * 24 * hour),
    of('upload', '10.0.0.1', 0),
  ];
  const { shown } = listOf(all, { ...policy, budget_per_day: 50 });
  const lines = shown.map((one) =>
    [one.detector, one.entity.src_ip, ...one.also.map((two) => two.detector)].join(' '),
  );
  assert.deepEqual(lines.sort(), [
    'name_burst 10.0.0.1',
    'name_burst 10.0.0.2',
    'names 10.0.0.1 name_burst',
    'upload 10.0.0.1',
  ]);
});

const weighty = (one: { severity: Severity }): boolean => severities[one.severity] >= severities.medium;

/** Whether the list tells of it: as a line, or within one that says so and under an id that can be asked for. */
function isTold(list: Capped, wanted: Finding): boolean {
  const lines = new Set(list.shown.map((one) => one.finding_id));
  const within = list.folded.filter((one) => lines.has(one.folded_into));
  return [...list.shown, ...within].some(
    (one) =>
      one.detector === wanted.detector &&
      JSON.stringify(one.entity) === JSON.stringify(wanted.entity) &&
      one.start_at <= wanted.start_at &&
      one.end_at >= wanted.end_at,
  );
}

describe('laws of the list', () => {
  it('further findings of any kind and number make none of medium severity or more disappear', () => {
    fc.assert(
      fc.property(
        fc.array(anyFinding, { maxLength: 12 }),
        fc.array(anyFinding, { maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        (before, added, budget_per_day) => {
          const list = listOf([...before, ...added], { ...policy, budget_per_day });
          for (const one of before.filter((two) => severities[severityAs(two)] >= severities.medium))
            assert.ok(isTold(list, one), `${one.detector} of ${JSON.stringify(one.entity)} is gone`);
          assert.ok(list.held.every((one) => !weighty(one)));
          assert.ok(list.held.flatMap((one) => [...one.also, ...one.members]).every((one) => !weighty(one)));
        },
      ),
    );
  });

  it('nothing is lost: every finding is a line, is held, or is told with one that is either', () => {
    fc.assert(
      fc.property(fc.array(anyFinding, { maxLength: 60 }), (all) => {
        const { shown, held, folded } = listOf(all, policy);
        const lines = new Set([...shown, ...held].map((one) => one.finding_id));
        assert.ok(folded.every((one) => lines.has(one.folded_into)));
        assert.ok([...shown, ...held].every((one) => one.folded_into === ''));
        const told = [...shown, ...held].reduce(
          (sum, one) => sum + 1 + one.also.length + one.members_total,
          0,
        );
        assert.equal(told, lines.size + folded.length);
        const named = [...shown, ...held].flatMap((one) => [...one.also, ...one.members]);
        const known = new Set([...lines, ...folded.map((one) => one.finding_id)]);
        const related = [...shown, ...held].flatMap((one) => one.related);
        assert.ok([...named.map((one) => one.finding_id), ...related].every((id) => known.has(id)));
      }),
    );
  });

  it('of what is asked for since an instant, every id that is named is kept', () => {
    fc.assert(
      fc.property(
        fc.array(anyFinding, { maxLength: 60 }),
        fc.integer({ min: 0, max: 61 }),
        (all, since_h) => {
          const { shown, held, folded } = askedSince(listOf(all, policy), since_h * hour);
          const kept = [...shown, ...held, ...folded];
          const known = new Set(kept.map((one) => one.finding_id));
          for (const one of [...shown, ...held]) {
            assert.ok(one.end_at >= since_h * hour);
            const named = [...one.also, ...one.members].map((two) => two.finding_id);
            assert.ok([...named, ...one.related].every((id) => known.has(id)));
          }
          assert.ok(folded.every((one) => known.has(one.folded_into)));
        },
      ),
    );
  });

  it('the order in which findings come changes nothing', () => {
    fc.assert(
      fc.property(
        fc
          .array(anyFinding, { maxLength: 40 })
          .chain((all) =>
            fc.tuple(
              fc.constant(all),
              fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
            ),
          ),
        ([all, shuffled]) => {
          const ids = (list: Capped): string[] =>
            list.shown.map((one) => `${one.finding_id} ${one.also.map((two) => two.finding_id)}`);
          assert.deepEqual(ids(listOf(shuffled, policy)), ids(listOf(all, policy)));
        },
      ),
    );
  });

  it('severity, risk and confidence say the same of every finding of a list', () => {
    fc.assert(
      fc.property(fc.array(anyFinding, { maxLength: 60 }), (all) => {
        const { shown, held, folded } = listOf(all, policy);
        for (const one of [...shown, ...held, ...folded]) {
          assert.equal(riskLevel(one.risk_score), one.severity);
          if (severities[one.severity] > severities.medium)
            assert.notEqual(confidenceLevel(one.confidence_score), 'low');
        }
        const order = shown.map((one) => severities[one.severity]);
        assert.deepEqual(
          order,
          order.toSorted((a, b) => b - a),
        );
      }),
    );
  });
});
