import { readFileSync } from 'node:fs';
import { errorCodes, WeirError } from './base/error.ts';
import { nearest } from './base/near.ts';
import { runtimeProblem } from './base/runtime.ts';
import { plain } from './base/terminal.ts';

interface Command {
  readonly name: string;
  /** One line for `weir --help`. */
  readonly summary: string;
  /** Loaded only when the command runs, so that `weir --version` stays instant. */
  readonly load: () => Promise<{ run(args: string[]): Promise<number> }>;
}

/** To add a command: one file in cli/ that exports `run(args)` → exit status, and one line here. */
const commands: readonly Command[] = [
  {
    name: 'analyze',
    summary: 'read captures and logs, print ranked and explained findings',
    load: () => import('./cli/analyze.ts'),
  },
  {
    name: 'check',
    summary: 'validate detectors and features, list them',
    load: () => import('./cli/check.ts'),
  },
  { name: 'explain', summary: 'the whole story of one finding', load: () => import('./cli/explain.ts') },
  {
    name: 'findings',
    summary: 'what a running weir serve has found, and what it finds as it comes',
    load: () => import('./cli/findings.ts'),
  },
  {
    name: 'serve',
    summary: 'watch without an end: follow logs, take syslog and HTTP, tell as it comes',
    load: () => import('./cli/serve.ts'),
  },
  { name: 'start', summary: 'play sample traffic and show the result', load: () => import('./cli/start.ts') },
  {
    name: 'status',
    summary: 'what a running weir serve does, and what is wrong',
    load: () => import('./cli/status.ts'),
  },
];

/** Exit status of a fault in Weir itself; 1 belongs to commands that answer a question with no. */
const faultExit = 3;

/** `npm run weir` starts in the package's folder; paths are meant from where the person stands. */
function standWhereCalled(): void {
  const { npm_lifecycle_event, INIT_CWD } = process.env;
  if (npm_lifecycle_event === 'weir' && INIT_CWD) process.chdir(INIT_CWD);
}

async function main(args: string[]): Promise<number> {
  standWhereCalled();
  const problem = runtimeProblem(process.version);
  if (problem) throw new WeirError('usage', problem);
  const [name, ...rest] = args;
  if (name === '--version' || name === '-V') return print(version());
  if (name === '--help' || name === '-h' || name === 'help') return print(help());
  const command = commands.find((one) => one.name === name);
  if (command) return (await command.load()).run(rest);
  const near =
    name === undefined
      ? null
      : nearest(
          name,
          commands.map((one) => one.name),
        );
  const what =
    name === undefined
      ? 'No command was given.'
      : `There is no command "${name}"${near === null ? '' : `; ${near} is near`}.`;
  throw new WeirError('usage', `${what}\n\n${help()}`);
}

function version(): string {
  // package.json is one folder up from src/ as well as from dist/.
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}

function help(): string {
  const width = Math.max(...commands.map((one) => one.name.length), 9);
  const lines = commands.map((one) => `  ${one.name.padEnd(width)}  ${one.summary}`);
  return [
    'Weir learns what is normal on a network, says what is not, and why.',
    '',
    'usage: weir <command> [arguments]    weir <command> --help',
    '',
    ...lines,
    `  ${'--help'.padEnd(width)}  this page`,
    `  ${'--version'.padEnd(width)}  the version`,
  ].join('\n');
}

function print(text: string): number {
  console.log(text);
  return 0;
}

function exitOf(error: unknown): number {
  if (error instanceof WeirError) {
    // A message may quote traffic, paths or the engine: nothing of it may steer the terminal.
    console.error(`weir: ${error.message.split('\n').map(plain).join('\n')}`);
    return errorCodes[error.code].exit;
  }
  console.error('weir: a fault in Weir itself, please report it with these lines:', error);
  return faultExit;
}

// `weir … | head` closes our output early: that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  const full = error.code === 'ENOSPC' || error.code === 'EDQUOT';
  process.exit(
    exitOf(
      full
        ? new WeirError(
            'disk_full',
            'The output cannot be written: its disk is full; make room or write elsewhere',
          )
        : new WeirError('output_failed', `The output cannot be written (${error.code}); write it elsewhere`),
    ),
  );
});
// Notes that nobody can read are no reason to stop.
process.stderr.on('error', () => {});
process.exitCode = await main(process.argv.slice(2)).catch(exitOf);
