import { WeirError } from '../base/error.ts';
import { painter, plain, terminalWidth } from '../base/terminal.ts';
import { statusText } from '../report/index.ts';
import { Status } from '../schema/status.ts';
import { argumentsOf, exits } from './arguments.ts';
import { running, runningHelp, runningOptions } from './running.ts';

export const help = `usage: weir status [options]

What a running \`weir serve\` does: its sources, how far it has judged, what it has lost, and what is wrong.

${runningHelp}
  --json               as JSON: what GET /v1/status answers

exit status: 0 it runs and nothing is wrong, 1 it runs and something is wrong, 2 wrong usage, or no server answers,
${exits}`;

const options = {
  ...runningOptions,
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** `weir status`. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = argumentsOf(args, options, 'status');
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (positionals.length > 0)
    throw new WeirError('usage', `weir status takes no ${positionals.map(plain).join(' ')}\n\n${help}`);
  const status = await running(values).ask('/v1/status', Status);
  if (values.json) console.log(JSON.stringify(status));
  else
    console.log(
      statusText(status, {
        ...{ width: terminalWidth(process.stdout), paint: painter(process.stdout), now: Date.now() * 1000 },
      }),
    );
  return isWrong(status) ? 1 : 0;
}

/** Whether something has to be mended. Pure. */
export function isWrong({ problem, failed, journal, sources }: Status): boolean {
  return (
    problem !== null ||
    failed.length > 0 ||
    (journal?.problem ?? null) !== null ||
    sources.some((one) => one.problem !== null)
  );
}
