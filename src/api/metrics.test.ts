import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { finding, now, serving, watchState } from '../../test/serving.ts';
import type { WatchState } from '../pipeline/live/watch.ts';
import { type Measured, metricsRoutes, metricsText } from './metrics.ts';

const measured = (state: Partial<WatchState> = {}): Measured => ({
  ...{ state: { ...watchState, ...state }, now, version: '1.2.3', finding_changes: 7, stream_readers: 1 },
  process: { resident_bytes: 1e8, heap_bytes: 5e7, cpu_s: 12.5, started_at_s: 1_764_280_000 },
});

const journal: NonNullable<WatchState['journal']> = {
  ...{ bytes: 4096, most_bytes: 1e9, segments: 1, waiting_records: 5, oldest_received_at: now - 2e6 },
  ...{ unsynced_bytes: 10, kept_records: 100, committed_records: 95 },
  ...{ refused_records: { bulk: 3, alerts: 0 }, failed_records: 0, problem: null },
  sync: { count: 6, sum_s: 9.5, buckets: [1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2] },
  set_aside: { ranges: 0, bytes: 0, records: 0 } as NonNullable<WatchState['journal']>['set_aside'],
};

const label_value = /"((?:[^"\\\n]|\\[\\"n])*)"/.source;
const sample_line = new RegExp(
  `^([a-zA-Z_:][\\w:]*)(?:\\{(${'[a-zA-Z_]\\w*'}=${label_value}(?:,[a-zA-Z_]\\w*=${label_value})*)\\})? (-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|NaN|[+-]Inf)$`,
);

/**
 * Reads the text format 0.0.4 and takes nothing that it does not allow: a metric is described once, its samples follow in one
 * group, none is there twice, the buckets of a histogram rise and end at its count.
 */
function parsed(text: string): Map<string, number> {
  assert.ok(text.endsWith('\n'), 'the last line has its end');
  const samples = new Map<string, number>();
  const described = new Set<string>();
  let [name, type, rows] = ['', '', 0];
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP (\w+) ([^\\]+)$/.exec(line);
    const kind = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line);
    if (help !== null) {
      assert.ok(name === '' || rows > 0, `${name} has samples`);
      assert.ok(!described.has(help[1]!), `${help[1]} is described once`);
      described.add(help[1]!);
      [name, type, rows] = [help[1]!, '', 0];
      continue;
    }
    if (kind !== null) {
      assert.equal(kind[1], name, 'the type follows the help');
      type = kind[2]!;
      continue;
    }
    const found = sample_line.exec(line);
    assert.ok(found, `a line of the format: ${line}`);
    const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    assert.ok(
      suffixes.some((one) => found[1] === name + one),
      `${found[1]} stands with its own`,
    );
    assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`);
    const key = line.slice(0, line.lastIndexOf(' '));
    assert.ok(!samples.has(key), `${key} is there once`);
    samples.set(key, Number(found.at(-1)!.replace('Inf', 'Infinity')));
    rows++;
  }
  return samples;
}

test('what is told is what the state says, in the text format', () => {
  const samples = parsed(metricsText(measured({ journal })));
  const told: Record<string, number> = {
    'weir_info{version="1.2.3"}': 1,
    'weir_received_records_total{source="zeek"}': 1200,
    'weir_received_bytes_total{source="syslog"}': 9000,
    'weir_records_total{source="zeek",outcome="stored"}': 1100,
    'weir_records_total{source="zeek",outcome="rejected"}': 10,
    'weir_late_records_total{source="zeek"}': 3,
    'weir_dropped_records_total{source="syslog",reason="receive buffer full"}': 12,
    'weir_source_lag_seconds{source="zeek"}': 30,
    'weir_source_problem{source="syslog"}': 1,
    weir_window_delay_seconds: 600,
    weir_step_seconds: 1.5,
    'weir_detector_rows_total{detector="port_sweep"}': 40,
    'weir_detector_delay_seconds{detector="port_sweep"}': 3600,
    weir_findings: 2,
    weir_finding_changes_total: 7,
    weir_journal_waiting_records: 5,
    weir_journal_oldest_seconds: 2,
    'weir_journal_refused_records_total{priority="bulk"}': 3,
    process_resident_memory_bytes: 1e8,
  };
  for (const [name, value] of Object.entries(told)) assert.equal(samples.get(name), value, name);
  assert.ok(!samples.has('weir_source_lag_seconds{source="syslog"}'), 'nothing is known of it, not 0');
});

test('the buckets of the time to sync add up to its count', () => {
  const samples = parsed(metricsText(measured({ journal })));
  const buckets = [...samples].filter(([name]) => name.startsWith('weir_journal_sync_seconds_bucket'));
  assert.deepEqual(
    buckets.map(([, value]) => value),
    [1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 6],
  );
  assert.equal(buckets.at(-1)![0], 'weir_journal_sync_seconds_bucket{le="+Inf"}');
  assert.equal(samples.get('weir_journal_sync_seconds_count'), 6);
  assert.equal(samples.get('weir_journal_sync_seconds_sum'), 9.5);
});

test('reasons that strangers may cause cannot break the text, nor make time series without end', () => {
  const reasons = Array.from({ length: 500 }, (_, i) => [`reason ${i}`, 1]);
  const dropped = { 'a "quote", a \\ and\na line': 2, '\ud800': 1, ...Object.fromEntries(reasons) };
  const [, second] = watchState.sources;
  const hostile = { ...second!, state: { ...second!.state, dropped } };
  const samples = parsed(metricsText(measured({ sources: [hostile] })));
  const of_it = [...samples].filter(([name]) => name.startsWith('weir_dropped_records_total'));
  assert.equal(of_it.length, 21);
  assert.equal(
    of_it.reduce((sum, [, value]) => sum + value, 0),
    503,
  );
  assert.equal(
    samples.get('weir_dropped_records_total{source="syslog",reason="a \\"quote\\", a \\\\ and\\na line"}'),
    2,
  );
  assert.equal(samples.get('weir_dropped_records_total{source="syslog",reason="other reasons"}'), 500 - 18);
});

test('a delay that is not known is not told', () => {
  for (const judged_until of [null, Number.POSITIVE_INFINITY])
    assert.doesNotMatch(metricsText(measured({ judged_until })), /weir_window_delay_seconds/);
});

test("Prometheus's own tool has nothing against it", (t) => {
  const input = metricsText(measured({ journal }));
  const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input,
    encoding: 'utf8',
  });
  if (error !== undefined) {
    t.skip('there is no promtool here');
    return;
  }
  assert.deepEqual([status, stdout + stderr], [0, '']);
});

test('the figures are read with the token, and with the changes of findings that there were', async () => {
  const server = await serving((control) => [
    metricsRoutes(control, () => ({ state: watchState, now, version: '1.2.3', stream_readers: 0 })),
  ]);
  try {
    assert.equal((await fetch(`${server.url}/metrics`)).status, 401, 'on loopback too');
    await server.keep(finding('a'), finding('b'));
    const answer = await server.get('/metrics');
    assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    const samples = parsed(await answer.text());
    assert.equal(samples.get('weir_finding_changes_total'), 2);
    assert.ok(samples.get('process_resident_memory_bytes')! > 1e6);
    assert.ok(Math.abs(samples.get('process_start_time_seconds')! - Date.now() / 1000) < 600);
  } finally {
    await server.close();
  }
});
