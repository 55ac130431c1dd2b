import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { WeirError } from '../base/error.ts';
import { painter, plain, terminalWidth } from '../base/terminal.ts';
import { findingsTable, ocsfLine } from '../report/index.ts';
import { KeptFinding } from '../schema/control/kept-finding.ts';
import { Severity } from '../schema/detector.ts';
import { argumentsOf, exits, whole } from './arguments.ts';
import { type StreamEvent, streamEvents } from './event-stream.ts';
import { findingPrinter } from './finding-printer.ts';
import { type Running, running, runningHelp, runningOptions } from './running.ts';
import { productVersion } from './version.ts';

export const help = `usage: weir findings [options]

What a running \`weir serve\` has found: those that changed last, the riskiest first.

${runningHelp}
  --severity WORD      at least so severe: informational, low, medium, high, critical
  --limit N            at most so many (default 50)
  --follow             tells each finding as it comes, or grows, until Ctrl-C; goes on when the server was away
  --json               OCSF Detection Findings, one JSON object a line

exit status: 0 done, 2 wrong usage, or no server answers, ${exits}`;

const options = {
  ...runningOptions,
  severity: { type: 'string' },
  limit: { type: 'string', default: '50' },
  follow: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const Page = z.object({ findings: z.array(KeptFinding), next: z.number().nullable() });

/** How long is waited before a server that went away is asked again, ms. */
const again_ms = 2000;

/** `weir findings`. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = argumentsOf(args, options, 'findings');
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (positionals.length > 0)
    throw new WeirError('usage', `weir findings takes no ${positionals.map(plain).join(' ')}\n\n${help}`);
  const limit = whole(values.limit, 'limit', 1, 1000);
  const query = new URLSearchParams({ shown: 'true', ...severityOf(values.severity) });
  const server = running(values);
  const json = ({ finding }: KeptFinding): void =>
    console.log(ocsfLine(finding, { version: productVersion() }));
  if (values.follow) {
    const print = findingPrinter(terminalWidth(process.stdout));
    await follow(server, query, values.json ? json : (one) => print(one.finding, one.version === 1));
    return 0;
  }
  query.set('limit', String(limit));
  const { findings, next } = await server.ask(`/v1/findings?${query}`, Page);
  const ranked = findings.toSorted((a, b) => b.finding.risk_score - a.finding.risk_score);
  if (values.json) ranked.forEach(json);
  else console.log(listed(ranked, next !== null));
  return 0;
}

function listed(ranked: readonly KeptFinding[], more: boolean): string {
  if (ranked.length === 0) return 'No findings.';
  const table = findingsTable(
    ranked.map((one) => one.finding),
    {
      ...{ width: terminalWidth(process.stdout), paint: painter(process.stdout), now: Date.now() * 1000 },
      limit: ranked.length,
    },
  );
  return more ? `${table}\n… and more that changed earlier; --limit N shows more` : table;
}

function severityOf(text: string | undefined): { severity_at_least?: Severity } {
  if (text === undefined) return {};
  const found = Severity.safeParse(text);
  if (!found.success)
    throw new WeirError('usage', `--severity: one of ${Severity.options.join(', ')}, not ${plain(text)}`);
  return { severity_at_least: found.data };
}

/** Tells what comes, without an end. */
async function follow(
  server: Running,
  query: URLSearchParams,
  tell: (one: KeptFinding) => void,
): Promise<void> {
  for await (const { event, data } of events(server, `/v1/stream?${query}`)) {
    if (event !== 'finding') continue;
    const found = KeptFinding.safeParse(JSON.parse(data));
    if (!found.success)
      throw new WeirError('server_unavailable', `${server.url} is a Weir of another version`);
    tell(found.data);
  }
}

/** Events of a stream, on and on: a server that was reached once is waited for when it goes away. */
async function* events(server: Running, path: string): AsyncGenerator<StreamEvent> {
  let [last, reached, away] = ['', false, false];
  for (;;) {
    try {
      const bytes = await server.open(path, last === '' ? {} : { 'last-event-id': last });
      [reached, away] = [true, false];
      for await (const one of streamEvents(bytes)) {
        if (one.id !== '') last = one.id;
        yield one;
      }
    } catch (error) {
      if (!reached || !mayComeBack(error)) throw error;
      if (!away) console.error(`weir: ${plain(server.url)} went away; waiting for it`);
      away = true;
    }
    await pause(again_ms);
  }
}

/** Whether a stream that ended so may be had again later: a connection that is cut is a TypeError of fetch. */
function mayComeBack(error: unknown): boolean {
  if (!(error instanceof WeirError)) return error instanceof TypeError;
  return ['server_unavailable', 'store_unavailable', 'busy'].includes(error.code);
}
