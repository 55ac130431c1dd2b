import { join, resolve } from 'node:path';
import { detectorRoutes } from '../api/detectors.ts';
import { eventRoutes } from '../api/events.ts';
import { metricsRoutes } from '../api/metrics.ts';
import { routesOf, statusOf } from '../api/routes.ts';
import { createServer } from '../api/server.ts';
import { Stream } from '../api/stream.ts';
import { WeirError } from '../base/error.ts';
import { claimFolder, writeOwn } from '../base/own-files.ts';
import { plain } from '../base/terminal.ts';
import { TokenGuard } from '../base/token-guard.ts';
import { openJournal } from '../collect/index.ts';
import { defaultLocalNetworks } from '../enrich/index.ts';
import { noConfig, readConfig } from '../pipeline/config.ts';
import { inputsOf } from '../pipeline/live/inputs.ts';
import { Watch, type WatchOptions } from '../pipeline/live/watch.ts';
import type { InputConfig } from '../schema/config.ts';
import { createToken, listTokens, openControl, useToken } from '../store/control/index.ts';
import { openStore } from '../store/index.ts';
import { argumentsOf, budget, contentOf, exits, networks as networksOf } from './arguments.ts';
import { findingPrinter } from './finding-printer.ts';
import { tokenFile } from './running.ts';
import { productVersion } from './version.ts';

export const help = `usage: weir serve [PATH…] [options]

Watches without an end: follows files and folders, takes syslog and records over HTTP (weir.yaml says which), and tells
what is unusual as it comes. Ctrl-C ends it; the next start goes on where it ended.

  PATH                 files, folders and patterns to follow, beside those of --config
  --config FILE        settings: inputs, your networks, what hosts are
  --keep DIR           where everything is kept (default .weir-serve)
  --listen HOST:PORT   address of the API and of records over HTTP (default 127.0.0.1:7780)
  --content DIR        a folder of your own detectors beside the shipped ones (may be given several times)
  --local-nets LIST    your networks, such as 10.0.0.0/8,2001:db8::/32
  --budget N/day       at most so many lines a day (default 20/day)
  --keep-raw           keeps each record as it came

exit status: 0 ended by Ctrl-C, 2 wrong usage or settings, ${exits}`;

const options = {
  config: { type: 'string' },
  keep: { type: 'string', default: '.weir-serve' },
  listen: { type: 'string', default: '127.0.0.1:7780' },
  content: { type: 'string', multiple: true, default: [] as string[] },
  'local-nets': { type: 'string' },
  budget: { type: 'string', default: '20/day' },
  'keep-raw': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** How long inputs and requests have to end once Weir is told to stop, ms. */
const patience_ms = 5000;

/** `weir serve`. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = argumentsOf(args, options, 'serve');
  if (values.help) {
    console.log(help);
    return 0;
  }
  const content = contentOf(values.content);
  const config = values.config
    ? readConfig(
        values.config,
        content.roles.map((one) => one.id),
      )
    : noConfig;
  const networks =
    values['local-nets'] !== undefined ? networksOf(values['local-nets']) : (config.networks ?? []);
  const named: Record<string, InputConfig> = { ...config.inputs };
  if (positionals.length > 0)
    named['command-line'] = { follow: positionals.map((path) => resolve(path)), from: 'beginning' };
  if (Object.keys(named).length === 0)
    throw new WeirError(
      'usage',
      `nothing to watch: give a PATH to follow, or inputs in --config FILE\n\n${help}`,
    );
  const { host, port } = addressOf(values.listen);
  const now = (): number => Date.now() * 1000;
  const say = (line: string): void => console.error(`weir: ${plain(line)}`);
  const keep = resolve(values.keep);
  claimFolder(keep, 'service');
  const ended = signalled();
  outliveReader();
  const control = await openControl({ directory: join(keep, 'control') }, now());
  const store = await openStore({ directory: join(keep, 'events') });
  const journal = await openJournal({ directory: join(keep, 'journal'), tell: say });
  const guard = new TokenGuard(async (token) => (await useToken(control, token, now())) !== null);
  const inputs = await inputsOf(control, named, guard, now());
  const version = productVersion();
  const stream = new Stream(control, () => statusOf(watch.state(), version, keep));
  const print = printer();
  const watch = await Watch.open(store, control, content, journal, inputs.all, {
    ...{ roles: config.roles, networks, budget_per_day: budget(values.budget), keep_raw: values['keep-raw'] },
    local_networks: networks.length > 0 ? networks : defaultLocalNetworks,
    ...{ evidence: 5, at_once: 2, now, say },
    told: (changes, states) => {
      print(changes, states);
      stream.wake();
    },
  });
  const server = createServer({
    ...{ host, port, version, guard },
    notReady: () => (watch.state().problem === null ? [] : ['the store']),
    onFault: (error) => say(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  });
  server.add(routesOf({ control, state: () => watch.state(), now, version, folder: keep }));
  server.add(detectorRoutes(content.detectors, () => watch.state()));
  server.add(eventRoutes(store));
  server.add(stream.routes);
  server.add(
    metricsRoutes(control, () => ({
      ...{ state: watch.state(), now: now(), version, stream_readers: stream.readers },
    })),
  );
  for (const one of inputs.http) server.addInput(one.routes);
  try {
    await Promise.race([watch.start(), ended, watch.broken]);
    const address = await server.listen();
    await welcome(control, `http://${host}:${address.port}`, keep, Object.keys(named), now());
    await Promise.race([ended, watch.broken]);
    say('ending: storing what was taken (a second signal ends at once)');
  } finally {
    await server.close(patience_ms / 2);
    await watch.stop(patience_ms);
    await store.close();
    await control.close();
  }
  return 0;
}

/** Whoever reads what it prints may go away: that ends other commands, never the watch. Findings are kept all the same. */
function outliveReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners('error');
    stream.on('error', () => {});
  }
}

/** Resolves at the first signal to end; at the second the process ends at once. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    let first = true;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (!first) process.exit(130);
        first = false;
        resolve();
      });
  });
}

async function welcome(
  control: Parameters<typeof listTokens>[0],
  url: string,
  keep: string,
  sources: readonly string[],
  now: number,
): Promise<void> {
  const tokens = await listTokens(control);
  console.log(`Weir watches ${sources.join(', ')} and keeps everything in ${keep}.`);
  console.log(`API: ${url} (to read it: ${url}/docs)`);
  if (tokens.length === 0) {
    const token = await createToken(control, 'first', now);
    console.log(`Token of the API, shown this once: ${token}`);
    writeOwn(tokenFile(keep), `${token}\n`);
    console.log(`It is also in ${tokenFile(keep)}, for weir status and weir findings.`);
  }
  console.log('Findings appear here as they come. Ctrl-C ends it; the next start goes on from there.\n');
}

/** Prints findings that are new or have changed. */
function printer(): WatchOptions['told'] {
  const print = findingPrinter(100);
  return (changes, states) => {
    const by_id = new Map(states.map((one) => [one.finding.finding_id, one]));
    for (const { finding_id, change } of changes) {
      const one = by_id.get(finding_id);
      if (one?.shown) print(one.finding, change === 'new');
    }
  };
}

function addressOf(text: string): { host: string; port: number } {
  const found = /^(?:(.+):)?(\d{1,5})$/.exec(text);
  const port = Number(found?.[2]);
  if (!found || port > 65_535)
    throw new WeirError(
      'usage',
      `--listen: an address and a port such as 127.0.0.1:7780, not ${plain(text)}`,
    );
  return { host: found[1] ?? '127.0.0.1', port };
}
