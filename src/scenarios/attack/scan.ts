import type { End } from '../place.ts';
import { SECOND } from '../timeline.ts';
import type { Wire } from '../wire.ts';

/** What stands behind an address and port that is tried. */
export type Door = 'open' | 'closed' | 'silent';

/** One try of a TCP port, as a connect scan shows it. */
export function knock(wire: Wire, time: number, src: End, dst: End, port: number, door: Door): void {
  const { random } = wire;
  if (door === 'open')
    wire.tcp(time, src, dst, port, '', {
      duration_s: random.lognormal(0.002, 2),
      up: 0,
      down: 0,
      state: 'RSTO',
    });
  else
    wire.tcp(time, src, dst, port, '', {
      duration_s: 0,
      up: 0,
      down: 0,
      state: door === 'closed' ? 'REJ' : 'S0',
    });
}

/** Tries a list of doors at a steady rate (a second), in an order the scanner shuffles. */
export function sweep(
  wire: Wire,
  start: number,
  rate: number,
  src: End,
  doors: readonly { dst: End; port: number; door: Door }[],
): void {
  const order = wire.random.sample(doors, doors.length);
  let i = 0;
  wire.timeline.every(
    start,
    () => (i < order.length ? wire.random.exponential(1 / rate) * SECOND : 0),
    (now) => {
      const one = order[i++];
      if (one !== undefined) knock(wire, now, src, one.dst, one.port, one.door);
    },
  );
}

/** How long a sweep lasts at most, µs: three times the mean plus a second. */
export function sweepLength(doors: number, rate: number): number {
  return (1 + (3 * doors) / rate) * SECOND;
}

/** Ports that scanners like, most asked for first, then the rest in rising order. */
export function ports(count: number): number[] {
  const liked = [
    80, 23, 443, 21, 22, 25, 3389, 110, 445, 139, 143, 53, 135, 3306, 8080, 1723, 111, 995, 993, 5900, 1025,
    587, 8888, 199, 1720, 465, 548, 113, 81, 6001, 10000, 514, 5060, 179, 1026, 2000, 8443, 8000, 32768, 554,
    26, 1433, 49152, 2001, 515, 8008, 49154, 1027, 5666, 646,
  ];
  const known = new Set(liked);
  const all = [...liked];
  for (let port = 1; all.length < count && port <= 65_535; port++) if (!known.has(port)) all.push(port);
  return all.slice(0, count);
}
