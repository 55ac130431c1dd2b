import { type End, end, outside } from './place.ts';
import { Random, Zipf } from './random.ts';

/** A made-up site of the internet. */
export interface Site {
  readonly name: string;
  readonly ends: readonly End[];
  readonly ips: readonly string[];
  readonly ttl_s: number;
  /** Typical payload of a page from it, bytes. */
  readonly page_bytes: number;
  readonly quic: boolean;
  readonly clear: boolean;
  /** Sites that its pages pull from: content networks, fonts, counters. */
  readonly pulls: readonly Site[];
}

const first =
  'amber ash autumn bay birch bright brook cedar city clear cloud coast copper coral daily delta dune east ember fair fern field first fjord forest fox garden glass global gold grand green harbor hazel hill home iron island ivy jade juniper lake lark leaf light linden maple marble meadow metro mill moon moss north oak ocean olive open orchard paper pearl pine plain prime quick quiet rain red ridge river robin rose royal sage sand silver sky slate smart snow solar south spring star stone summit sun swift tide true valley velvet west wild willow wind winter wood'.split(
    ' ',
  );
const second =
  'academy atlas auction bank bazaar bikes blog board books cafe cars center chat clinic club code craft deals desk diary digest docs express farm fashion feed film finance fit food forum games gazette goods guide health hotel hub jobs journal kitchen lab law library live maps market media mobile money music network news notes outlet panel parts photo planet play post press radio recipes review school search shop social space sports store stream studio supply talk tech theater tickets times tools trade travel tube university video voice weather wiki works world zone'.split(
    ' ',
  );

/** `n`-th made-up registered domain; different for every n below 90,000 or so. */
export function madeDomain(n: number): string {
  const all = first.length * second.length;
  const at = (n * 7919) % all;
  const round = Math.floor(n / all);
  return `${first[at % first.length]}-${second[Math.floor(at / first.length)]}${round === 0 ? '' : round}.example`;
}

/** The part of the internet that an office talks to. */
export class Internet {
  readonly sites: readonly Site[];
  private readonly random: Random;
  private readonly popularity: Zipf;
  private readonly tail = new Map<number, Site>();
  private readonly thirds: readonly Site[];
  private readonly contentNetwork: readonly End[];

  /** Names and addresses are the same for every seed: only their use differs. */
  constructor(shared = 400) {
    this.random = new Random(1, 'internet');
    this.contentNetwork = Array.from({ length: 40 }, (_, i) => end(outside(60_000 + i)));
    this.thirds = Array.from({ length: 48 }, (_, i) => this.third(i));
    this.sites = Array.from({ length: shared }, (_, i) => this.site(i, 0.4));
    this.popularity = new Zipf(shared, 1.05);
  }

  /** A site by popularity, the same order for everybody. */
  popular(random: Random): Site {
    return this.sites[this.popularity.draw(random)] as Site;
  }

  /** A site of the long tail; hardly anybody else goes there. */
  rare(n: number): Site {
    const at = 1000 + (n % 60_000);
    let site = this.tail.get(at);
    if (site === undefined) {
      site = this.site(at, 0.25);
      if (this.tail.size < 20_000) this.tail.set(at, site);
    }
    return site;
  }

  private site(n: number, hosted: number): Site {
    const random = new Random(n, 'site');
    const ends = random.chance(hosted)
      ? random.sample(this.contentNetwork, 2)
      : Array.from({ length: random.pick([1, 1, 1, 2, 4]) }, (_, i) => end(outside(1000 + n * 9 + i)));
    return {
      name: `${random.pick(['www', 'www', 'www', 'm', 'app', 'shop'])}.${madeDomain(n)}`,
      ends,
      ips: ends.map((e) => e.ip),
      ttl_s: random.pick([60, 300, 300, 600, 3600]),
      page_bytes: random.lognormal(180_000, 2.5),
      quic: random.chance(0.3),
      clear: random.chance(0.04),
      pulls: random.sample(this.thirds, random.int(2, 9)),
    };
  }

  private third(i: number): Site {
    const { random } = this;
    const ends = i < 24 ? random.sample(this.contentNetwork, 3) : [end(outside(62_000 + i * 3))];
    const label = ['static', 'fonts', 'ads', 'count', 'img', 'tags'][i % 6];
    return {
      name: `${label}${i}.${['edge', 'media', 'tag', 'pixel'][i % 4]}-delivery${i % 16}.example`,
      ends,
      ips: ends.map((e) => e.ip),
      ttl_s: random.pick([60, 120, 300]),
      page_bytes: random.lognormal(35_000, 2.5),
      quic: random.chance(0.5),
      clear: false,
      pulls: [],
    };
  }
}

/** A service of one name that the whole office uses. `n` keeps the addresses apart. */
export function cloudService(name: string, n: number, addresses = 3): Site {
  const ends = Array.from({ length: addresses }, (_, i) => end(outside(64_000 + n * 16 + i)));
  return {
    name,
    ends,
    ips: ends.map((e) => e.ip),
    ttl_s: 300,
    page_bytes: 20_000,
    quic: false,
    clear: false,
    pulls: [],
  };
}
