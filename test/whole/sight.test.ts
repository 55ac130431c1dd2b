import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AnalyzeResult } from '../../src/pipeline/route.ts';
import { scenario } from '../../src/scenarios/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { caseFolder, noCases } from '../data/cases.ts';
import { linesOf, monday, run, smallOffice, temporaryFolder } from './run-analyze.ts';

/** What a sensor did not see, could not have seen, or saw and is no connection. */

let store: Store;
const folder = temporaryFolder();
before(async () => {
  store = await openStore({ directory: null });
});
after(async () => {
  await store.close();
  folder.remove();
});

let files = 0;
function analyzed(lines: readonly string[], detectors: readonly string[] = []): Promise<AnalyzeResult> {
  const path = folder.write(join(`run-${++files}`, 'zeek.log'), `${lines.join('\n')}\n`);
  return run(store, [path], { detectors, now: Date.UTC(2027, 0, 1) * 1000 });
}

/** ICMP of one host to others as Zeek writes it, every so many seconds. */
function icmp(
  type: number,
  code: number,
  answered: boolean,
  hosts: number,
  rounds: number,
  gap_s: number,
): string[] {
  const start = monday / 1e6 + 8 * 3600;
  return Array.from({ length: hosts * rounds }, (_, i) =>
    JSON.stringify({
      ...{ _path: 'conn', ts: start + Math.floor(i / hosts) * gap_s + (i % hosts) / 10, uid: `CIcmp${i}` },
      ...{
        'id.orig_h': '10.20.0.9',
        'id.orig_p': type,
        'id.resp_h': `10.20.1.${i % hosts}`,
        'id.resp_p': code,
      },
      ...{ proto: 'icmp', conn_state: 'OTH', duration: 0.01, orig_bytes: 56, resp_bytes: answered ? 56 : 0 },
      ...{ orig_pkts: 1, orig_ip_bytes: 84, resp_pkts: answered ? 1 : 0, resp_ip_bytes: answered ? 84 : 0 },
    }),
  );
}
const about = (result: AnalyzeResult, ip: string): string[] =>
  result.findings.filter((one) => one.entity.src_ip === ip).map((one) => `${one.detector}: ${one.summary}`);

test('a monitor that pings 150 hosts every hour, all of which answer, pinged none of them in vain', async () => {
  const scans = ['horizontal_scan', 'ping_sweep', 'slow_scan', 'vertical_scan'];
  assert.deepEqual(about(await analyzed(icmp(8, 0, true, 150, 12, 3600), scans), '10.20.0.9'), []);
  const silent = await analyzed(icmp(8, 0, false, 150, 12, 3600), scans);
  assert.match(
    about(silent, '10.20.0.9').join(),
    /^ping_sweep: 10\.20\.0\.9 pinged 150 hosts, .* 0 answered, 150 did not/,
  );
});

test('who asks each host by echo, timestamp and mask pings it, and each host counts once', async () => {
  const asked = [8, 13, 17].flatMap((type) =>
    icmp(type, 0, false, 100, 1, 60).map((one) => one.replace('CIcmp', `C${type}x`)),
  );
  assert.match(about(await analyzed(asked, ['ping_sweep']), '10.20.0.9').join(), /pinged (99|100) hosts/);
});

test('a host that tells every minute that a port is unreachable calls nobody, and has no rhythm', async () => {
  const result = await analyzed(icmp(3, 3, false, 1, 600, 60));
  assert.deepEqual(about(result, '10.20.0.9'), []);
  assert.deepEqual(await store.query('SELECT count() AS n FROM connection'), [{ n: 0 }]);
  assert.deepEqual(await store.query('SELECT count() AS n FROM icmp_message'), [{ n: 600 }]);
});

test('that one direction only is seen is known, is said with each finding there, and nothing fails there', async () => {
  const half = [...scenario('one_sided', { hosts: 6, days: 1 }, { seed: 7, start: monday })];
  const result = await analyzed(linesOf(half).filter((line) => line !== ''));
  assert.ok(result.vantage.length > 0);
  for (const { network, sends_only, receives_only } of result.vantage) {
    assert.match(network, /^10\.20\.\d+\.0\/24$/);
    assert.ok(sends_only > receives_only, network);
  }
  for (const one of result.findings)
    if (String(one.entity.src_ip).startsWith('10.20.0.'))
      assert.match(one.caveats.join(), /only what its hosts send/);
  assert.deepEqual(
    result.findings.filter((one) => /scan|dead_control|unusual/.test(one.detector)).map((one) => one.summary),
    [],
  );
  const whole = await analyzed(linesOf(smallOffice()), ['ids_alert']);
  assert.deepEqual(whole.vantage, []);
});

test('one record of 1970 changes neither span nor history nor any finding', async () => {
  const lines = linesOf(smallOffice());
  const clean = await analyzed(lines);
  const stray = lines.find((line) => line.includes('"_path":"conn"'))!.replace(/"ts":[0-9.]+/, '"ts":5.5');
  const dirty = await analyzed([...lines, stray.replace(/"uid":"[^"]*"/, '"uid":"CStray"')]);
  const told = ({ findings }: AnalyzeResult): unknown[] =>
    findings.map(({ finding_id, p_value, severity, summary }) => ({
      finding_id,
      p_value,
      severity,
      summary,
    }));
  assert.ok(clean.findings.length > 0);
  assert.deepEqual(told(dirty), told(clean));
  assert.deepEqual([dirty.first_time, dirty.last_time], [clean.first_time, clean.last_time]);
  assert.equal(
    dirty.baseline_note,
    `${clean.baseline_note}; 1 event years away from all others (1970-01-01): kept, not judged`,
  );
  // kept: it is in the store when it is looked at as a whole
  store.lookAt(null);
  assert.deepEqual(await store.query("SELECT count() AS n FROM connection WHERE uid = 'CStray'"), [{ n: 1 }]);
});

const shared = {
  '02-two-at-once': ({ findings }: AnalyzeResult) => {
    for (const host of ['10.1.2.31', '10.1.2.33']) {
      const scan = findings.find((one) => one.detector === 'horizontal_scan' && one.entity.src_ip === host);
      assert.match(scan?.summary ?? `nothing of ${host}`, /tcp port 445 of 254 hosts/);
    }
  },
  '03-beacon-through-proxy': ({ findings }: AnalyzeResult) => {
    const rhythm = findings.filter((one) => one.detector.startsWith('beacon'));
    assert.deepEqual(
      rhythm.map((one) => [one.detector, one.entity.src_ip, one.entity.dst_name]),
      [['beacon_name', '10.1.2.29', 'cdn.update-check.example']],
    );
    assert.ok(findings.indexOf(rhythm[0]!) < 3);
  },
  '10-asymmetric': ({ vantage, findings }: AnalyzeResult) => {
    assert.equal(vantage[0]!.network, '10.1.2.0/24');
    assert.deepEqual(
      findings.filter((one) => /scan|dead_control|nothing/.test(`${one.detector} ${one.summary}`)),
      [],
    );
    assert.deepEqual(
      findings.filter((one) => one.severity !== 'low' || / let it talk/.test(one.summary)),
      [],
      'nothing is said of the side that is not seen',
    );
  },
  '12-answered-pings': ({ findings }: AnalyzeResult) =>
    assert.doesNotMatch(
      findings.map((one) => `${one.detector} ${one.summary}`).join('\n'),
      /scan|ping|without success/,
    ),
  '18-icmp-unreachable': ({ findings }: AnalyzeResult) => assert.deepEqual(findings, []),
  '22-ldap-resets': ({ findings }: AnalyzeResult) =>
    assert.deepEqual(
      findings.filter((one) => one.detector === 'brute_force'),
      [],
    ),
};
for (const [name, holds] of Object.entries(shared)) {
  const path = caseFolder(name);
  test(`the shared case ${name}`, { skip: path === null && noCases }, async () => {
    holds(await run(store, [path!], { now: Date.UTC(2027, 0, 1) * 1000 }));
  });
}

/** Records of one Zeek log of 10.20.0.9 and a server, one every twenty seconds. */
function zeek(log: string, n: number, record: (i: number) => Record<string, unknown>): string[] {
  return Array.from({ length: n }, (_, i) =>
    JSON.stringify({
      ...{ _path: log, ts: monday / 1e6 + 8 * 3600 + i * 20, uid: `C${log}${i}` },
      ...{ 'id.orig_h': '10.20.0.9', 'id.orig_p': 40000 + i, 'id.resp_h': '10.20.0.7', 'id.resp_p': 22 },
      ...record(i),
    }),
  );
}

test('what Zeek guesses of SSH is told as a guess, and account names that nobody sees are not counted', async () => {
  const lines = zeek('ssh', 60, (i) => ({
    version: 2,
    auth_success: i === 59,
    auth_attempts: 1,
    client: 'a',
    server: 'b',
  }));
  const [told] = about(await analyzed(lines, ['brute_force']), '10.20.0.9');
  assert.match(told!, /59 were refused and 1 accepted \(.*guessed from the sizes of packets/);
  assert.doesNotMatch(told!, /account name|server itself/);
});

test('requests that a server answers 401 and that show no account name are no guessing: low', async () => {
  const asked = (username: string) =>
    zeek('http', 40, () => ({
      ...{ 'id.resp_p': 80, method: 'POST', host: '10.20.0.7', uri: '/', status_code: 401, username },
    }));
  for (const [username, severity] of [
    ['', 'low'],
    ['root', 'high'],
  ] as const) {
    const { findings } = await analyzed(asked(username), ['brute_force']);
    assert.deepEqual(
      findings.map((one) => one.severity),
      [severity],
      findings[0]?.summary,
    );
  }
});

test('a host that answered once was not tried without success', async () => {
  const lines = zeek('conn', 46, (i) => ({
    ...{ 'id.resp_h': `10.20.1.${i < 18 ? i : i - 18}`, 'id.resp_p': 8090, proto: 'tcp', duration: 0.1 },
    ...(i < 18
      ? { conn_state: 'SF', history: 'ShADadFf', orig_bytes: 9, resp_bytes: 9, orig_pkts: 5, resp_pkts: 5 }
      : { conn_state: 'REJ', history: 'Sr', orig_bytes: 0, resp_bytes: 0, orig_pkts: 1, resp_pkts: 1 }),
  }));
  const [told] = about(await analyzed(lines, ['horizontal_scan']), '10.20.0.9');
  assert.match(told!, /port 8090 of 10 hosts without success \(18 others answered\)/);
});

test('an alert that names one end only is told of that end', async () => {
  const lines = zeek('notice', 1, () => ({
    note: 'Scan::Address_Scan',
    msg: 'm',
    src: '10.20.0.9',
    p: 23,
    'id.resp_h': undefined,
  }));
  const alone = lines.map((line) =>
    line.replace(/"(uid|id\.[a-z_]+)":("[^"]*"|\d+),?/g, '').replace(',}', '}'),
  );
  const [told] = about(await analyzed(alone, ['ids_alert']), '10.20.0.9');
  assert.match(told!, /1 time of 10\.20\.0\.9[ ;(]/);
  assert.doesNotMatch(told!, /unknown/);
});

test('a program fetched in two pieces is one program, and its bytes are those of both', async () => {
  const piece = (n: number) => ({
    ...{ _path: 'http', ts: monday / 1e6 + n, uid: `CPiece${n}`, method: 'GET', host: 'files.example' },
    ...{ 'id.orig_h': '10.20.1.5', 'id.orig_p': 50000 + n, 'id.resp_h': '203.0.113.9', 'id.resp_p': 80 },
    ...{ uri: '/setup.exe', status_code: 206, request_body_len: 0, response_body_len: 500_000 },
  });
  const result = await analyzed(
    [1, 2].map((n) => JSON.stringify(piece(n))),
    ['program_download'],
  );
  assert.match(result.findings[0]!.summary, /fetched 1 program \(1 MB\) from files\.example/);
});

test('the events behind an opened share are its openings, without other shares of that server', async () => {
  const tree = (n: number, share: string) => ({
    ...{ _path: 'smb_mapping', ts: monday / 1e6 + n, uid: `CTree${n}`, path: `\\\\files1\\${share}` },
    ...{ 'id.orig_h': '10.20.1.5', 'id.orig_p': 50000 + n, 'id.resp_h': '10.20.0.12', 'id.resp_p': 445 },
  });
  const opened = ['C$', 'IPC$', 'ADMIN$', 'IPC$'].map((share, n) => JSON.stringify(tree(n, share)));
  const result = await analyzed(opened, ['admin_share']);
  assert.match(result.findings[0]!.summary, /opened administrative shares of 10\.20\.0\.12 2 times/);
  assert.equal(result.findings[0]!.evidence_total, 2);
});
