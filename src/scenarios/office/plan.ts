import type { WebProxy } from '../browse.ts';
import { Names } from '../exchange.ts';
import { cloudService, Internet } from '../internet.ts';
import { type End, end, officeAddresses } from '../place.ts';
import type { Random } from '../random.ts';
import { programs, type Software } from '../software.ts';
import { HOUR } from '../timeline.ts';
import type { Wire } from '../wire.ts';

export interface OfficeParams {
  readonly hosts: number;
  readonly days: number;
  readonly activity: number;
  readonly network: string;
  readonly utc_offset_h: number;
  readonly monitored: 'servers' | 'all';
  readonly monitoring_gap_s: number;
  readonly internet_noise_per_h: number;
  readonly proxy: boolean;
}

export interface Desk {
  readonly i: number;
  readonly end: End;
  readonly name: string;
  readonly user: string;
  readonly names: Names;
  readonly browser: Software;
  readonly random: Random;
  /** Earlier or later than the others, µs. */
  readonly habit: number;
  /** How much this person does, around 1. */
  readonly drive: number;
  /** Stays on at night. */
  readonly always_on: boolean;
  /** How much goes to the cloud by sync, around 1; few people are far above. */
  readonly syncs: number;
  readonly admin: boolean;
}

/** The office as laid out for one run. */
export interface Office {
  readonly wire: Wire;
  readonly params: OfficeParams;
  readonly start: number;
  readonly internet: Internet;
  readonly servers: { readonly [K in ServerName]: End };
  readonly resolver: End;
  /** The domain controller's own memory of names. */
  readonly forwarder: Names;
  readonly desks: readonly Desk[];
  /** Browsing goes through it; undefined: straight out. */
  readonly proxy: WebProxy | undefined;
  readonly cloud: ReturnType<typeof cloudServices>;
}

type Addresses = ReturnType<typeof officeAddresses>;
type ServerName = { [K in keyof Addresses]: Addresses[K] extends string ? K : never }[keyof Addresses];

/** Given names and family names that are common enough to belong to nobody. */
const given =
  'anna ben carla david elif frank grace hugo ines jonas kira leo mara nils olga paul rosa sam tara yusuf'.split(
    ' ',
  );
const family =
  'adams baker chen diaz evans fischer garcia haas ito jensen keller lopez meyer novak owen patel ruiz silva tran weber'.split(
    ' ',
  );

export function userName(i: number): string {
  const round = Math.floor(i / 400);
  const name = `${given[i % 20]?.[0]}.${family[(i * 7 + Math.floor(i / 20)) % 20]}`;
  const again = Math.floor((i % 400) / 20);
  return again + round === 0 ? name : `${name}${again + 20 * round}`;
}

export function deskName(i: number): string {
  return `pc-${String(i + 1).padStart(3, '0')}`;
}

function cloudServices() {
  return {
    telemetry: [
      { site: cloudService('events.data-insight.example', 0), gap_s: 1800, up: 4200, down: 900 },
      { site: cloudService('beacon.office-suite.example', 1), gap_s: 900, up: 2600, down: 700 },
      { site: cloudService('metrics.graphics-driver.example', 2, 1), gap_s: 14_400, up: 7000, down: 500 },
    ],
    antivirus: cloudService('reputation.endpoint-guard.example', 3),
    updates: cloudService('download.system-update.example', 4, 6),
    catalog: cloudService('catalog.system-update.example', 5),
    chat: cloudService('wss.team-chat.example', 6),
    calls: cloudService('media.video-meet.example', 7, 12),
    meetings: cloudService('api.video-meet.example', 8),
    sync: cloudService('content.cloud-drive.example', 9, 4),
    notify: cloudService('notify.cloud-drive.example', 10),
    connectivity: cloudService('www.connect-test.example', 11, 1),
    offsite: cloudService('eu1.offsite-vault.example', 12, 2),
    printer: cloudService('telemetry.print-maker.example', 13, 1),
    camera: cloudService('relay.camera-cloud.example', 14, 2),
    packages: cloudService('mirror.packages.example', 15, 2),
    push: cloudService('push.browser-vendor.example', 16),
  };
}

export function layOut(wire: Wire, params: OfficeParams, start: number): Office {
  const { desk: deskAddress, ...addresses } = officeAddresses(params.network);
  const servers = Object.fromEntries(
    Object.entries(addresses).map(([name, ip]) => [name, end(ip)]),
  ) as Office['servers'];
  const people = wire.random.fork('people');
  const desks = Array.from({ length: params.hosts }, (_, i): Desk => {
    const random = people.fork(`desk ${i}`);
    const place = end(deskAddress(i));
    return {
      i,
      end: place,
      name: deskName(i),
      user: userName(i),
      names: new Names(place, servers.domain_controller),
      browser: random.pick([
        programs.browser,
        programs.browser,
        programs.browser_edge,
        programs.browser_edge,
        programs.browser_gecko,
      ]),
      random,
      habit: random.normal() * 0.5 * HOUR,
      drive: params.activity * random.lognormal(1, 1.6),
      always_on: random.chance(0.25),
      syncs: random.lognormal(0.6, 3),
      admin: i === 2,
    };
  });
  const resolver = end('192.0.2.53');
  return {
    wire,
    params,
    start,
    internet: new Internet(),
    servers,
    resolver,
    forwarder: new Names(servers.domain_controller, resolver),
    desks,
    proxy: params.proxy
      ? { end: servers.proxy, names: new Names(servers.proxy, servers.domain_controller) }
      : undefined,
    cloud: cloudServices(),
  };
}
