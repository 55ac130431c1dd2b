import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AnalyzeResult } from '../../src/pipeline/route.ts';
import type { Finding } from '../../src/schema/finding.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { monday, run, temporaryFolder } from './run-analyze.ts';

/** What a sentence claims was seen: no more than the records hold. */

let store: Store;
const folder = temporaryFolder();
before(async () => {
  store = await openStore({ directory: null });
});
after(async () => {
  await store.close();
  folder.remove();
});

type ZeekRecord = Readonly<Record<string, unknown>>;
const eight = monday / 1e6 + 8 * 3600;
const outside = '198.51.100.23';
const server = '10.20.0.80';

let files = 0;
function analyzed(records: readonly ZeekRecord[], detectors: readonly string[]): Promise<AnalyzeResult> {
  const lines = records.toSorted((a, b) => Number(a.ts) - Number(b.ts)).map((one) => JSON.stringify(one));
  const path = folder.write(join(`run-${++files}`, 'zeek.log'), `${lines.join('\n')}\n`);
  return run(store, [path], { detectors, now: Date.UTC(2027, 0, 1) * 1000 });
}
async function only(records: readonly ZeekRecord[], detector: string): Promise<Finding> {
  const { findings } = await analyzed(records, [detector]);
  assert.equal(findings.length, 1, findings.map((one) => one.summary).join('\n'));
  return findings[0]!;
}

const ends = (src: string, dst: string, dst_port: number, i: number): ZeekRecord => ({
  uid: `C${dst_port}x${i}`,
  'id.orig_h': src,
  'id.orig_p': 40_000 + i,
  'id.resp_h': dst,
  'id.resp_p': dst_port,
});
const times = <T>(n: number, of: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => of(i));

const request = (i: number, more: ZeekRecord): ZeekRecord => ({
  ...{
    _path: 'http',
    ts: eight + i * 5,
    ...ends(outside, server, 80, i),
    method: 'GET',
    host: 'intranet.test',
  },
  ...{ uri: '/report', status_code: 401, request_body_len: 0, response_body_len: 381, ...more },
});

test('answers 401 to requests without credentials are told as that, low, and name no guessing', async () => {
  const found = await only(
    times(60, (i) => request(i, {})),
    'brute_force',
  );
  assert.equal(found.severity, 'low');
  assert.equal(found.title, 'Answers 401 of a web server');
  assert.match(
    found.summary,
    /^198\.51\.100\.23 got 60 answers 401 from 10\.20\.0\.80:80; no account name is seen/,
  );
  assert.doesNotMatch(`${found.title} ${found.summary}`, /tried|accepted|[Pp]assword guess/);
  assert.deepEqual(found.attack, []);
});

test('answers 401 to requests with account names are refusals', async () => {
  const found = await only(
    times(60, (i) => request(i, { username: `user${i % 4}` })),
    'brute_force',
  );
  assert.equal(found.title, 'Password guessing');
  assert.match(found.summary, /60 times: 60 were refused and none accepted \(.*; 4 account names\)/);
});

test('the same answer to every form says nothing of what was accepted', async () => {
  const found = await only(
    times(60, (i) => request(i, { method: 'POST', uri: '/login', status_code: 200 })),
    'brute_force',
  );
  assert.match(found.summary, /sent 60 forms .* 60 got the same answer/);
  assert.doesNotMatch(found.summary, /accepted/);
});

const ssh = (i: number, auth_success: boolean): ZeekRecord => ({
  ...{ _path: 'ssh', ts: eight + i * 5, ...ends(outside, server, 22, i), version: 2 },
  ...{ auth_success, auth_attempts: 1, client: 'SSH-2.0-libssh', server: 'SSH-2.0-OpenSSH_9.2' },
});
const session = (i: number, duration: number, resp_bytes: number): ZeekRecord => ({
  ...{
    _path: 'conn',
    ts: eight + i * 5 - 0.2,
    ...ends(outside, server, 22, i),
    proto: 'tcp',
    service: 'ssh',
  },
  ...{ duration, orig_bytes: 1400, resp_bytes, conn_state: 'SF', history: 'ShADadFf' },
  ...{ orig_pkts: 12, orig_ip_bytes: 2000, resp_pkts: 12, resp_ip_bytes: resp_bytes + 500 },
});

test('a sign-in over SSH that the sensor only guesses to be accepted raises nothing', async () => {
  const found = await only(
    times(60, (i) => ssh(i, i === 59)),
    'brute_force',
  );
  assert.equal(found.severity, 'medium');
  assert.match(found.summary, /59 were refused and 1 accepted \(.*guessed from the sizes of packets/);
});

test('of tries that one record tells of, all but the accepted one were refused', async () => {
  const found = await only(
    times(40, (i) => ({
      ...{ _path: 'ssh', ts: eight + i * 20, ...ends(outside, server, 22, i), version: 2 },
      ...{ auth_success: i === 39, auth_attempts: 3, client: 'SSH-2.0-x' },
    })),
    'brute_force',
  );
  assert.match(found.summary, /by ssh 120 times: 119 were refused and 1 accepted/);
});

test('a session far longer and larger than the refused ones after them raises it, and is told', async () => {
  const tries = times(60, (i) => [ssh(i, false), session(i, 2, 1900 + (i % 5))]).flat();
  assert.equal((await only(tries, 'brute_force')).severity, 'medium');
  const found = await only([...tries, ssh(61, true), session(61, 900, 250_000)], 'brute_force');
  assert.equal(found.severity, 'high');
  assert.match(found.summary, /1 longer session came after/);
  const first = await only([...tries, ssh(-1, true), session(-1, 900, 250_000)], 'brute_force');
  assert.equal(first.severity, 'medium', 'what came before the refused ones followed from none of them');
});

const tls = (more: ZeekRecord): ZeekRecord => ({
  ...{ _path: 'ssl', ts: eight, ...ends('10.20.1.34', '203.0.113.66', 8443, 1), version: 'TLSv12' },
  ...{ established: true, server_name: 'updates.test', ...more },
});

test('a certificate below an authority of its own did not sign itself', async () => {
  const found = await only(
    [tls({ validation_status: 'self signed certificate in certificate chain' })],
    'odd_certificate',
  );
  assert.equal(found.severity, 'low');
  assert.match(found.title, /unknown authority/);
  assert.doesNotMatch(`${found.title} ${found.summary}`, /signed itself|[Ss]elf-signed|unknown\)/);
  const itself = await only([tls({ validation_status: 'self signed certificate' })], 'odd_certificate');
  assert.match(itself.summary, /1 with a certificate that signed itself\.$/);
});

const remote = (i: number, endpoint: string, operation: string): ZeekRecord => ({
  ...{ _path: 'dce_rpc', ts: eight + i, ...ends('10.20.1.34', '10.20.0.10', 445, 1) },
  ...{ named_pipe: 'pipe', endpoint, operation, rtt: 0.001 },
});

test('remote calls are told as what they ask for: a start, the registry, the directory, a question', async () => {
  const told: string[] = [];
  for (const [endpoint, operation] of [
    ['svcctl', 'CreateServiceW'],
    ['ITaskSchedulerService', 'SchRpcRegisterTask'],
    ['winreg', 'BaseRegSetValue'],
    ['drsuapi', 'DRSGetNCChanges'],
    ['IWbemServices', 'ExecQuery'],
  ] as const) {
    const { title, attack } = await only([remote(1, endpoint, operation)], 'remote_execution');
    told.push(`${title}: ${attack.map(({ id }) => id).join()}`);
  }
  assert.deepEqual(told, [
    'Remote calls that start code on another host: T1569.002',
    'Remote calls that start code on another host: T1053.005',
    'Registry of another host written to: T1112',
    'A copy of the directory asked for: T1003.006',
    'Another host queried by its management interface: T1047',
  ]);
  const asks = [remote(1, 'ITaskSchedulerService', 'SchRpcGetLastRunInfo')];
  assert.deepEqual((await analyzed(asks, ['remote_execution'])).findings, []);
});

test('forty files over one FTP session are one sign-in', async () => {
  const found = await only(
    times(40, (i) => ({
      ...{ _path: 'ftp', ts: eight + i, ...ends('10.20.1.34', '203.0.113.21', 21, 1), user: 'anna' },
      ...{ command: 'RETR', arg: `ftp://203.0.113.21/${i}`, reply_code: 226, reply_msg: 'Transfer complete' },
    })),
    'cleartext_password',
  );
  assert.match(found.summary, /without encryption in 1 session /);
});

const attempt = (ts: number, i: number, dst: string, more: ZeekRecord = {}): ZeekRecord => ({
  ...{ _path: 'conn', ts, ...ends('10.20.1.34', dst, 445, i), proto: 'tcp', conn_state: 'S0', history: 'S' },
  ...{ orig_pkts: 1, orig_ip_bytes: 60, resp_pkts: 0, resp_ip_bytes: 0, ...more },
});

test('a scan with pauses is told by the hours in which it tried, of how many', async () => {
  // Two tries in every second hour, from 06:00 on.
  const six = eight - 7200;
  const tries = times(24, (i) =>
    attempt(six + Math.floor(i / 2) * 7200 + (i % 2) * 600, i, `10.20.3.${i + 1}`),
  );
  const found = await only(tries, 'slow_scan');
  assert.match(found.summary, /24 different hosts .* in 12 of 23 hours, never more than 2 in one hour/);
});

/** A talk of two hosts, answered. */
const talk = (ts: number, i: number, src: string, dst: string, port: number, sent = 800): ZeekRecord => ({
  ...{ _path: 'conn', ts, ...ends(src, dst, port, i), proto: 'tcp', conn_state: 'SF', history: 'ShADadFf' },
  ...{
    duration: 1,
    orig_bytes: sent,
    resp_bytes: 900,
    orig_pkts: 8 + Math.ceil(sent / 1400),
    orig_ip_bytes: Math.ceil(sent * 1.03) + 400,
  },
  ...{ resp_pkts: 8, resp_ip_bytes: 1300 },
});

test('what a host sends to itself has no part in what it does among others', async () => {
  const own = times(600, (i) =>
    attempt(eight + i * 5, i, '10.20.1.34', {
      'id.resp_p': 8000 + (i % 300),
      conn_state: 'REJ',
      history: 'Sr',
    }),
  );
  const beat = times(200, (i) => talk(eight + i * 60, i, '10.20.1.34', '10.20.1.34', 9443));
  const result = await analyzed([...own, ...beat], []);
  assert.deepEqual(
    result.findings.map((one) => `${one.detector}: ${one.summary}`),
    [],
  );
});

test('a title names whom a host was compared with', async () => {
  // The first hour of all: there is neither a past of its own nor peers.
  const scan = times(400, (i) => attempt(eight + i * 4, i, `10.20.${3 + (i % 4)}.${1 + (i % 200)}`));
  const found = await only(scan, 'unusual_host_behaviour');
  assert.equal(found.baseline.level, 'prior');
  assert.equal(found.title, 'A host behaves unlike hosts of other networks');
  assert.match(found.baseline.says, /other networks/);
});

test('hours without a recording are no age', async () => {
  const desk = '10.20.1.34';
  const hour = (at: number): ZeekRecord[] =>
    times(40, (i) => talk(eight + at * 3600 + i * 60, at * 100 + i, desk, '203.0.113.9', 443));
  const upload = (at: number): ZeekRecord =>
    talk(eight + at * 3600 + 1800, 9999, desk, '198.51.100.77', 443, 900e6);
  const edge = (at: number): ZeekRecord[] =>
    times(5, (i) => talk(eight + at * 3600 + 1900 + i, 9000 + i, desk, `10.20.2.${i + 1}`, 3389));
  const told = async (hours: readonly number[], at: number): Promise<unknown[]> => [
    (await only([...hours.flatMap(hour), upload(at)], 'upload_volume')).severity,
    (await only([...hours.flatMap(hour), ...edge(at)], 'new_admin_edge')).severity,
  ];
  // Two hours are recorded on Monday and one on Friday: that is no network known for four days.
  assert.deepEqual(await told([0, 1, 96], 96), ['medium', 'low']);
  assert.deepEqual(
    await told(
      times(30, (i) => i),
      29,
    ),
    ['high', 'high'],
  );
});

test('one of a peer-to-peer network that tries others of it is told at the bottom, with the reason; on login ports it is not', async () => {
  const peer = '10.20.1.34';
  const datagram = (i: number, dst: string, port: number, answered: boolean): ZeekRecord => ({
    ...{
      _path: 'conn',
      ts: eight + i,
      ...ends(peer, dst, port, i),
      proto: 'udp',
      duration: 0.2,
      orig_bytes: 40,
    },
    ...{ conn_state: answered ? 'SF' : 'S0', history: answered ? 'Dd' : 'D', resp_bytes: answered ? 80 : 0 },
    ...{ orig_pkts: 1, orig_ip_bytes: 68, resp_pkts: answered ? 1 : 0, resp_ip_bytes: answered ? 108 : 0 },
  });
  const members = times(40, (i) => datagram(i, `203.0.113.${i + 1}`, 20_000 + (i % 15) * 7, true));
  const tried = (port: number): ZeekRecord[] =>
    times(90, (i) => datagram(100 + i * 5, `198.51.100.${i + 1}`, port, i % 20 === 0));
  const told = await only([...members, ...tried(6346)], 'horizontal_scan');
  assert.equal(told.severity, 'low');
  assert.match(told.summary, /Peer-to-peer programs do so/);
  assert.notEqual((await only(tried(6346), 'horizontal_scan')).severity, 'low');
  assert.notEqual((await only([...members, ...tried(3389)], 'horizontal_scan')).severity, 'low');
});

test('calls in the clear are told as that, and no technique of encryption is named for them', async () => {
  const call = (i: number): ZeekRecord => ({
    ...{
      _path: 'http',
      ts: eight + i * 60,
      ...ends('10.20.1.34', '203.0.113.66', 80, i),
      method: 'GET',
      uri: '/',
    },
    ...{ host: 'news.test', status_code: 200, request_body_len: 0, response_body_len: 90 },
  });
  const secret = (i: number): ZeekRecord => ({
    ...tls({ server_name: 'news.test', validation_status: 'ok' }),
    ...{ ts: eight + i * 60, ...ends('10.20.1.34', '203.0.113.66', 443, 1000 + i) },
  });
  const techniques = ({ attack }: Finding): string[] => attack.map(({ id }) => id);
  const clear = await only(times(90, call), 'beacon_name');
  assert.match(clear.summary, /90 times over http,/);
  assert.deepEqual(techniques(clear), ['T1071.001']);
  const both = await only([...times(60, call), ...times(40, (i) => secret(60 + i))], 'beacon_name');
  assert.match(both.summary, /100 times over http and tls,/);
  assert.deepEqual(techniques(both), ['T1071.001', 'T1573']);
});

const smb = (i: number, dst: string, more: ZeekRecord): ZeekRecord => ({
  ...{ _path: 'conn', ts: eight + i * 60, ...ends('10.20.1.34', dst, 445, i), proto: 'tcp', duration: 2 },
  ...{
    conn_state: 'SF',
    history: 'ShADadFf',
    orig_pkts: 8,
    orig_ip_bytes: 1600,
    resp_pkts: 8,
    resp_ip_bytes: 2400,
  },
  ...{ orig_bytes: 1200, resp_bytes: 2000, ...more },
});
const lost: ZeekRecord = {
  ...{ conn_state: 'SH', history: 'SADF', resp_pkts: 0, resp_ip_bytes: 0, resp_bytes: 0 },
};
const refused: ZeekRecord = {
  ...{ conn_state: 'REJ', history: 'Sr', orig_pkts: 1, orig_ip_bytes: 60, resp_pkts: 1, resp_ip_bytes: 40 },
  ...{ orig_bytes: 0, resp_bytes: 0 },
};

test('that hosts let one talk is said of those whose answer was seen; of others that it is not seen', async () => {
  const host = (i: number): string => `10.20.3.${10 + i}`;
  const edges = async (of: (i: number) => ZeekRecord): Promise<string> =>
    (
      await only(
        times(4, (i) => smb(i, host(i), of(i))),
        'new_admin_edge',
      )
    ).summary;
  assert.match(await edges(() => ({})), /10\.20\.3\.10 first \(4 let it talk\)\./);
  assert.match(await edges(() => refused), /first \(0 let it talk\)\./);
  assert.match(await edges(() => lost), /first \(answers of 4 are not seen\)\./);
  assert.match(
    await edges((i) => (i < 3 ? lost : {})),
    /first \(1 let it talk; answers of 3 are not seen\)\./,
  );
});

test('guessing after which a sign-in was accepted is called so; one accepted before it is not', async () => {
  const tries = times(60, (i) => ssh(i, false));
  const after = await only([...tries, ssh(61, true)], 'brute_force');
  assert.equal(after.title, 'Password guessing, and a sign-in accepted after it began');
  assert.match(after.summary, /60 were refused and 1 accepted/);
  const before = await only([ssh(-1, true), ...tries], 'brute_force');
  assert.equal(before.title, 'Password guessing');
  const { auth_success: _, ...unknown } = ssh(62, true);
  const open = await only([...tries, unknown], 'brute_force');
  assert.match(open.summary, /61 times: 60 were refused and none accepted \(.*; how 1 ended is not seen\)/);
});

test('a server that refuses all that call it is not told as silent', async () => {
  const clients = (hour: number, more: ZeekRecord): ZeekRecord[] =>
    times(6, (i) => ({
      ...smb(i, server, more),
      ...{ ...ends(`10.20.1.${20 + i}`, server, 8443, hour * 10 + i), ts: eight + hour * 3600 + i * 60 },
    }));
  const found = await only([...clients(0, {}), ...clients(2, refused)], 'dead_server');
  assert.match(
    found.summary,
    /^All that 6 hosts tried at tcp port 8443 of 10\.20\.0\.80 came to nothing \(6 calls; 6 refused\)/,
  );
  assert.doesNotMatch(`${found.title} ${found.summary}`, /no longer answers|answered none/);
});

test('pings have no port', async () => {
  const pings = times(150, (i) => ({
    ...{
      _path: 'conn',
      ts: eight + i,
      ...ends('10.20.0.9', `10.20.1.${i}`, 0, i),
      proto: 'icmp',
      duration: 0.01,
    },
    ...{ 'id.orig_p': 8, conn_state: 'OTH', orig_bytes: 56, resp_bytes: 56 },
    ...{ orig_pkts: 1, orig_ip_bytes: 84, resp_pkts: 1, resp_ip_bytes: 84 },
  }));
  const found = await only(pings, 'unusual_host_behaviour');
  assert.match(found.summary, /150 connections to 150 hosts \(0 outside\) on 0 ports/);
});
