import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { WeirError } from '../base/error.ts';
import { counted } from '../base/format.ts';
import { markerOf } from '../base/own-files.ts';
import { createProgress, painter, plain, terminalWidth } from '../base/terminal.ts';
import { noConfig, readConfig } from '../pipeline/config.ts';
import { type AnalyzeOptions, type AnalyzeResult, analyze, runDefaults } from '../pipeline/route.ts';
import { findingsTable, ocsfLine, paragraph, runSummary } from '../report/index.ts';
import { Severity, severities } from '../schema/detector.ts';
import { total } from '../schema/ledger.ts';
import type { Store, StoreOptions, StorePlace } from '../store/index.ts';
import { argumentsOf, budget, contentOf, exits, instant, networks, whole } from './arguments.ts';
import { productVersion } from './version.ts';
import { withStore } from './with-store.ts';

export const help = `usage: weir analyze PATH… [options]

Reads captures (pcap, pcapng), Zeek logs (TSV, JSON) and Suricata eve.json, also as shippers wrap them (syslog, Filebeat,
Splunk, Elasticsearch), learns what is usual in them and prints what is not, with the reason. PATH: files, folders, patterns, or - for standard input; gzip and zstd are unpacked.

  --json               one OCSF Detection Finding (class 2004) a line on standard output, nothing else; notes go to standard error
  --baseline PATH      learn from this first (may be given several times)
  --since, --until T   report only what ends after / leave out what happens after an instant (UTC)
  --local-nets NETS    comma-separated networks that are yours (default: the private ranges)
  --config FILE        your networks and the roles of hosts, in YAML (see README: Settings)
  --budget N/day       at most so many lines a day (default 20/day); medium and more is never held
  --detector ID        only this detector (may be given several times); weir check lists them
  --content DIR        a folder of your own detectors and features beside the shipped ones
  --top N              findings told in a paragraph (default 5)
  --evidence N         events shown per finding (default 5)
  --fail-on SEVERITY   exit with status 1 when a finding is at least: ${Severity.options.join(', ')}
  --keep DIR           keep the store in DIR, for weir explain; its events take the place of those of the run before
  --retention DAYS     with --keep or --store: events are deleted so many days after they were stored (default: never)
  --keep-raw           keep the raw records in the store as well
  --store URL          use a ClickHouse server instead of the embedded engine (user, password: WEIR_STORE_USER, WEIR_STORE_PASSWORD)

exit status: 0 done, 1 done with a finding at or above --fail-on, 2 wrong usage or input,
no store that can be reached, or a detector failed, ${exits}`;

const options = {
  json: { type: 'boolean', default: false },
  baseline: { type: 'string', multiple: true, default: [] as string[] },
  since: { type: 'string' },
  until: { type: 'string' },
  'local-nets': { type: 'string' },
  config: { type: 'string' },
  budget: { type: 'string', default: '20/day' },
  detector: { type: 'string', multiple: true, default: [] as string[] },
  content: { type: 'string', multiple: true, default: [] as string[] },
  top: { type: 'string', default: '5' },
  evidence: { type: 'string', default: '5' },
  'fail-on': { type: 'string' },
  keep: { type: 'string' },
  retention: { type: 'string' },
  'keep-raw': { type: 'boolean', default: false },
  store: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** `weir analyze`: files in, ranked and explained findings out. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = argumentsOf(args, options, 'analyze');
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (positionals.includes('')) throw new WeirError('usage', 'an empty path names nothing to read');
  if (positionals.length === 0) throw new WeirError('usage', `nothing to read was given\n\n${help}`);
  const fail_on = values['fail-on'] === undefined ? null : severityOf(values['fail-on']);
  const top = whole(values.top, 'top');
  const place = placeOf(values.keep, values.store);
  const content = contentOf(values.content);
  const roles = content.roles.map(({ id }) => id);
  const analyze_options = optionsOf(values, positionals, roles);
  const progress = createProgress(process.stderr);
  const work = (store: Store): Promise<AnalyzeResult> =>
    analyze(store, content, { ...analyze_options, progress: progress.update });
  const result = await withStore(place, work, retentionOf(values)).finally(progress.done);
  if (values.json) printJson(result);
  else printText(result, { top, keep: values.keep ?? null });
  for (const line of warnings(result, values.json, values.keep ?? null)) console.error(`weir: ${line}`);
  if (result.failed.length > 0) return 2;
  const fails = (severity: Severity): boolean =>
    fail_on !== null && severities[severity] >= severities[fail_on];
  return result.findings.some((one) => fails(one.severity)) ? 1 : 0;
}

/** A hundred years: more is a mistake, and no date of the store's. */
const most_days = 36_500;

/** How long events are kept; without the option it stays as it was. */
function retentionOf({
  retention,
  keep,
  store,
}: {
  retention?: string;
  keep?: string;
  store?: string;
}): StoreOptions {
  if (retention === undefined) return {};
  if (keep === undefined && store === undefined)
    throw new WeirError(
      'usage',
      '--retention goes with --keep or --store: a temporary store is removed at the end',
    );
  return { retention_days: whole(retention.replace(/d$/, ''), 'retention', 1, most_days) };
}

type Values = ReturnType<typeof argumentsOf<typeof options>>['values'];

/** The options of the run, each checked before anything is read. */
function optionsOf(
  values: Values,
  paths: readonly string[],
  roles: readonly string[],
): Omit<AnalyzeOptions, 'progress'> {
  const since = values.since === undefined ? null : instant(values.since, 'since');
  const until = values.until === undefined ? null : instant(values.until, 'until');
  if (since !== null && until !== null && since >= until)
    throw new WeirError('usage', `--since ${values.since} is not before --until ${values.until}`);
  const config = values.config === undefined ? noConfig : readConfig(values.config, roles);
  return {
    run_id: randomUUID(),
    version: productVersion(),
    paths,
    baseline_paths: values.baseline,
    since,
    until,
    local_networks:
      values['local-nets'] === undefined ? (config.networks ?? null) : networks(values['local-nets']),
    roles: config.roles,
    budget_per_day: budget(values.budget),
    detectors: values.detector,
    keep_raw: values['keep-raw'],
    evidence: whole(values.evidence, 'evidence'),
    at_once: runDefaults.at_once,
    now: Date.now() * 1000,
  };
}

/** What must be said beside the findings; the readable answer says most of it itself. */
function warnings(result: AnalyzeResult, json: boolean, keep: string | null): string[] {
  const failed = result.failed.map((one) =>
    plain(`detector ${one.detector} (${one.file}) failed, so what it sees is missing: ${one.why}`),
  );
  if (!json) return failed;
  const kept = keep === null ? '--keep DIR keeps them, table reject' : `kept in ${keep}, table reject`;
  const rejected = result.inputs.reduce((sum, one) => sum + total(one.ledger.rejected), 0);
  const lost = rejected === 0 ? [] : [`${counted(rejected, 'record')} could not be read; ${kept}`];
  const local = result.local_note === null ? [] : [plain(result.local_note)];
  return [...local, ...lost, result.baseline_note, ...failed];
}

function severityOf(text: string): Severity {
  const result = Severity.safeParse(text);
  if (!result.success)
    throw new WeirError('usage', `--fail-on: one of ${Severity.options.join(', ')}, not ${text}`);
  return result.data;
}

/** The store of a run: kept in a folder, on a server, or temporary. */
function placeOf(keep: string | undefined, url: string | undefined): StorePlace {
  if (keep !== undefined && url !== undefined)
    throw new WeirError('usage', '--keep and --store exclude each other');
  if (keep !== undefined && existsSync(keep) && markerOf(keep)?.kind === 'sample')
    throw new WeirError(
      'usage',
      `--keep: ${plain(keep)} holds the sample of weir start, which the next start replaces; name another folder`,
    );
  if (url === undefined) return { directory: keep === undefined ? null : resolve(keep) };
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url))
    throw new WeirError(
      'usage',
      `--store: the URL of a ClickHouse server such as http://localhost:8123, not ${plain(url)}; a folder is named with --keep`,
    );
  const { WEIR_STORE_USER = 'default', WEIR_STORE_PASSWORD = '' } = process.env;
  return { url, database: 'default', username: WEIR_STORE_USER, password: WEIR_STORE_PASSWORD };
}

function printJson(result: AnalyzeResult): void {
  const product = { version: productVersion() };
  for (const finding of result.findings) console.log(ocsfLine(finding, product));
}

/** The readable answer: summary, ranked table, a paragraph for each of the top ones, and where to go from there. */
export function printText(
  result: AnalyzeResult,
  { top, keep, command = 'weir' }: { top: number; keep: string | null; command?: string },
): void {
  const width = terminalWidth(process.stdout);
  const paint = painter(process.stdout);
  console.log(runSummary(result, { width, keep, paint }));
  if (result.findings.length === 0) {
    const judged = result.runs.reduce((sum, one) => sum + one.judged, 0);
    const missing = result.failed.length === 0 ? '' : ', but not every detector could look (see above)';
    // Silence because nothing could be looked at must not read like an all-clear.
    const answer =
      judged > 0 && result.events > 0
        ? `Nothing unusual was found${missing}.`
        : `Nothing could be judged: ${result.events === 0 ? 'no events were read' : 'no host did enough of anything that a detector looks at'}${missing}.`;
    console.log(`\n${answer} ${command} check lists what each detector sees and misses.`);
    return;
  }
  console.log(`\n${findingsTable(result.findings, { width, paint, now: Date.now() * 1000 })}`);
  for (const [i, finding] of result.findings.slice(0, top).entries())
    console.log(`\n${paragraph(finding, { width, rank: i + 1, paint })}`);
  if (keep !== null)
    console.log(`
The whole story of one: ${command} explain ${result.findings[0]!.finding_id.slice(0, 8)} --keep ${keep}`);
}
