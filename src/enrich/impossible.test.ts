import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../schema/event/connection.ts';
import { setImpossibleAside } from './impossible.ts';

const now = 1_700_000_000_000_000;
const plain = {
  time: now - 3600e6,
  duration_s: 2,
  src_bytes: 1000,
  dst_bytes: 50_000,
  src_packets: 10,
  dst_packets: 40,
  src_ip_bytes: 1400,
  dst_ip_bytes: 52_000,
  missed_bytes: 0,
  history: 'ShAFf',
};

const cases: [what: string, given: Partial<Connection>, changed: Partial<Connection>, notes: string[]][] = [
  ['an ordinary connection', {}, {}, []],
  [
    'payload beyond what its packets hold',
    { dst_bytes: 4_294_967_000 },
    { dst_bytes: null },
    ['dst_bytes: more than its packets can carry'],
  ],
  [
    'payload far beyond its IP bytes',
    { src_bytes: 90_000 },
    { src_bytes: null },
    ['src_bytes: more than its packets can carry'],
  ],
  [
    'payload of packets that the sensor lost, and says so',
    { dst_bytes: 9_000_000, missed_bytes: 8_950_000 },
    {},
    [],
  ],
  [
    'payload without one packet of that side',
    { dst_packets: 0, dst_ip_bytes: 0 },
    { dst_bytes: null },
    ['dst_bytes: more than its packets can carry'],
  ],
  [
    'IP bytes beyond what packets hold',
    { src_ip_bytes: 1e12 },
    { src_ip_bytes: 0 },
    ['src_ip_bytes: more than its packets can hold'],
  ],
  ['segments joined by the network card', { dst_bytes: 2_000_000, dst_ip_bytes: 2_001_600 }, {}, []],
  [
    'packets whose length the network card was to fill in',
    { history: 'ShADadFf', src_bytes: 2_181_167, src_packets: 582, src_ip_bytes: 22_269 },
    {},
    [],
  ],
  [
    'a sequence number that jumped after data was seen',
    { history: 'ShADadR', src_bytes: 2_181_167_000, src_packets: 582, src_ip_bytes: 22_269 },
    { src_bytes: null },
    ['src_bytes: more than its packets can carry'],
  ],
  [
    'a sensor that counts no packets',
    { src_packets: 0, dst_packets: 0, src_ip_bytes: 0, dst_ip_bytes: 0 },
    {},
    [],
  ],
  ['payload that is not counted', { src_bytes: null, dst_bytes: null }, {}, []],
  [
    'a connection that ends in the future',
    { duration_s: 1e8 },
    { duration_s: null },
    ['duration_s: ends in the future'],
  ],
];
for (const [what, given, changed, notes] of cases) {
  test(`${what}: ${notes.length === 0 ? 'nothing is set aside' : `set aside: ${notes.join(', ')}`}`, () => {
    const event = { ...plain, ...given } as Connection;
    const before = { ...event };
    setImpossibleAside(event, now);
    assert.deepEqual(event, { ...before, ...changed, ...(notes.length > 0 && { set_aside: notes }) });
  });
}
