import { z } from 'zod';
import { nearest } from '../base/near.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import { fit } from '../schema/fit.ts';
import { beacon } from './attack/beacon.ts';
import { brute_force } from './attack/brute-force.ts';
import { cleartext_password } from './attack/cleartext-password.ts';
import { collection } from './attack/collection.ts';
import { dead_control_server } from './attack/dead-control-server.ts';
import { dga } from './attack/dga.ts';
import { directory_replication } from './attack/directory-replication.ts';
import { dns_tunnel } from './attack/dns-tunnel.ts';
import { exfil } from './attack/exfil.ts';
import { form_guessing } from './attack/form-guessing.ts';
import { horizontal_scan } from './attack/horizontal-scan.ts';
import { host_flood } from './attack/host-flood.ts';
import { host_silent } from './attack/host-silent.ts';
import { icmp_tunnel } from './attack/icmp-tunnel.ts';
import { inbound_scan } from './attack/inbound-scan.ts';
import { kerberoasting } from './attack/kerberoasting.ts';
import { lateral_movement } from './attack/lateral-movement.ts';
import { long_connection } from './attack/long-connection.ts';
import { low_and_slow } from './attack/low-and-slow.ts';
import { mail_burst } from './attack/mail-burst.ts';
import { new_internal_service } from './attack/new-internal-service.ts';
import { odd_tls } from './attack/odd-tls.ts';
import { password_spraying } from './attack/password-spraying.ts';
import { phishing_click } from './attack/phishing-click.ts';
import { ping_sweep } from './attack/ping-sweep.ts';
import { port_protocol_mismatch } from './attack/port-protocol-mismatch.ts';
import { rare_destination } from './attack/rare-destination.ts';
import { signature_alert } from './attack/signature-alert.ts';
import { slow_scan } from './attack/slow-scan.ts';
import { stealth_scan } from './attack/stealth-scan.ts';
import { vertical_scan } from './attack/vertical-scan.ts';
import { backup } from './harmless/backup.ts';
import { browsing } from './harmless/browsing.ts';
import { dead_server } from './harmless/dead-server.ts';
import { device_moves } from './harmless/device-moves.ts';
import { directory_sessions } from './harmless/directory-sessions.ts';
import { keep_alive_pieces } from './harmless/keep-alive-pieces.ts';
import {
  connectivity_check,
  polling,
  resolver_without_route,
  update_sharing,
  video_call,
} from './harmless/known-shapes.ts';
import { mail_filter } from './harmless/mail-filter.ts';
import { mail_relay } from './harmless/mail-relay.ts';
import { mid_stream } from './harmless/mid-stream.ts';
import { new_laptop } from './harmless/new-laptop.ts';
import { new_software_rollout } from './harmless/new-software-rollout.ts';
import { night_shift } from './harmless/night-shift.ts';
import { one_sided } from './harmless/one-sided.ts';
import { person_travelling } from './harmless/person-travelling.ts';
import { printer_firmware } from './harmless/printer-firmware.ts';
import { proxy_sign_in } from './harmless/proxy-sign-in.ts';
import { stray_packets } from './harmless/stray-packets.ts';
import { subnet_broadcasts } from './harmless/subnet-broadcasts.ts';
import { update_check } from './harmless/update-check.ts';
import { video_upload } from './harmless/video-upload.ts';
import { vulnerability_scanner } from './harmless/vulnerability-scanner.ts';
import { merge } from './merge.ts';
import { office } from './office/office.ts';
import { sample } from './sample.ts';
import type { Answer, Scenario, Setting } from './scenario.ts';

/** Every scenario by name; parameters and their defaults are in `params`. */
export const scenarios = {
  backup,
  beacon,
  browsing,
  brute_force,
  cleartext_password,
  collection,
  connectivity_check,
  dead_control_server,
  device_moves,
  dead_server,
  dga,
  directory_replication,
  directory_sessions,
  dns_tunnel,
  low_and_slow,
  exfil,
  form_guessing,
  horizontal_scan,
  host_flood,
  host_silent,
  icmp_tunnel,
  inbound_scan,
  kerberoasting,
  lateral_movement,
  long_connection,
  mail_burst,
  mail_filter,
  keep_alive_pieces,
  mid_stream,
  mail_relay,
  new_internal_service,
  new_laptop,
  new_software_rollout,
  night_shift,
  odd_tls,
  office,
  one_sided,
  password_spraying,
  person_travelling,
  phishing_click,
  ping_sweep,
  polling,
  port_protocol_mismatch,
  printer_firmware,
  proxy_sign_in,
  rare_destination,
  sample,
  signature_alert,
  slow_scan,
  stealth_scan,
  stray_packets,
  subnet_broadcasts,
  update_check,
  resolver_without_route,
  update_sharing,
  vertical_scan,
  video_call,
  video_upload,
  vulnerability_scanner,
} as const;
export type ScenarioName = keyof typeof scenarios;

/** Parameters as a person writes them: checked and completed by the scenario. */
export type Given = Readonly<Record<string, unknown>>;

function find(name: string): Scenario<unknown> {
  if (!Object.hasOwn(scenarios, name)) throw new RangeError(unknownScenario(name));
  return scenarios[name as ScenarioName] as unknown as Scenario<unknown>;
}

function unknownScenario(name: string): string {
  const near = nearest(name, Object.keys(scenarios));
  const rest = near === null ? `there are ${Object.keys(scenarios).join(', ')}` : `${near} is near`;
  return `there is no scenario ${name}; ${rest}`;
}

/** One parameter of a scenario, for people. */
export interface Parameter {
  readonly name: string;
  /** as JSON; undefined: there is none */
  readonly default: string | undefined;
  readonly means: string;
  /** words it may be, where only some may */
  readonly one_of: readonly string[];
}

/** Parameters of a scenario with their defaults and meanings. Throws RangeError for an unknown name. */
export function parametersOf(name: string): Parameter[] {
  const { properties = {} } = z.toJSONSchema(find(name).params, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([parameter, schema]) => {
    const of = schema as { default?: unknown; description?: string; enum?: unknown[] };
    return {
      name: parameter,
      default: of.default === undefined ? undefined : JSON.stringify(of.default),
      means: of.description ?? '',
      one_of: (of.enum ?? []).map(String),
    };
  });
}

/** What is wrong in traffic as a detector's test writes it: names and values of scenarios, one sentence each. */
export function mixProblems(given: Given): string[] {
  const { scenario: name, with: others = [], ...params } = given;
  if (typeof name !== 'string') return ['scenario: the name of a scenario is missing'];
  const further = Array.isArray(others)
    ? others.flatMap((one: unknown) =>
        typeof one === 'object' && one !== null ? mixProblems(one as Given) : ['with: a list of scenarios'],
      )
    : ['with: a list of scenarios'];
  if (!Object.hasOwn(scenarios, name)) return [unknownScenario(name), ...further];
  const { misfits } = fit(find(name).params, params);
  return [...misfits.map(({ path, says }) => `scenario ${name}, ${path.join('.')}: ${says}`), ...further];
}

/** Events of one scenario in time order. A wrong parameter is a ZodError, an unknown name a RangeError. */
export function scenario(name: string, params: Given, setting: Setting): Iterable<WeirEvent> {
  const one = find(name);
  return one.generate(one.params.parse(params), setting);
}

/** What a detector should say of that scenario; nothing when it is harmless. */
export function answers(name: string, params: Given, setting: Setting): readonly Answer[] {
  const one = find(name);
  return one.answer(one.params.parse(params), setting);
}

/** A scenario as a detector's test writes it: name and parameters side by side, further ones in `with`. */
export interface Mix extends Given {
  readonly scenario: string;
  readonly with?: readonly Mix[];
}

/** All of a mix in one stream. Each part draws from a stream of its own under the same seed. */
export function mixed(mix: Mix, setting: Setting): Iterable<WeirEvent> {
  const streams = parts(mix).map(({ name, params }) => scenario(name, params, setting));
  return streams.length === 1 ? (streams[0] as Iterable<WeirEvent>) : merge(...streams);
}

export function mixedAnswers(mix: Mix, setting: Setting): readonly Answer[] {
  return parts(mix)
    .flatMap(({ name, params }) => answers(name, params, setting))
    .sort((a, b) => a.from - b.from);
}

function parts(mix: Mix): { name: string; params: Given }[] {
  const { scenario: name, with: others = [], ...params } = mix;
  return [{ name, params }, ...others.flatMap((other) => parts(other))];
}

export { merge } from './merge.ts';
export { sampleStart } from './sample.ts';
export type { Answer, Scenario, Setting } from './scenario.ts';
export { zeekJson, zeekLogOf } from './zeek-json.ts';
