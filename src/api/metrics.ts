import { sync_bounds_s } from '../collect/index.ts';
import type { WatchState } from '../pipeline/live/watch.ts';
import { type Control, lastFindingSequence } from '../store/control/index.ts';
import type { Api } from './server.ts';

/** What `GET /metrics` tells of, beside the control store. */
export interface Measured {
  readonly state: WatchState;
  /** the clock, µs since 1970 */
  readonly now: number;
  readonly version: string;
  /** changes of findings so far */
  readonly finding_changes: number;
  readonly stream_readers: number;
  readonly process: {
    readonly resident_bytes: number;
    readonly heap_bytes: number;
    readonly cpu_s: number;
    readonly started_at_s: number;
  };
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** of a histogram: _bucket, _sum, _count */
  readonly suffix?: string;
}

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Reasons of one source that are told apart: each is a time series, and some come from what strangers send. */
const most_reasons = 20;
const longest_label = 100;
const other_reasons = 'other reasons';

/**
 * `GET /metrics`, for Prometheus (text format 0.0.4). It takes the token as everything else does, on loopback too: what it
 * says names sources and how blind they are. Prometheus reads it from a file (`authorization: credentials_file`).
 */
export function metricsRoutes(
  control: Control,
  measured: () => Omit<Measured, 'finding_changes' | 'process'>,
): (app: Api) => void {
  return (app) => {
    app.get(
      '/metrics',
      {
        schema: {
          ...{ tags: ['status'], summary: 'Figures for Prometheus, text format 0.0.4' },
          produces: ['text/plain'],
        },
      },
      async (_request, reply) => {
        const finding_changes = await lastFindingSequence(control);
        const { rss, heapUsed } = process.memoryUsage();
        const { user, system } = process.cpuUsage();
        const text = metricsText({
          ...measured(),
          finding_changes,
          process: {
            ...{ resident_bytes: rss, heap_bytes: heapUsed, cpu_s: (user + system) / 1e6 },
            started_at_s: performance.timeOrigin / 1000,
          },
        });
        return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
      },
    );
  };
}

/** All figures as text. Pure. https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
export function metricsText(measured: Measured): string {
  return metricsOf(measured)
    .filter((one) => one.samples.length > 0)
    .map(metricText)
    .join('');
}

function metricText({ name, type, help, samples }: Metric): string {
  const lines = samples.map(
    ({ labels = {}, value, suffix = '' }) => `${name}${suffix}${labelsText(labels)} ${number(value)}\n`,
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

/** Of the text that a label may hold anything, but these three as the format writes them. */
function escaped(value: string): string {
  return value.toWellFormed().replace(/[\\"\n]/g, (one) => (one === '\n' ? '\\n' : `\\${one}`));
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** Reasons as they were first seen, at most so many; the rest as one, so that no figure ever goes back. Pure. */
function bounded(reasons: Readonly<Record<string, number>>): [string, number][] {
  const sums = new Map<string, number>();
  for (const [reason, n] of Object.entries(reasons)) {
    const cut = reason.slice(0, longest_label);
    const name = sums.has(cut) || sums.size < most_reasons ? cut : other_reasons;
    sums.set(name, (sums.get(name) ?? 0) + n);
  }
  return [...sums];
}

const outcomes = ['stored', 'filtered', 'duplicates', 'rejected'] as const;
const flag = (is: boolean): number => (is ? 1 : 0);

function metricsOf({ state, now, version, finding_changes, stream_readers, process }: Measured): Metric[] {
  const { sources, detectors, journal, judged_until } = state;
  type Source = (typeof sources)[number];
  const gauge = (name: string, help: string, ...samples: readonly Sample[]): Metric => ({
    ...{ name, type: 'gauge', help, samples },
  });
  const counter = (name: string, help: string, ...samples: readonly Sample[]): Metric => ({
    ...{ name, type: 'counter', help, samples },
  });
  const bySource = (of: (source: Source) => number | null): Sample[] =>
    sources.flatMap((source) => {
      const value = of(source);
      return value === null ? [] : [{ labels: { source: source.source }, value }];
    });
  const byDetector = (of: (detector: (typeof detectors)[number]) => number | null): Sample[] =>
    detectors.flatMap((detector) => {
      const value = of(detector);
      return value === null ? [] : [{ labels: { detector: detector.detector }, value }];
    });
  return [
    gauge('weir_info', 'Always 1; the version is a label.', { labels: { version }, value: 1 }),
    counter(
      'weir_received_bytes_total',
      'Bytes that came in, by source.',
      ...bySource((one) => one.state.received_bytes),
    ),
    counter(
      'weir_received_records_total',
      'Records that came in, by source.',
      ...bySource((one) => one.state.received_records),
    ),
    counter(
      'weir_records_total',
      'Records by source and what became of them; late ones are among those stored.',
      ...sources.flatMap(({ source, account }) =>
        outcomes.map((outcome) => ({ labels: { source, outcome }, value: account[outcome] })),
      ),
    ),
    counter(
      'weir_late_records_total',
      'Stored records of windows that were judged already, by source.',
      ...bySource((one) => one.account.late),
    ),
    counter(
      'weir_dropped_records_total',
      'Records lost before they could be kept, by source and reason.',
      ...sources.flatMap(({ source, state: of }) =>
        bounded(of.dropped).map(([reason, value]) => ({ labels: { source, reason }, value })),
      ),
    ),
    gauge(
      'weir_source_lag_seconds',
      'How long ago the newest record of a source was told, by its own clock.',
      ...bySource((one) => (one.newest === null ? null : (now - one.newest) / 1e6)),
    ),
    gauge('weir_source_silent', '1: no news of it for too long.', ...bySource((one) => flag(one.silent))),
    gauge(
      'weir_source_wrong_clock',
      '1: its clock differs too much from the clock here.',
      ...bySource((one) => flag(one.wrong_clock)),
    ),
    gauge(
      'weir_source_problem',
      '1: something is wrong with it, GET /v1/status says what.',
      ...bySource((one) => flag(one.state.problem !== null)),
    ),
    counter('weir_events_total', 'Events stored since the start.', { value: state.events }),
    gauge(
      'weir_window_delay_seconds',
      'How far behind the clock the judged windows are; absent while none is, or at the end of all sources.',
      ...(judged_until === null || !Number.isFinite(judged_until)
        ? []
        : [{ value: (now - judged_until) / 1e6 }]),
    ),
    gauge('weir_step_seconds', 'How long the last look of all detectors took.', { value: state.step_s }),
    counter(
      'weir_detector_rows_total',
      'Rows that each detector has judged.',
      ...byDetector((one) => one.judged),
    ),
    gauge(
      'weir_detector_delay_seconds',
      'How far behind the clock the windows that a detector has judged are.',
      ...byDetector((one) => (one.judged_until === null ? null : (now - one.judged_until) / 1e6)),
    ),
    gauge('weir_failed_detectors', 'Detectors that failed in the last look.', {
      value: state.failed.length,
    }),
    gauge('weir_findings', 'Findings of the last 35 days, folded ones too.', { value: state.findings }),
    counter('weir_finding_changes_total', 'Changes of findings, new ones too, since the store was made.', {
      value: finding_changes,
    }),
    gauge('weir_problem', '1: the pipeline cannot go on, GET /v1/status says why.', {
      value: flag(state.problem !== null),
    }),
    gauge('weir_stream_readers', 'Readers of GET /v1/stream.', { value: stream_readers }),
    ...(journal === null ? [] : journalMetrics(journal, now)),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes, without the engine.', {
      value: process.resident_bytes,
    }),
    gauge('weir_heap_used_bytes', 'Heap of JavaScript in use.', { value: process.heap_bytes }),
    counter('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', {
      value: process.cpu_s,
    }),
    gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', {
      value: process.started_at_s,
    }),
  ];
}

function journalMetrics(journal: NonNullable<WatchState['journal']>, now: number): Metric[] {
  const { bytes, most_bytes, waiting_records, unsynced_bytes, oldest_received_at, sync } = journal;
  const gauge = (name: string, help: string, value: number): Metric => ({
    ...{ name, type: 'gauge', help, samples: [{ value }] },
  });
  const counter = (name: string, help: string, ...samples: readonly Sample[]): Metric => ({
    ...{ name, type: 'counter', help, samples },
  });
  let below = 0;
  const buckets = sync_bounds_s.map((bound, i) => {
    below += sync.buckets[i] ?? 0;
    return { suffix: '_bucket', labels: { le: String(bound) }, value: below };
  });
  return [
    gauge('weir_journal_bytes', 'What the journal takes on the disk.', bytes),
    gauge('weir_journal_limit_bytes', 'What it may take.', most_bytes),
    gauge('weir_journal_waiting_records', 'Records kept in it that are not stored yet.', waiting_records),
    gauge('weir_journal_unsynced_bytes', 'Taken, and not on the disk yet.', unsynced_bytes),
    ...(oldest_received_at === null
      ? []
      : [
          gauge(
            'weir_journal_oldest_seconds',
            'How long ago the oldest waiting record came.',
            (now - oldest_received_at) / 1e6,
          ),
        ]),
    counter('weir_journal_kept_records_total', 'Records kept since the start.', {
      value: journal.kept_records,
    }),
    counter('weir_journal_stored_records_total', 'Records let go of since the start, as they are stored.', {
      value: journal.committed_records,
    }),
    counter(
      'weir_journal_refused_records_total',
      'Records refused for want of room, by priority.',
      ...Object.entries(journal.refused_records).map(([priority, value]) => ({
        labels: { priority },
        value,
      })),
    ),
    counter('weir_journal_failed_records_total', 'Records that the disk did not take.', {
      value: journal.failed_records,
    }),
    counter('weir_journal_damaged_records_total', 'Records lost with a part of it that was damaged.', {
      value: journal.set_aside.records,
    }),
    gauge('weir_journal_problem', '1: its disk is full or broken.', flag(journal.problem !== null)),
    {
      name: 'weir_journal_sync_seconds',
      type: 'histogram',
      help: 'How long the disk took to sync a group of records.',
      samples: [
        ...buckets,
        { suffix: '_bucket', labels: { le: '+Inf' }, value: sync.count },
        { suffix: '_sum', value: sync.sum_s },
        { suffix: '_count', value: sync.count },
      ],
    },
  ];
}
