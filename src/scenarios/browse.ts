import { http, type Names, type TlsTalk, tls, tunnel } from './exchange.ts';
import type { Internet, Site } from './internet.ts';
import type { End } from './place.ts';
import type { Random } from './random.ts';
import type { Software } from './software.ts';
import { SECOND } from './timeline.ts';
import type { Wire } from './wire.ts';

/** A web proxy: it looks names up and connects for the browsers. */
export interface WebProxy {
  readonly end: End;
  readonly names: Names;
}

/** Somebody at a browser: what they like, what is still open. */
export class Surfer {
  private readonly open = new Map<string, number>();
  private readonly favourites: readonly Site[];
  private readonly own: readonly Site[];
  readonly client: End;
  readonly names: Names;
  private readonly internet: Internet;
  private readonly software: Software;
  private readonly random: Random;
  private readonly proxy: WebProxy | undefined;

  constructor(
    client: End,
    names: Names,
    internet: Internet,
    software: Software,
    random: Random,
    proxy?: WebProxy,
  ) {
    this.proxy = proxy;
    this.client = client;
    this.names = names;
    this.internet = internet;
    this.software = software;
    this.random = random;
    this.favourites = Array.from({ length: 8 }, () => internet.popular(random));
    this.own = Array.from({ length: 60 }, () => internet.rare(random.int(0, 59_999)));
  }

  next(): Site {
    const { random } = this;
    const at = random.unit();
    if (at < 0.45) return random.pick(this.favourites);
    if (at < 0.86) return this.internet.popular(random);
    if (at < 0.97) return random.pick(this.own);
    return this.internet.rare(random.int(0, 59_999));
  }

  /** Seconds of reading before the next page. */
  think(): number {
    return Math.min(1800, this.random.lognormal(28, 2.9));
  }

  /** One page: its site, then some of what it pulls in, over connections still open where there are. */
  visit(wire: Wire, time: number, site = this.next()): void {
    this.fetch(wire, time, site, site.page_bytes);
    const { random } = this;
    let then = time + random.lognormal(0.12, 1.6) * SECOND;
    for (const other of site.pulls) {
      if (!random.chance(0.45)) continue;
      this.fetch(wire, then, other, other.page_bytes);
      then += random.exponential(0.05) * SECOND;
    }
  }

  private fetch(wire: Wire, time: number, site: Site, typical: number): void {
    const { random, open } = this;
    const until = open.get(site.name);
    if (until !== undefined && until > time) return;
    if (open.size > 200) open.clear();
    const names = this.proxy?.names ?? this.names;
    const now = names.resolve(wire, time, site.name, site.ips, site.ttl_s);
    const dst = random.pick(site.ends);
    const down = random.lognormal(typical, 3);
    const up = 900 + random.lognormal(1100, 2.2) + down * 0.012;
    // A browser keeps a connection for a while after the last answer: half a minute to some minutes.
    const duration_s = random.lognormal(28, 2.6);
    open.set(site.name, now + duration_s * SECOND);
    if (site.clear && this.proxy === undefined) {
      const mime = random.pick(['text/html', 'text/html', 'image/jpeg', 'application/javascript']);
      http(wire, now, this.client, dst, [
        {
          host: site.name,
          uri: `/${mime === 'text/html' ? 'articles' : 'assets'}/${random.int(1, 4000)}`,
          user_agent: this.software.user_agent,
          response_bytes: Math.round(down),
          response_mime: mime,
          status_code: random.pick([200, 200, 200, 200, 304, 404]),
        },
      ]);
      return;
    }
    const at = random.unit();
    const talk: TlsTalk = {
      software: this.software,
      server_name: site.name,
      duration_s: at < 0.004 ? 3 : duration_s,
      up,
      down,
      quic: site.quic && at >= 0.25 && this.proxy === undefined,
      state: at < 0.004 ? 'S0' : at < 0.2 ? 'RSTO' : at < 0.24 ? 'RSTR' : at < 0.25 ? 'S1' : 'SF',
    };
    if (this.proxy === undefined) tls(wire, now, this.client, dst, talk);
    else tunnel(wire, now, this.client, this.proxy.end, dst, talk);
  }
}

/** Lets somebody browse from `time` to `until`: bursts of pages, then something else for a while. */
export function browse(
  wire: Wire,
  surfer: Surfer,
  random: Random,
  time: number,
  until: (time: number) => number,
  rest_min: number,
): void {
  let left = 0;
  wire.timeline.every(
    time,
    (now) => {
      const resume = until(now);
      if (resume < 0) return 0;
      if (resume > now) return resume - now;
      if (--left > 0) return surfer.think() * SECOND;
      left = Math.ceil(random.lognormal(5, 2.2));
      return random.exponential(rest_min) * 60 * SECOND;
    },
    (now) => {
      if (until(now) === now) surfer.visit(wire, now);
    },
  );
}
