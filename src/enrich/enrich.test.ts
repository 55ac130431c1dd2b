import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WeirError } from '../base/error.ts';
import { scenario } from '../scenarios/index.ts';
import type { Connection } from '../schema/event/connection.ts';
import {
  createDuplicates,
  createEnricher,
  defaultLocalNetworks,
  localNetworks,
  registeredDomain,
  suggestLocalNetworks,
} from './index.ts';

const start = Date.UTC(2026, 0, 5) * 1000;
const connections = (): Connection[] =>
  [...scenario('browsing', { hours: 1 }, { seed: 3, start })].filter(
    (one): one is Connection => one.kind === 'connection',
  );

describe('local networks', () => {
  const isLocal = localNetworks(defaultLocalNetworks);
  for (const [ip, local] of [
    ['10.1.2.3', true],
    ['172.31.255.255', true],
    ['172.32.0.1', false],
    ['192.168.0.1', true],
    ['100.64.0.1', true],
    ['8.8.8.8', false],
    ['224.0.0.251', true],
    ['255.255.255.255', true],
    ['fd00::1', true],
    ['fe80::1', true],
    ['ff02::fb', true],
    ['2001:db8::1', false],
    ['', false],
  ] as const) {
    it(`${ip || 'an absent address'} is ${local ? 'local' : 'outside'}`, () =>
      assert.equal(isLocal(ip), local));
  }

  it('an operator may name networks, and loopback stays local whatever they are', () => {
    const mine = localNetworks(['203.0.113.0/24', '2001:db8:1::/48']);
    assert.deepEqual(
      ['203.0.113.9', '203.0.114.9', '2001:db8:1:ffff::1', '2001:db8:2::1', '127.0.0.1', '10.0.0.1'].map(
        mine,
      ),
      [true, false, true, false, true, false],
    );
  });

  it('a network that is none is a usage error', () => {
    for (const bad of ['10.0.0.0/33', 'office', '10.0.0/8', '::/129'])
      assert.throws(
        () => localNetworks([bad]),
        (error: WeirError) => error.code === 'usage',
      );
  });

  it('a network of public addresses that opens most connections is suggested', () => {
    const pairs = Array.from({ length: 60 }, (_, i) => ({
      src_ip: `147.32.80.${i % 5}`,
      dst_ip: `198.51.100.${i}`,
    }));
    assert.deepEqual(suggestLocalNetworks(pairs), ['147.32.80.0/24']);
  });

  it('nothing is suggested where private addresses talk', () => {
    assert.deepEqual(suggestLocalNetworks([{ src_ip: '10.0.0.1', dst_ip: '198.51.100.1' }]), []);
  });
});

describe('registered domain', () => {
  for (const [name, domain] of [
    ['mail.example.co.uk', 'example.co.uk'],
    ['example.com', 'example.com'],
    ['a.b.c.example.com', 'example.com'],
    ['1.0.0.10.in-addr.arpa', ''],
    ['printer.local', ''],
    ['localhost', ''],
    ['someone.github.io', 'someone.github.io'],
    ['', ''],
  ] as const) {
    it(`of "${name}" is "${domain}"`, () => assert.equal(registeredDomain(name), domain));
  }
});

describe('direction', () => {
  it('says who is inside, and every connection gets a community id', () => {
    const enricher = createEnricher({ local_networks: defaultLocalNetworks });
    for (const one of connections().slice(0, 50)) {
      enricher.enrich(one);
      assert.equal(one.direction, one.dst_local ? 'internal' : 'outbound');
      assert.match(one.community_id, /^1:[\w+/]{27}=$/);
    }
  });
});

describe('duplicates', () => {
  it('a file that is read twice is stored once', () => {
    const duplicates = createDuplicates();
    const events = connections();
    const first = events.map((one) => duplicates.check(one, 0, 0));
    const second = events.map((one) => duplicates.check({ ...one }, 1, 0));
    assert.ok(first.every((why) => why === null));
    assert.ok(second.every((why) => why === 'same record in another file'));
  });

  it('two alike records of one file are both kept; another file with three of them adds one', () => {
    const duplicates = createDuplicates();
    const one = connections()[0]!;
    assert.deepEqual(
      [0, 0].map((file) => duplicates.check(one, file, 0)),
      [null, null],
    );
    const again = [1, 1, 1].map((file) => duplicates.check(one, file, 0));
    assert.deepEqual(again.filter((why) => why === null).length, 1);
  });

  it('a flow that a second sensor saw 0.4 s later, from the other end, is stored once', () => {
    const duplicates = createDuplicates();
    const one = connections()[0]!;
    assert.equal(duplicates.check(one, 0, 0), null);
    const other = {
      ...one,
      uid: 'other',
      time: one.time + 400_000,
      src_ip: one.dst_ip,
      src_port: one.dst_port,
      dst_ip: one.src_ip,
      dst_port: one.src_port,
    };
    assert.equal(duplicates.check(other, 1, 1), 'same flow from another sensor');
  });

  it('two flows of one sensor with the same ends are two flows', () => {
    const duplicates = createDuplicates();
    const one = connections()[0]!;
    duplicates.check(one, 0, 0);
    assert.equal(duplicates.check({ ...one, uid: 'next', time: one.time + 400_000 }, 0, 0), null);
  });

  it('memory is bounded: what was forgotten is counted', () => {
    const duplicates = createDuplicates({ capacity: 2048 });
    const one = connections()[0]!;
    for (let i = 0; i < 10_000; i++) duplicates.check({ ...one, time: one.time + i * 5_000_000 }, 0, 0);
    assert.ok(duplicates.forgotten > 5_000);
  });
});
