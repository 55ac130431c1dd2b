import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { certificate } from '../../../test/certificate.ts';
import { Kept } from '../../../test/kept.ts';
import { WeirError } from '../../base/error.ts';
import { type SyslogInput, type SyslogOptions, syslogInput } from './syslog.ts';
import { dropsOf } from './udp-drops.ts';

const open: { stop(timeout_ms: number): Promise<void> }[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((input) => input.stop(0)));
});

async function listening(options: Omit<SyslogOptions, 'source'>, kept: Kept): Promise<SyslogInput> {
  const input = syslogInput({ source: 'sensors', ...options });
  open.push(input);
  await input.start(kept.deliver);
  return input;
}

async function tcpTo(input: SyslogInput, text?: string | Buffer): Promise<Socket> {
  const socket = connect(input.addresses.tcp!.port, '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  if (text !== undefined) socket.write(text);
  return socket;
}

async function sendUdp(input: SyslogInput, ...messages: (string | Buffer)[]): Promise<void> {
  const socket = createSocket('udp4');
  const { port } = input.addresses.udp!;
  for (const message of messages)
    await new Promise<void>((resolve) => socket.send(message, port, '127.0.0.1', () => resolve()));
  socket.close();
}

const tcp = { port: 0 };
const udp = { port: 0 };

test('a datagram is a record; those that come together are one piece, named by who sent them', async () => {
  const kept = new Kept();
  const input = await listening({ udp, limits: { gather_ms: 200 } }, kept);
  assert.equal(input.addresses.udp!.address, '127.0.0.1');
  await sendUdp(
    input,
    '<13>one',
    '<13>two\n',
    'three\nlines\nhere',
    '',
    ' \n',
    Buffer.from([0xff, 0, 0x80, 0x41]),
  );
  const lines = await kept.untilLines(4);
  assert.deepEqual(lines.slice(0, 3), ['<13>one', '<13>two', 'three lines here']);
  assert.deepEqual(Buffer.from(kept.pieces[0]!.bytes).subarray(-5), Buffer.from([0xff, 0, 0x80, 0x41, 10]));
  const { bytes: _, received_at, ...piece } = kept.pieces[0]!;
  assert.deepEqual(piece, {
    source: 'sensors',
    origin: 'syslog 127.0.0.1',
    offset: 0,
    line: 0,
    position: null,
  });
  assert.ok(Math.abs(received_at - Date.now() * 1000) < 10_000_000);
  assert.equal(kept.pieces.length, 1);
  assert.equal(input.state().received_records, 4);
  assert.deepEqual(input.state().dropped, {});
});

test('TCP takes both framings, each connection by its own beginning', async () => {
  const kept = new Kept();
  const input = await listening({ tcp }, kept);
  await tcpTo(input, '5 <13>a8 <13>b\ncd');
  await tcpTo(input, '<13>e\n<13>f\n');
  const lines = await kept.untilLines(4);
  assert.deepEqual(lines.sort(), ['<13>a', '<13>b cd', '<13>e', '<13>f']);
});

test('a frame of 70 kB, one that is cut off and bytes that are no frames are counted; the others are kept', async () => {
  const kept = new Kept();
  const input = await listening({ tcp }, kept);
  const long = await tcpTo(input, `70000 <${'x'.repeat(69_999)}5 <13>a`);
  await kept.untilLines(1);
  long.end('9 <13>');
  const broken = await tcpTo(input, '3 <13>b5 <13>c');
  await once(broken, 'close');
  await kept.untilLines(2);
  await kept.until(() => input.state().dropped['cut off'] === 1, 'a frame cut off');
  assert.deepEqual(input.state().dropped, { 'too long': 1, 'cut off': 1, 'not framed': 1 });
  assert.deepEqual(kept.lines(), ['<13>a', '<13']);
  assert.equal(input.state().received_records, 5);
});

test('TLS carries syslog; with an authority of clients only those it signed are let in', async () => {
  const authority = { name: 'Test Authority', ...certificate('Test Authority') };
  const server = certificate('weir', authority);
  const client = certificate('sensor', authority);
  const kept = new Kept();
  const input = await listening({ tls: { port: 0, ...server, ca: authority.cert } }, kept);
  const to = { port: input.addresses.tls!.port, host: '127.0.0.1', ca: authority.cert };
  const good = connectTls({ ...to, ...client });
  sockets.push(good);
  good.write('5 <13>a5 <13>b');
  assert.deepEqual(await kept.untilLines(2), ['<13>a', '<13>b']);
  const own = connectTls({ ...to, ...certificate('stranger') });
  own.on('error', () => {});
  own.write('5 <13>c');
  await once(own, 'close');
  const plain = connect(to.port, '127.0.0.1');
  plain.on('error', () => {});
  plain.write('<13>this is no TLS\n<13>at all\n');
  await once(plain, 'close');
  await sleep(50);
  assert.equal(kept.lines().length, 2);
  assert.deepEqual(input.state().noticed, {
    'connection refused: no TLS, or no certificate that is known': 2,
  });
});

test('while nothing can be kept, senders over TCP are stopped, memory stays bounded and nothing is lost', async () => {
  const kept = new Kept();
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  kept.keep = () => gate;
  const limits = { lane_bytes: 256 * 1024, total_bytes: 512 * 1024 };
  const input = await listening({ tcp, limits }, kept);
  const record = `<13>${'x'.repeat(995)}\n`;
  const count = 30_000;
  const sender = await tcpTo(input);
  for (let sent = 0; sent < count; sent += 100) sender.write(record.repeat(100));
  await sleep(300);
  const { received_bytes } = input.state();
  assert.ok(received_bytes >= 256 * 1024, `it reads what it may hold: ${received_bytes}`);
  assert.ok(received_bytes < 512 * 1024, `and no more: ${received_bytes}`);
  await sleep(100);
  assert.equal(input.state().received_bytes, received_bytes);
  open();
  await kept.untilLines(count, 30_000);
  assert.equal(kept.lines().length, count);
  assert.deepEqual(input.state().dropped, {});
});

test('many senders together hold no more than all may', async () => {
  const kept = new Kept();
  kept.keep = () => new Promise(() => {});
  const input = await listening({ tcp, limits: { lane_bytes: 256 * 1024, total_bytes: 512 * 1024 } }, kept);
  for (let i = 1; i <= 20; i++) {
    const socket = connect({
      port: input.addresses.tcp!.port,
      host: '127.0.0.1',
      localAddress: `127.0.1.${i}`,
    });
    sockets.push(socket);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(`<13>${'x'.repeat(995)}\n`.repeat(1000));
  }
  await sleep(300);
  const { received_bytes } = input.state();
  assert.ok(received_bytes >= 512 * 1024 && received_bytes <= 600 * 1024, String(received_bytes));
});

test('a piece that is refused is sent again, in order, over TCP; over UDP it is lost and counted', async () => {
  const kept = new Kept();
  let refuse = true;
  kept.keep = () => {
    if (refuse) throw new WeirError('busy', 'the journal is full');
  };
  const input = await listening({ tcp, udp }, kept);
  await sendUdp(input, '<13>gone');
  await kept.until(() => input.state().dropped['no room'] === 1, 'a datagram lost');
  const sender = await tcpTo(input, '<13>1\n<13>2\n');
  await sleep(100);
  sender.write('<13>3\n');
  assert.equal(input.state().problem, 'the journal is full');
  refuse = false;
  assert.deepEqual(await kept.untilLines(3), ['<13>1', '<13>2', '<13>3']);
  assert.equal(input.state().problem, null);
  assert.deepEqual(input.state().dropped, { 'no room': 1 });
});

test('while nothing can be kept, datagrams beyond the bound are dropped and every one is accounted for', async () => {
  const kept = new Kept();
  kept.keep = () => new Promise(() => {});
  const input = await listening({ udp, limits: { lane_bytes: 10_000, total_bytes: 10_000 } }, kept);
  const message = 'x'.repeat(999);
  for (let i = 0; i < 20; i++) await sendUdp(input, message, message, message, message, message);
  await kept.until(() => input.state().received_records === 100, '100 datagrams');
  assert.deepEqual(input.state().dropped, { 'no room': 90 });
  await input.stop(50);
  assert.deepEqual(input.state().dropped, { 'no room': 90, 'not known to be kept when stopped': 10 });
});

test('datagrams that the kernel threw away are read from its table', async () => {
  const kept = new Kept();
  const input = await listening({ udp, limits: { receive_buffer_bytes: 4096 } }, kept);
  const socket = createSocket('udp4');
  const { port } = input.addresses.udp!;
  // All sent before this process reads one.
  await new Promise<void>((resolve) => socket.connect(port, '127.0.0.1', resolve));
  const sent = 500;
  let done = 0;
  await new Promise<void>((resolve) => {
    for (let i = 0; i < sent; i++) socket.send('x'.repeat(1000), () => ++done === sent && resolve());
  });
  socket.close();
  await sleep(200);
  const { dropped, received_records } = input.state();
  assert.ok(dropped['receive buffer full']! > 0);
  assert.equal(received_records + dropped['receive buffer full']!, sent);
});

test('drops of a socket are found in the text of the kernel, by address and port', () => {
  const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1009: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 86208 2 0000000000000000 17
 1010: 00000000:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 86209 2 0000000000000000 4
 1011: 00000000000000000000000001000000:0203 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 1 2 0 9`;
  assert.equal(dropsOf(table, '127.0.0.1', 514), 17);
  assert.equal(dropsOf(table, '0.0.0.0', 514), 4);
  assert.equal(dropsOf(table, '::1', 515), 9);
  assert.equal(dropsOf(table, '127.0.0.1', 515), null);
});

test('connections beyond the limits are closed, and told of', async () => {
  const kept = new Kept();
  const input = await listening({ tcp, limits: { connections_of_one: 2 } }, kept);
  await tcpTo(input, '<13>a\n');
  const second = await tcpTo(input, '<13>b\n');
  const third = await tcpTo(input);
  await once(third, 'close');
  assert.deepEqual(input.state().noticed, { 'connection refused: too many at once': 1 });
  second.destroy();
  await sleep(50);
  await tcpTo(input, '<13>c\n');
  assert.deepEqual((await kept.untilLines(3)).sort(), ['<13>a', '<13>b', '<13>c']);
});

test('a sender that begins a record and does not end it is closed, one that is quiet between records is not', async () => {
  const kept = new Kept();
  const input = await listening({ tcp, limits: { record_ms: 100 } }, kept);
  const quiet = await tcpTo(input, '<13>a\n');
  const slow = await tcpTo(input, '900 <13>');
  const trickle = setInterval(() => slow.write('x'), 20);
  await once(slow, 'close');
  clearInterval(trickle);
  await kept.until(() => input.state().dropped['cut off'] === 1, 'the record that was cut off');
  assert.deepEqual(input.state().noticed, { 'connection closed: a record did not end': 1 });
  quiet.write('<13>b\n');
  await kept.untilLines(2);
});

test('a connection over which nothing comes is closed after a while', async () => {
  const kept = new Kept();
  const input = await listening({ tcp, limits: { idle_ms: 80 } }, kept);
  const idle = await tcpTo(input, '<13>a\n');
  await once(idle, 'close');
  await kept.untilLines(1);
});

test('what came before the end is delivered at the end', async () => {
  const kept = new Kept();
  const input = await listening({ tcp, udp, limits: { gather_ms: 10_000 } }, kept);
  await tcpTo(input, '<13>a\n<13>b\n');
  await sendUdp(input, '<13>c');
  await kept.until(() => input.state().received_records === 3, 'three records');
  assert.equal(kept.lines().length, 0);
  await input.stop(1000);
  assert.deepEqual(kept.lines().sort(), ['<13>a', '<13>b', '<13>c']);
  assert.deepEqual(input.state().dropped, {});
});

test('a million tiny lines over one connection arrive whole and in order', async () => {
  const kept = new Kept();
  const input = await listening({ tcp }, kept);
  const count = 1_000_000;
  const sender = await tcpTo(input);
  let next = 0;
  const more = (): void => {
    while (next < count) {
      let text = '';
      for (let i = 0; i < 5000; i++) text += `${next++}\n`;
      if (!sender.write(text)) {
        sender.once('drain', more);
        return;
      }
    }
  };
  more();
  await kept.until(() => input.state().received_records === count, 'all', 30_000);
  await input.stop(5000);
  const lines = kept.lines();
  assert.equal(lines.length, count);
  assert.ok(lines.every((line, at) => line === String(at)));
});

test('a port that is taken ends the start with a reason', async () => {
  const kept = new Kept();
  const first = await listening({ tcp }, kept);
  const second = syslogInput({ source: 'other', tcp: { port: first.addresses.tcp!.port } });
  await assert.rejects(second.start(kept.deliver), {
    code: 'config_invalid',
    message: /^other: .*EADDRINUSE/,
  });
  const third = syslogInput({ source: 'other', tls: { port: 0, cert: 'none', key: 'none' } });
  await assert.rejects(third.start(kept.deliver), { code: 'config_invalid' });
});
