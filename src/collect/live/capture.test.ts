import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { WeirError } from '../../base/error.ts';
import { captureArguments, captureInput, captureProgram, dropsIn, whyNoCapture } from './capture.ts';
import type { Delivery } from './input.ts';

const options = { source: 's', interface: 'eth0' };

describe('what reaches the command line', () => {
  it('is an interface, a length and one filter, in their places', () => {
    const args = captureArguments('/usr/sbin/tcpdump', {
      ...options,
      filter: '-w /etc/passwd',
      snap_bytes: 128,
    });
    assert.deepEqual(args.slice(-8), ['-i', 'eth0', '-s', '128', '-w', '-', '--', '-w /etc/passwd']);
    assert.deepEqual(captureArguments('/usr/bin/dumpcap', { ...options, filter: 'udp' }), [
      ...['-q', '-P', '-i', 'eth0', '-f', 'udp', '-w', '-'],
    ]);
  });

  for (const [what, wrong] of [
    ['an option for a name', { interface: '-w' }],
    ['a path for a name', { interface: '../x' }],
    ['a filter of two lines', { filter: 'udp\ntcp' }],
    ['a length that is none', { snap_bytes: 1.5 }],
  ] as const)
    it(`${what} is refused`, () => {
      assert.throws(
        () => captureArguments('tcpdump', { ...options, ...wrong }),
        (error) => error instanceof WeirError && error.code === 'config_invalid',
      );
    });
});

describe('what a child says', () => {
  it('how much was dropped', () => {
    const tcpdump =
      '12 packets captured\n12 packets received by filter\n3 packets dropped by kernel\n1 packet dropped by interface\n';
    assert.deepEqual(
      [...dropsIn(tcpdump)],
      [
        ['packets dropped by the kernel', 3],
        ['packets dropped by the interface', 1],
      ],
    );
    const dumpcap =
      "Packets received/dropped on interface 'eth0': 10/2 (pcap:1/dumpcap:1/flushed:0/ps_ifdrop:0) (83.3%)";
    assert.deepEqual([...dropsIn(dumpcap)], [['packets dropped by the kernel', 2]]);
  });

  it('why it cannot capture, with what to do', () => {
    const may_not =
      "tcpdump: eth0: You don't have permission to perform this capture on that device\n(socket: Operation not permitted)";
    assert.match(
      whyNoCapture('/usr/sbin/tcpdump', 'eth0', may_not),
      /setcap cap_net_raw,cap_net_admin=eip \/usr\/sbin\/tcpdump/,
    );
    assert.match(whyNoCapture('tcpdump', 'ethx', 'tcpdump: ethx: No such device exists'), /'ip link' lists/);
  });

  it('no program is told of with how to install one', async () => {
    await assert.rejects(captureProgram('/nowhere/tcpdump'), (error) => {
      assert.ok(error instanceof WeirError && error.code === 'capture_unusable');
      return /apt-get install tcpdump/.test(error.message);
    });
  });
});

/** Until it is so, at most ten seconds. */
async function until(is: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !is(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(is());
}

/** A pcap file header and packets of so many bytes. */
function capture(...sizes: number[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt32LE(262_144, 16);
  head.writeUInt32LE(1, 20);
  return Buffer.concat([head, ...sizes.map(packet)]);
}
function packet(size: number): Buffer {
  const record = Buffer.alloc(16 + size, 1);
  record.writeUInt32LE(size, 8);
  record.writeUInt32LE(size, 12);
  return record;
}

describe('a child in place of tcpdump', () => {
  let folder = '';
  before(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'weir-capture-'));
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  function fake(script: string): string {
    const path = join(folder, 'tcpdump');
    fs.writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  }

  it('that cuts a packet in two: whole packets are given, with the header beside them', async () => {
    const all = capture(100, 200, 300);
    fs.writeFileSync(join(folder, 'a'), all.subarray(0, 200));
    fs.writeFileSync(join(folder, 'b'), all.subarray(200));
    const program = fake(`cat ${folder}/a; sleep 0.2; cat ${folder}/b; exec sleep 60`);
    const pieces: Delivery[] = [];
    const input = captureInput({ ...options, program });
    await input.start(async (piece) => void pieces.push(piece));
    await until(() => input.state().received_records === 3);
    const begun = performance.now();
    await input.stop(2_000);
    assert.ok(performance.now() - begun < 1_000);
    assert.deepEqual(Buffer.concat(pieces.map((one) => one.bytes)), all.subarray(24));
    assert.deepEqual(Buffer.from(pieces[0]!.head!), all.subarray(0, 24));
    assert.deepEqual(
      pieces.map(({ offset, line, ended }) => [offset, line, ended]),
      [
        [24, 1, undefined],
        [140, 2, undefined],
        [24 + 116 + 216 + 316, 4, true],
      ],
    );
  });

  it('that dies is started again, and what it dropped adds up', async () => {
    fs.writeFileSync(join(folder, 'a'), capture(100));
    const program = fake(`cat ${folder}/a; echo '2 packets dropped by kernel' >&2; exit 1`);
    const pieces: Delivery[] = [];
    const input = captureInput({ ...options, program });
    await input.start(async (piece) => void pieces.push(piece));
    await until(() => input.state().received_records === 2);
    await until(() => input.state().dropped['packets dropped by the kernel'] === 4);
    assert.match(input.state().problem ?? '', /cannot capture on eth0/);
    await input.stop(1_000);
    assert.equal(input.state().noticed!['captures that ended and were started again'], 2);
  });

  it('that may not capture: the start fails and says what to do', async () => {
    const program = fake(
      `echo "tcpdump: eth0: You don't have permission to capture on that device" >&2; exit 1`,
    );
    await assert.rejects(
      captureInput({ ...options, program }).start(async () => {}),
      /setcap/,
    );
  });

  it('that does not heed a signal is ended within a second', async () => {
    fs.writeFileSync(join(folder, 'a'), capture(100));
    const program = fake(`trap '' TERM; cat ${folder}/a; while :; do sleep 0.1; done`);
    const input = captureInput({ ...options, program });
    await input.start(async () => {});
    const begun = performance.now();
    await input.stop(5_000);
    assert.ok(performance.now() - begun < 1_200, `${performance.now() - begun} ms`);
  });

  it('while nothing can be kept the child is not read without bound, and nothing is lost', async () => {
    const sizes = new Array(400).fill(60_000);
    fs.writeFileSync(join(folder, 'a'), capture(...sizes));
    const program = fake(`cat ${folder}/a; exec sleep 60`);
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let bytes = 0;
    const input = captureInput({ ...options, program });
    await input.start(async (piece) => {
      await gate;
      bytes += piece.bytes.length;
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.ok(input.state().received_records < 250, `${input.state().received_records} read ahead`);
    open();
    await until(() => bytes === 400 * 60_016);
    await input.stop(1_000);
  });
});

const space = `weir-test-${process.pid}`;
const ip = (...args: string[]): boolean => spawnSync('ip', args).status === 0;
const inside = (...command: string[]): boolean => ip('netns', 'exec', space, ...command);
const tcpdump = await captureProgram('tcpdump').catch(() => null);
const dumpcap = await captureProgram('dumpcap').catch(() => null);
// A network of its own that leads nowhere.
const apart = tcpdump !== null && process.getuid?.() === 0 && ip('netns', 'add', space);

describe('tcpdump itself, in a network namespace', {
  skip: apart ? false : 'needs root, ip and tcpdump',
}, () => {
  let program = '';
  before(() => {
    inside('ip', 'link', 'set', 'lo', 'up');
    const folder = fs.mkdtempSync(join(tmpdir(), 'weir-capture-'));
    program = join(folder, 'tcpdump');
    fs.writeFileSync(program, `#!/bin/sh\nexec ip netns exec ${space} ${tcpdump} "$@"\n`, { mode: 0o755 });
  });
  after(() => {
    fs.rmSync(join(program, '..'), { recursive: true, force: true });
    ip('netns', 'delete', space);
  });

  it('captures what is sent and nothing else, tells its counters, and stops within a second', async () => {
    const pieces: Delivery[] = [];
    const filter = 'udp dst port 9999';
    const input = captureInput({ ...options, program, interface: 'lo', filter, counters_ms: 200 });
    await input.start(async (piece) => void pieces.push(piece));
    const send =
      'for i in $(seq 50); do echo "packet $i." > /dev/udp/127.0.0.1/9999; echo no > /dev/udp/127.0.0.1/9998; done';
    assert.ok(inside('bash', '-c', send));
    await until(() => input.state().received_records === 50);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const begun = performance.now();
    await input.stop(2_000);
    assert.ok(performance.now() - begun < 1_000);
    const text = Buffer.concat(pieces.map((one) => one.bytes)).toString('latin1');
    for (let i = 1; i <= 50; i++) assert.ok(text.includes(`packet ${i}.`));
    assert.equal(input.state().received_records, 50);
    assert.deepEqual(input.state().dropped, {});
    assert.equal(input.state().problem, null);
  });

  it('dumpcap does as well', { skip: dumpcap === null && 'needs dumpcap' }, async () => {
    const script = `#!/bin/sh\nexec ip netns exec ${space} ${dumpcap} "$@"\n`;
    const path = join(program, '..', 'dumpcap');
    fs.writeFileSync(path, script, { mode: 0o755 });
    const input = captureInput({ ...options, program: path, interface: 'lo', filter: 'udp dst port 9999' });
    await input.start(async () => {});
    assert.ok(inside('bash', '-c', 'for i in $(seq 5); do echo $i > /dev/udp/127.0.0.1/9999; done'));
    await until(() => input.state().received_records === 5);
    await input.stop(2_000);
    assert.deepEqual(input.state().dropped, {});
  });

  it('an interface that is not there is told of', async () => {
    const input = captureInput({ ...options, program, interface: 'nothere0' });
    await assert.rejects(
      input.start(async () => {}),
      /there is no interface nothere0/,
    );
  });

  it('who has not the right to capture is told how to get it', async () => {
    const bare = `#!/bin/sh\nexec ip netns exec ${space} setpriv --bounding-set=-net_raw --inh-caps=-net_raw ${tcpdump} "$@"\n`;
    fs.writeFileSync(`${program}-bare`, bare, { mode: 0o755 });
    const input = captureInput({ ...options, program: `${program}-bare`, interface: 'lo' });
    await assert.rejects(
      input.start(async () => {}),
      /setcap cap_net_raw/,
    );
  });
});
