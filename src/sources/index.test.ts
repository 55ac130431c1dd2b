import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectingSink } from '../../test/collecting-sink.ts';
import { capture } from '../../test/packets.ts';
import { detectFormat, formats, whyUnknown } from './index.ts';

test('every format has an id of its own and a title', () => {
  assert.equal(new Set(formats.map((one) => one.id)).size, formats.length);
  for (const one of formats) {
    assert.match(one.id, /^[a-z_]+$/);
    assert.ok(one.title.length > 0);
  }
});

test('what is of no known kind is told why', () => {
  const cases: [Buffer, string][] = [
    [Buffer.alloc(0), 'the file is empty'],
    [Buffer.from('\ufeff{"ts":1,"uid":"C"}\n', 'utf16le'), 'UTF-16 text; Weir reads UTF-8'],
    [Buffer.from('{"ts":1,"uid":"C"}\n', 'utf16le'), 'UTF-16 text; Weir reads UTF-8'],
    [Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 0, 0, 0, 0, 0]), 'binary data of a kind that is not known'],
    [Buffer.from('{"some":"json"}\n'), 'JSON, but neither Zeek nor Suricata wrote it'],
    [Buffer.from('Lorem ipsum dolor sit amet\n'), 'text of a kind that is not known'],
  ];
  for (const [head, why] of cases) {
    assert.equal(detectFormat(head), null, why);
    assert.equal(whyUnknown(head), why);
  }
});

test('an IPv4 address that is written as IPv6 is the IPv4 address, whatever the source', () => {
  const conn = {
    ts: 1_700_000_000.5,
    uid: 'C1',
    'id.orig_h': '::ffff:10.0.0.1',
    'id.orig_p': 40_000,
    'id.resp_h': '::FFFF:C633:6407',
    'id.resp_p': 443,
    proto: 'tcp',
    conn_state: 'SF',
  };
  const names = Object.keys(conn);
  const eve = {
    timestamp: '2023-11-14T22:13:20.500000+0000',
    event_type: 'flow',
    src_ip: '::ffff:10.0.0.1',
    src_port: 40_000,
    dest_ip: '::ffff:198.51.100.7',
    dest_port: 443,
    proto: 'TCP',
    flow_id: 7,
    flow: {
      pkts_toserver: 1,
      pkts_toclient: 1,
      bytes_toserver: 60,
      bytes_toclient: 60,
      start: '2023-11-14T22:13:20.500000+0000',
    },
  };
  const packet = Buffer.alloc(40 + 8);
  packet[0] = 0x60;
  packet.writeUInt16BE(8, 4);
  packet[6] = 17;
  packet.set([0xff, 0xff, 10, 0, 0, 1], 18);
  packet.set([0xff, 0xff, 198, 51, 100, 7], 34);
  packet.writeUInt16BE(40_000, 40);
  packet.writeUInt16BE(443, 42);
  packet.writeUInt16BE(8, 44);
  const inputs: Record<string, Buffer> = {
    zeek_tsv: Buffer.from(
      `#separator \\x09\n#path\tconn\n#fields\t${names.join('\t')}\n${Object.values(conn).join('\t')}\n`,
    ),
    zeek_json: Buffer.from(`${JSON.stringify({ _path: 'conn', ...conn })}\n`),
    suricata_eve: Buffer.from(`${JSON.stringify(eve)}\n`),
    pcap: capture([{ bytes: packet, time: 1_700_000_000_500_000 }], { link: 101 }),
  };
  for (const [id, bytes] of Object.entries(inputs)) {
    const format = detectFormat(bytes)!;
    assert.equal(format.id, id);
    const sink = collectingSink();
    const decoder = format.open('conn.log', sink, { latest_time: 4e15, keep_raw: false });
    decoder.push(bytes);
    decoder.end();
    assert.deepEqual(sink.rejects, [], id);
    const [one] = sink.events.map(({ event }) => event).filter((event) => event.kind === 'connection');
    assert.deepEqual([one?.src_ip, one?.dst_ip], ['10.0.0.1', '198.51.100.7'], id);
  }
});
