import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { networkOf, oneSided, type Slot, slot_s, unseenAnswers } from './vantage.ts';

const of = { network: '10.1.2.0/24', way: 'src', direction: 'outbound' } as const;
const day = 20_000;
const first = (day * 86_400) / slot_s;

/** `n` connections of `hosts` hosts in one slot, a share of them one-sided. */
function slot(at: number, hosts: number, n: number, share: number, given: Partial<Slot> = {}): Slot {
  return { ...of, slot: first + at, hosts, one_sided_hosts: hosts * share, one_sided: n * share, ...given };
}

const since = (at: number): number => (first + at) * slot_s;

test('answers are known to be unseen from the end of the five minutes in which the evidence sufficed', () => {
  assert.deepEqual(unseenAnswers([slot(3, 2, 4, 1), slot(5, 3, 6, 1), slot(9, 3, 6, 1)]), [
    { ...of, day, since_s: since(6) },
    { ...of, day: day + 1, since_s: (day + 1) * 86_400 },
  ]);
});

test('a few connections, or a small share, prove nothing', () => {
  assert.deepEqual(unseenAnswers([slot(0, 9, 9, 1)]), []);
  assert.deepEqual(unseenAnswers([slot(0, 20, 500, 0.4)]), []);
});

test('one host that sends as if it had been answered does not blind the sensor for the others', () => {
  // 10,000 forged connections of one host, 21 others seen whole
  assert.deepEqual(
    unseenAnswers(
      Array.from({ length: 12 }, (_, i) => slot(i, 22, 0, 0, { one_sided_hosts: 1, one_sided: 10_000 })),
    ),
    [],
  );
});

test('each network, way and direction is judged by itself, and a mirror that was mended is believed a day later', () => {
  const found = unseenAnswers([
    slot(0, 5, 50, 1, { way: 'dst', direction: 'inbound' }),
    slot(0, 5, 50, 0),
    slot(288, 5, 50, 1, { network: '10.1.3.0/24' }),
    slot(3 * 288, 50, 500, 0, { network: '10.1.3.0/24' }),
    slot(4 * 288, 50, 500, 0, { network: '10.1.3.0/24' }),
  ]);
  assert.deepEqual(
    found.map((one) => [one.network, one.way, one.day - day]),
    [
      ['10.1.2.0/24', 'dst', 0],
      ['10.1.2.0/24', 'dst', 1],
      ['10.1.3.0/24', 'src', 1],
      ['10.1.3.0/24', 'src', 2],
    ],
  );
});

test('what comes later changes nothing of what was known by then', () => {
  const slots = fc
    .array(fc.tuple(fc.nat(900), fc.nat(6), fc.nat(30), fc.constantFrom(0, 0.5, 1)), { maxLength: 30 })
    .map((all) => {
      const by_time = new Map(all.map((one) => [one[0], one]));
      return [...by_time.values()]
        .sort((a, b) => a[0] - b[0])
        .map(([at, hosts, n, share]) => slot(at, hosts + 1, n, share));
    });
  fc.assert(
    fc.property(slots, fc.nat(30), (all, cut) => {
      const earlier = all.slice(0, cut);
      const known_until = cut < all.length ? all[cut]!.slot * slot_s : Number.POSITIVE_INFINITY;
      const known = unseenAnswers(all).filter((one) => one.since_s <= known_until);
      const then = unseenAnswers(earlier).filter((one) => one.since_s <= known_until);
      assert.deepEqual(known, then);
    }),
  );
});

test('only networks of which half is one-sided are told, the busiest first, of all or of a part of what they do', () => {
  const seen = [
    { network: 'a', scope: 'outside', sends_only: 93, receives_only: 0, both: 7 },
    { network: 'b', scope: 'outside', sends_only: 0, receives_only: 150, both: 3 },
    { network: 'b', scope: 'inside', sends_only: 0, receives_only: 150, both: 4 },
    { network: 'c', scope: 'outside', sends_only: 9, receives_only: 0, both: 0 },
    { network: 'd', scope: 'outside', sends_only: 40, receives_only: 40, both: 40 },
    { network: 'e', scope: 'outside', sends_only: 30, receives_only: 0, both: 0 },
    { network: 'e', scope: 'inside', sends_only: 0, receives_only: 0, both: 500 },
  ] as const;
  assert.deepEqual(
    oneSided(seen).map(({ network, scope, receives_only }) => [network, scope, receives_only]),
    [
      ['b', 'all', 300],
      ['a', 'all', 0],
      ['e', 'outside', 0],
    ],
  );
});

test('the network of an address is its /24 or its /64', () => {
  assert.equal(networkOf('10.1.2.77'), '10.1.2.0/24');
  assert.equal(networkOf('203.0.113.255'), '203.0.113.0/24');
  assert.equal(networkOf('2001:db8:0:1:2:3:4:5'), '2001:db8:0:1::/64');
  assert.equal(networkOf('name'), '');
});
