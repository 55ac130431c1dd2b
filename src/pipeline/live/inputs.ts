import { readFileSync } from 'node:fs';
import { WeirError } from '../../base/error.ts';
import type { TokenGuard } from '../../base/token-guard.ts';
import {
  captureInput,
  followInput,
  type HttpInput,
  httpInput,
  type LiveInput,
  syslogInput,
} from '../../collect/index.ts';
import type { InputConfig } from '../../schema/config.ts';
import type { JsonValue } from '../../schema/json.ts';
import { type Control, listPositions, saveSource } from '../../store/control/index.ts';

/** Inputs of an entry each, and those among them that add routes to the server. */
export interface Inputs {
  readonly all: readonly LiveInput[];
  readonly http: readonly HttpInput[];
}

/**
 * Makes the inputs that the settings name, each where it was when it ended, and notes them in the control store. `now`: µs
 * since 1970.
 * @throws WeirError config_invalid for a certificate that cannot be read
 */
export async function inputsOf(
  control: Control,
  named: Readonly<Record<string, InputConfig>>,
  guard: TokenGuard,
  now: number,
): Promise<Inputs> {
  const all: LiveInput[] = [];
  const http: HttpInput[] = [];
  for (const [source, settings] of Object.entries(named)) {
    const plain = JSON.parse(JSON.stringify(settings)) as JsonValue;
    await saveSource(control, { id: source, kind: kindOf(settings), settings: plain }, now);
    if ('follow' in settings) {
      const positions = await listPositions(control, source);
      all.push(followInput({ source, paths: settings.follow, from: settings.from, positions }));
    } else if ('syslog' in settings) {
      const { udp, tcp, tls } = settings.syslog;
      const keys = tls && {
        ...{ host: tls.host, port: tls.port, cert: pem(source, tls.cert), key: pem(source, tls.key) },
        ...(tls.ca !== undefined && { ca: pem(source, tls.ca) }),
      };
      all.push(syslogInput({ source, ...(udp && { udp }), ...(tcp && { tcp }), ...(keys && { tls: keys }) }));
    } else if ('http' in settings) {
      const input = httpInput({ source, guard, elasticsearch_path: '/elastic' });
      all.push(input);
      http.push(input);
    } else {
      const { capture, filter } = settings;
      all.push(captureInput({ source, interface: capture, ...(filter !== undefined && { filter }) }));
    }
  }
  return { all, http };
}

function kindOf(settings: InputConfig): string {
  if ('follow' in settings) return 'files';
  if ('syslog' in settings) return 'syslog';
  return 'http' in settings ? 'http' : 'capture';
}

function pem(source: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new WeirError('config_invalid', `${source}: ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
