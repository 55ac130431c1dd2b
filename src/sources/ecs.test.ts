import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CollectingSink, collectingSink } from '../../test/collecting-sink.ts';
import type { WeirEvent } from '../schema/event/index.ts';
import type { Sink } from '../schema/reading.ts';
import { wrapped } from './wrapped.ts';

/** Documents as Filebeat's modules and Elastic's integrations make them of Zeek's and Suricata's records. */

const json = JSON.stringify;
function decode(text: string): CollectingSink {
  const sink = collectingSink();
  const decoder = wrapped.open('x', sink, { latest_time: Date.UTC(2030, 0, 1) * 1000, keep_raw: false });
  decoder.push(Buffer.from(text));
  decoder.end();
  return sink;
}

/** What a log says, and the fields that the integration moves it to beside those that keep their names: nested and flat. */
const ends = {
  'id.orig_h': '10.0.0.1',
  'id.orig_p': 1000,
  'id.resp_h': '10.0.0.9',
  'id.resp_p': 445,
  uid: 'CUid',
};
const moved_ends = {
  'source.ip': '10.0.0.1',
  'source.port': 1000,
  'destination.ip': '10.0.0.9',
  'destination.port': 445,
  'zeek.session_id': 'CUid',
};
type Moved = readonly [record: object, document: object];
const documents: Record<string, Moved> = {
  dns: [
    {
      ...ends,
      proto: 'udp',
      trans_id: 7,
      query: 'a.example',
      qtype_name: 'A',
      rcode_name: 'NOERROR',
      answers: ['192.0.2.7'],
      TTLs: [60],
      rtt: 0.25,
      AA: true,
    },
    {
      ...moved_ends,
      'network.transport': 'udp',
      'dns.id': 7,
      'dns.question.name': 'a.example',
      'dns.question.type': 'A',
      'dns.response_code': 'NOERROR',
      'zeek.dns.answers': ['192.0.2.7'],
      'zeek.dns.TTLs': [60],
      'zeek.dns.rtt': 0.25,
      'zeek.dns.AA': true,
    },
  ],
  http: [
    {
      ...ends,
      trans_depth: 1,
      method: 'POST',
      host: 'a.example',
      uri: '/x',
      user_agent: 'u/1',
      status_code: 404,
      request_body_len: 5,
      response_body_len: 9,
      username: 'anna',
      resp_mime_types: ['text/html'],
    },
    {
      ...moved_ends,
      'http.request.method': 'POST',
      'url.domain': 'a.example',
      'url.original': '/x',
      'user_agent.original': 'u/1',
      'http.response.status_code': 404,
      'http.request.body.bytes': 5,
      'http.response.body.bytes': 9,
      'url.username': 'anna',
      'zeek.http.resp_mime_types': ['text/html'],
      'zeek.http.trans_depth': 1,
    },
  ],
  ssl: [
    {
      ...ends,
      version: 'TLSv12',
      cipher: 'TLS_X',
      server_name: 'a.example',
      established: true,
      resumed: false,
      subject: 'CN=a.example,O=Example\\, Inc.,C=US',
      issuer: 'CN=CA,C=US',
      validation_status: 'ok',
      cert_chain_fuids: ['F1'],
      ja3: 'aa',
      ja3s: 'bb',
    },
    {
      ...moved_ends,
      'tls.client.ja3': 'aa',
      'tls.server.ja3s': 'bb',
      'zeek.ssl.version': 'TLSv12',
      'zeek.ssl.cipher': 'TLS_X',
      'zeek.ssl.server.name': 'a.example',
      'zeek.ssl.established': true,
      'zeek.ssl.resumed': false,
      'zeek.ssl.server.subject.common_name': 'a.example',
      'zeek.ssl.server.subject.organization': 'Example, Inc.',
      'zeek.ssl.server.subject.country': 'US',
      'zeek.ssl.server.issuer.common_name': 'CA',
      'zeek.ssl.server.issuer.country': 'US',
      'zeek.ssl.validation.status': 'ok',
      'zeek.ssl.server.cert_chain_fuids': ['F1'],
    },
  ],
  x509: [
    {
      id: 'F1',
      'certificate.subject': 'CN=a.example',
      'certificate.issuer': 'CN=CA,OU=IT,ST=Bern',
      'certificate.serial': '2D',
      'certificate.not_valid_before': 1_500_000_000,
      'certificate.not_valid_after': 1_600_000_000,
      'certificate.key_type': 'rsa',
      'certificate.key_length': 2048,
      'certificate.sig_alg': 'sha256',
      'san.dns': ['a.example'],
    },
    {
      'zeek.session_id': 'F1',
      'zeek.x509.certificate.subject.common_name': 'a.example',
      'zeek.x509.certificate.issuer.common_name': 'CA',
      'zeek.x509.certificate.issuer.organizational_unit': 'IT',
      'zeek.x509.certificate.issuer.state': 'Bern',
      'zeek.x509.certificate.serial': '2D',
      'zeek.x509.certificate.valid.from': '2017-07-14T02:40:00.000Z',
      'zeek.x509.certificate.valid.until': '2020-09-13T12:26:40.000Z',
      'zeek.x509.certificate.key.type': 'rsa',
      'zeek.x509.certificate.key.length': 2048,
      'zeek.x509.certificate.signature_algorithm': 'sha256',
      'zeek.x509.san.dns': ['a.example'],
    },
  ],
  files: [
    {
      fuid: 'F1',
      tx_hosts: ['192.0.2.7'],
      rx_hosts: ['10.0.0.1'],
      conn_uids: ['CUid'],
      source: 'HTTP',
      is_orig: false,
      seen_bytes: 9,
      total_bytes: 9,
      missing_bytes: 0,
      duration: 0.5,
      mime_type: 'text/html',
      md5: 'aa',
      sha1: 'bb',
    },
    {
      'zeek.session_id': 'CUid',
      'client.ip': '10.0.0.1',
      'server.ip': '192.0.2.7',
      'zeek.files.fuid': 'F1',
      'zeek.files.tx_host': '192.0.2.7',
      'zeek.files.rx_host': '10.0.0.1',
      'zeek.files.session_ids': ['CUid'],
      'zeek.files.source': 'HTTP',
      'zeek.files.is_orig': false,
      'zeek.files.seen_bytes': 9,
      'zeek.files.total_bytes': 9,
      'zeek.files.missing_bytes': 0,
      'zeek.files.duration': 0.5,
      'zeek.files.mime_type': 'text/html',
      'file.hash.md5': 'aa',
      'file.hash.sha1': 'bb',
    },
  ],
  ssh: [
    {
      ...ends,
      version: 2,
      auth_success: false,
      auth_attempts: 2,
      client: 'SSH-2.0-c',
      server: 'SSH-2.0-s',
      cipher_alg: 'chacha20',
      host_key: '86:71',
    },
    {
      ...moved_ends,
      'zeek.ssh.version': 2,
      'zeek.ssh.auth.success': false,
      'zeek.ssh.auth.attempts': 2,
      'zeek.ssh.client': 'SSH-2.0-c',
      'zeek.ssh.server': 'SSH-2.0-s',
      'zeek.ssh.algorithm.cipher': 'chacha20',
      'zeek.ssh.host_key': '86:71',
    },
  ],
  kerberos: [
    {
      ...ends,
      request_type: 'TGS',
      client: 'anna/EXAMPLE',
      service: 'HOST/pc',
      success: false,
      error_msg: 'KDC_ERR',
      cipher: 'rc4-hmac',
    },
    {
      ...moved_ends,
      'zeek.kerberos.request_type': 'TGS',
      'zeek.kerberos.client': 'anna/EXAMPLE',
      'zeek.kerberos.service': 'HOST/pc',
      'zeek.kerberos.success': false,
      'zeek.kerberos.error.msg': 'KDC_ERR',
      'zeek.kerberos.cipher': 'rc4-hmac',
    },
  ],
  ntlm: [
    {
      ...ends,
      username: 'anna',
      hostname: 'PC',
      domainname: 'EXAMPLE',
      server_nb_computer_name: 'FS',
      server_dns_computer_name: 'fs.example',
      server_tree_name: 'example',
      success: true,
    },
    {
      ...moved_ends,
      'zeek.ntlm.username': 'anna',
      'zeek.ntlm.hostname': 'PC',
      'zeek.ntlm.domain': 'EXAMPLE',
      'zeek.ntlm.server.nb_name': 'FS',
      'zeek.ntlm.server.dns_name': 'fs.example',
      'zeek.ntlm.server.tree_name': 'example',
      'zeek.ntlm.success': true,
    },
  ],
  smb_files: [
    {
      ...ends,
      action: 'SMB::FILE_OPEN',
      name: 'a.exe',
      path: '\\\\pc\\ADMIN$',
      size: 7,
      'times.modified': 1_500_000_000,
    },
    {
      ...moved_ends,
      'zeek.smb_files.action': 'SMB::FILE_OPEN',
      'zeek.smb_files.name': 'a.exe',
      'zeek.smb_files.path': '\\\\pc\\ADMIN$',
      'zeek.smb_files.size': 7,
      'zeek.smb_files.times.modified': '2017-07-14T02:40:00.000Z',
      'file.size': 7,
    },
  ],
  smb_mapping: [
    { ...ends, path: '\\\\pc\\ADMIN$', share_type: 'DISK' },
    { ...moved_ends, 'zeek.smb_mapping.path': '\\\\pc\\ADMIN$', 'zeek.smb_mapping.share_type': 'DISK' },
  ],
  dce_rpc: [
    { ...ends, endpoint: 'svcctl', operation: 'CreateServiceW', named_pipe: '\\pipe\\svcctl', rtt: 0.5 },
    {
      ...moved_ends,
      'event.action': 'CreateServiceW',
      'zeek.dce_rpc.endpoint': 'svcctl',
      'zeek.dce_rpc.operation': 'CreateServiceW',
      'zeek.dce_rpc.named_pipe': '\\pipe\\svcctl',
      'zeek.dce_rpc.rtt': 0.5,
    },
  ],
  smtp: [
    {
      ...ends,
      trans_depth: 1,
      helo: 'a.example',
      mailfrom: 'a@a.example',
      rcptto: ['b@b.example'],
      from: 'a',
      to: ['b'],
      subject: 's',
      last_reply: '250 ok',
      tls: false,
    },
    {
      ...moved_ends,
      'zeek.smtp.transaction_depth': 1,
      'zeek.smtp.helo': 'a.example',
      'zeek.smtp.mail_from': 'a@a.example',
      'zeek.smtp.rcpt_to': ['b@b.example'],
      'zeek.smtp.from': 'a',
      'zeek.smtp.to': ['b'],
      'zeek.smtp.subject': 's',
      'zeek.smtp.last_reply': '250 ok',
      'zeek.smtp.tls': false,
    },
  ],
  ftp: [
    {
      ...ends,
      user: 'anna',
      command: 'RETR',
      arg: 'ftp://h/a',
      reply_code: 226,
      reply_msg: 'done',
      file_size: 9,
      mime_type: 'text/plain',
    },
    {
      ...moved_ends,
      'user.name': 'anna',
      'zeek.ftp.user': 'anna',
      'zeek.ftp.command': 'RETR',
      'zeek.ftp.arg': 'ftp://h/a',
      'zeek.ftp.reply.code': 226,
      'zeek.ftp.reply.msg': 'done',
      'zeek.ftp.file.size': 9,
      'zeek.ftp.file.mime_type': 'text/plain',
    },
  ],
  rdp: [
    {
      ...ends,
      cookie: 'anna',
      result: 'encrypted',
      security_protocol: 'HYBRID',
      client_name: 'PC',
      client_build: '10',
    },
    {
      ...moved_ends,
      'zeek.rdp.cookie': 'anna',
      'zeek.rdp.result': 'encrypted',
      'zeek.rdp.security_protocol': 'HYBRID',
      'zeek.rdp.client.name': 'PC',
      'zeek.rdp.client.build': '10',
    },
  ],
  dhcp: [
    {
      uids: ['CUid', 'COther'],
      mac: '00:0c:29:00:00:01',
      client_addr: '10.0.0.1',
      server_addr: '10.0.0.254',
      assigned_addr: '10.0.0.1',
      requested_addr: '10.0.0.1',
      host_name: 'PC',
      domain: 'example',
      lease_time: 1800,
      msg_types: ['REQUEST', 'ACK'],
    },
    {
      'zeek.session_id': ['CUid', 'COther'],
      'source.ip': '10.0.0.1',
      'destination.ip': '10.0.0.254',
      'zeek.dhcp.address.mac': '00:0c:29:00:00:01',
      'zeek.dhcp.address.client': '10.0.0.1',
      'zeek.dhcp.address.server': '10.0.0.254',
      'zeek.dhcp.address.assigned': '10.0.0.1',
      'zeek.dhcp.address.requested': '10.0.0.1',
      'zeek.dhcp.hostname': 'PC',
      'zeek.dhcp.domain': 'example',
      'zeek.dhcp.lease_time': 1800,
      'zeek.dhcp.msg_types': ['REQUEST', 'ACK'],
    },
  ],
  notice: [
    {
      note: 'Scan::Port_Scan',
      msg: 'scanned',
      sub: 'remote',
      src: '10.0.0.1',
      dst: '10.0.0.9',
      p: 445,
      suppress_for: 3600,
    },
    {
      'source.ip': '10.0.0.1',
      'destination.ip': '10.0.0.9',
      'destination.port': 445,
      'zeek.notice.note': 'Scan::Port_Scan',
      'zeek.notice.msg': 'scanned',
      'zeek.notice.sub': 'remote',
      'zeek.notice.suppress_for': 3600,
    },
  ],
  weird: [
    { ...ends, name: 'dns_unmatched_reply', addl: 'x', notice: false, peer: 'w-1' },
    {
      ...moved_ends,
      'zeek.weird.name': 'dns_unmatched_reply',
      'zeek.weird.additional_info': 'x',
      'zeek.weird.notice': false,
      'zeek.weird.peer': 'w-1',
    },
  ],
  tunnel: [
    { ...ends, uid: undefined, tunnel_type: 'Tunnel::HTTP', action: 'Tunnel::DISCOVER' },
    {
      ...moved_ends,
      'zeek.session_id': undefined,
      'event.action': 'Tunnel::DISCOVER',
      'zeek.tunnel.type': 'Tunnel::HTTP',
      'zeek.tunnel.action': 'Tunnel::DISCOVER',
    },
  ],
  sip: [
    {
      ...ends,
      method: 'REGISTER',
      request_from: '<sip:a@b>',
      uri: 'sip:b',
      status_code: 401,
      status_msg: 'Unauthorized',
      user_agent: 'p/1',
    },
    {
      ...moved_ends,
      'event.action': 'REGISTER',
      'zeek.sip.sequence.method': 'REGISTER',
      'zeek.sip.request.from': '<sip:a@b>',
      'zeek.sip.uri': 'sip:b',
      'zeek.sip.status.code': 401,
      'zeek.sip.status.msg': 'Unauthorized',
      'zeek.sip.user_agent': 'p/1',
    },
  ],
  'conn of ICMP, whose type and code are no ports': [
    {
      ...ends,
      'id.orig_p': 3,
      'id.resp_p': 1,
      proto: 'icmp',
      conn_state: 'OTH',
      duration: 1.5,
      orig_pkts: 2,
      orig_ip_bytes: 112,
      orig_l2_addr: '00:1b:17:00:01:18',
      resp_l2_addr: '00:1b:17:00:01:19',
    },
    {
      ...moved_ends,
      'source.port': undefined,
      'destination.port': undefined,
      'zeek.connection.icmp.type': 3,
      'zeek.connection.icmp.code': 1,
      'network.transport': 'icmp',
      'zeek.connection.state': 'OTH',
      'event.duration': 1_500_000_000,
      'source.packets': 2,
      'source.bytes': 112,
      'source.mac': '00-1B-17-00-01-18',
      'destination.mac': '00-1B-17-00-01-19',
    },
  ],
  'http with a method in small letters': [
    { ...ends, trans_depth: 1, method: 'GET', host: 'a.example', uri: '/x' },
    {
      ...moved_ends,
      'http.request.method': 'get',
      'url.domain': 'a.example',
      'url.original': '/x',
      'zeek.http.trans_depth': 1,
    },
  ],
  'x509 of a name with parts of one kind': [
    {
      id: 'F1',
      'certificate.subject': 'CN=CA,OU=a,OU=b,DC=corp,DC=example',
      'certificate.issuer': 'CN=CA,OU=a,OU=c,DC=corp,DC=example',
      'basic_constraints.ca': true,
    },
    {
      'zeek.session_id': 'F1',
      'zeek.x509.certificate.subject': {
        common_name: 'CA',
        organizational_unit: ['a', 'b'],
        DC: ['corp', 'example'],
      },
      'zeek.x509.certificate.issuer': {
        common_name: 'CA',
        organizational_unit: ['a', 'c'],
        DC: ['corp', 'example'],
      },
      'zeek.x509.basic_constraints.certificate_authority': true,
    },
  ],
  'files whose name and size went to the file': [
    {
      fuid: 'F1',
      tx_hosts: ['192.0.2.7'],
      rx_hosts: ['10.0.0.1'],
      conn_uids: ['CUid'],
      source: 'HTTP',
      seen_bytes: 9,
      total_bytes: 12,
      filename: 'a.exe',
    },
    {
      'zeek.session_id': 'CUid',
      'zeek.files.fuid': 'F1',
      'zeek.files.tx_host': '192.0.2.7',
      'zeek.files.rx_host': '10.0.0.1',
      'zeek.files.session_ids': ['CUid'],
      'zeek.files.source': 'HTTP',
      'zeek.files.seen_bytes': 9,
      'file.size': 12,
      'file.name': 'a.exe',
    },
  ],
  'ftp whose size went to the file': [
    { ...ends, user: 'anna', command: 'RETR', reply_code: 226, file_size: 9 },
    {
      ...moved_ends,
      'zeek.ftp.user': 'anna',
      'zeek.ftp.command': 'RETR',
      'zeek.ftp.reply.code': 226,
      'file.size': 9,
    },
  ],
  'dhcp whose messages have a part of their own': [
    { uids: ['CUid'], mac: '00:0c:29:00:00:01', msg_types: ['REQUEST', 'ACK'], client_software: 'MSFT' },
    {
      'zeek.session_id': ['CUid'],
      'zeek.dhcp.address.mac': '00:0c:29:00:00:01',
      'zeek.dhcp.msg.types': ['REQUEST', 'ACK'],
      'zeek.dhcp.software.client': 'MSFT',
    },
  ],
  stats: [
    {
      peer: 'w-1',
      mem: 94,
      pkts_proc: 296,
      bytes_recv: 39_674,
      pkts_dropped: 3,
      pkts_link: 300,
      pkt_lag: 0.5,
      events_proc: 723,
      events_queued: 728,
      active_tcp_conns: 1,
      active_udp_conns: 3,
      active_icmp_conns: 0,
      tcp_conns: 6,
      udp_conns: 36,
      icmp_conns: 2,
      timers: 797,
      active_timers: 38,
      files: 5,
      active_files: 4,
      dns_requests: 8,
      active_dns_requests: 7,
      reassem_tcp_size: 11,
      reassem_file_size: 12,
      reassem_frag_size: 13,
      reassem_unknown_size: 14,
    },
    {
      'zeek.stats.peer': 'w-1',
      'zeek.stats.memory': 94,
      'zeek.stats.packets.processed': 296,
      'zeek.stats.bytes.received': 39_674,
      'zeek.stats.packets.dropped': 3,
      'zeek.stats.packets.received': 300,
      'zeek.stats.timestamp_lag': 0.5,
      'zeek.stats.events.processed': 723,
      'zeek.stats.events.queued': 728,
      'zeek.stats.connections.tcp.active': 1,
      'zeek.stats.connections.udp.active': 3,
      'zeek.stats.connections.icmp.active': 0,
      'zeek.stats.connections.tcp.count': 6,
      'zeek.stats.connections.udp.count': 36,
      'zeek.stats.connections.icmp.count': 2,
      'zeek.stats.timers.count': 797,
      'zeek.stats.timers.active': 38,
      'zeek.stats.files.count': 5,
      'zeek.stats.files.active': 4,
      'zeek.stats.dns_requests.count': 8,
      'zeek.stats.dns_requests.active': 7,
      'zeek.stats.reassembly_size.tcp': 11,
      'zeek.stats.reassembly_size.file': 12,
      'zeek.stats.reassembly_size.frag': 13,
      'zeek.stats.reassembly_size.unknown': 14,
    },
  ],
  capture_loss: [
    { ts_delta: 32.25, peer: 'w-1', gaps: 1, acks: 206, percent_lost: 0.5 },
    {
      'zeek.capture_loss.ts_delta': 32.25,
      'zeek.capture_loss.peer': 'w-1',
      'zeek.capture_loss.gaps': 1,
      'zeek.capture_loss.acks': 206,
      'zeek.capture_loss.percent_lost': 0.5,
    },
  ],
  dpd: [
    { ...ends, proto: 'tcp', analyzer: 'DCE_RPC', failure_reason: 'x' },
    {
      ...moved_ends,
      'network.transport': 'tcp',
      'zeek.dpd.analyzer': 'DCE_RPC',
      'zeek.dpd.failure_reason': 'x',
    },
  ],
  ntp: [
    { ...ends, version: 4, mode: 4, stratum: 2, xmt_time: 1_767_607_200 },
    {
      ...moved_ends,
      'network.transport': 'udp',
      'zeek.ntp.version': 4,
      'zeek.ntp.mode': 4,
      'zeek.ntp.stratum': 2,
      'zeek.ntp.xmt_time': '2026-01-05T10:00:00.000Z',
    },
  ],
  known_hosts: [{ host: '10.0.0.1' }, { 'host.ip': ['10.0.0.1'] }],
  known_services: [
    { host: '10.0.0.1', port_num: 53, port_proto: 'udp', service: ['DNS'] },
    {
      'host.ip': ['10.0.0.1'],
      'server.port': 53,
      'network.transport': 'udp',
      'network.application': ['DNS'],
    },
  ],
  known_certs: [
    { host: '10.0.0.1', port_num: 443, subject: 'CN=a,C=US', issuer_subject: 'CN=b', serial: '98' },
    {
      'host.ip': ['10.0.0.1'],
      'server.port': 443,
      'tls.server.subject': 'CN=a,C=US',
      'tls.server.issuer': 'CN=b',
      'tls.server.x509.serial_number': '98',
    },
  ],
  software: [
    {
      host: '10.0.0.1',
      software_type: 'HTTP::BROWSER',
      name: 'Agent',
      'version.major': 10,
      'version.minor': 0,
      'version.addl': 'Client',
      unparsed_version: 'Agent/10.0 Client',
    },
    {
      'host.ip': ['10.0.0.1'],
      'zeek.software.type': 'HTTP::BROWSER',
      'zeek.software.name': 'Agent',
      'zeek.software.version.major': 10,
      'zeek.software.version.minor': 0,
      'zeek.software.version.additional': 'Client',
      'zeek.software.version.full': 'Agent/10.0 Client',
    },
  ],
};
/** { 'a.b': 1 } as { a: { b: 1 } }. */
function nested(flat: object): object {
  const all: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(flat)) {
    const names = name.split('.');
    let at = all;
    for (const one of names.slice(0, -1)) {
      at[one] ??= {};
      at = at[one] as Record<string, unknown>;
    }
    at[names.at(-1)!] = value;
  }
  return all;
}
for (const [name, [record, fields]] of Object.entries(documents))
  test(`a document that Elastic made of ${name} is read as the record it was made of`, () => {
    const log = name.split(' ', 1)[0]!;
    const raw = decode(json({ _path: log, ts: 1_767_607_200.5, ...record }));
    assert.deepEqual([raw.rejects, raw.events.length > 0], [[], true]);
    const document = {
      '@timestamp': '2026-01-05T10:00:00.500Z',
      'event.dataset': `zeek.${log === 'conn' ? 'connection' : log}`,
      'event.created': '2026-01-05T10:00:09Z',
      'event.ingested': '2026-01-05T10:00:10Z',
      'network.type': 'ipv4',
      ...fields,
    };
    for (const one of [document, nested(document), { _source: nested(document) }]) {
      const sink = decode(json(one));
      assert.deepEqual(sink.rejects, []);
      assert.deepEqual(
        sink.events.map((read) => read.event),
        raw.events.map((read) => read.event),
      );
    }
  });

test('a connection that is still open is told as a part of it, as its record says', () => {
  const shares: unknown[] = [];
  const sink: Sink = { ...collectingSink(), event: (...told) => shares.push(told[4]) };
  const decoder = wrapped.open('x', sink, { latest_time: Date.UTC(2030, 0, 1) * 1000, keep_raw: false });
  const document = {
    '@timestamp': '2026-01-05T10:00:00.500Z',
    'event.dataset': 'zeek.connection',
    ...moved_ends,
    'zeek.connection.state': 'S1',
  };
  for (const one of [{ ...document, 'zeek.connection._path': 'conn_long' }, document])
    decoder.push(Buffer.from(`${json(one)}\n`));
  decoder.end();
  assert.deepEqual(shares, ['part', 'whole']);
});

test("the time of a document is the event's, whatever form the time of its reading has", () => {
  const rest = { 'event.dataset': 'zeek.dce_rpc', ...moved_ends, 'zeek.dce_rpc.endpoint': 'svcctl' };
  const time = 1_767_607_200_500_000;
  for (const times of [
    { '@timestamp': '2026-01-05T10:00:00.500Z', 'event.created': 1_767_607_900_123 },
    { '@timestamp': 1_767_607_200_500, 'event.created': '2026-01-05T10:09:00Z' },
    // The first versions of Filebeat's module put Zeek's own time there.
    { '@timestamp': '2026-01-05T10:09:00.500Z', 'event.created': 1_767_607_200.5 },
  ])
    assert.equal(decode(json({ ...times, ...rest })).events[0]?.event.time, time);
});

test('documents of logs that are not used are filtered by the name of the log', () => {
  const logs =
    'smb_cmd radius snmp socks irc mysql modbus dnp3 intel pe rfb signature syslog traceroute'.split(' ');
  for (const log of logs) {
    const document = {
      '@timestamp': '2026-01-05T10:00:00.500Z',
      'event.dataset': `zeek.${log}`,
      ...moved_ends,
      [`zeek.${log}.command`]: 'NT_CREATE_ANDX',
      [`zeek.${log}.status_code`]: 1,
    };
    for (const one of [document, nested(document)])
      assert.deepEqual(
        decode(json(one)).filtereds.map((filtered) => filtered.reason),
        [`log type not used: ${log}`],
      );
  }
});

const moved_flow = {
  '@timestamp': '2026-01-05T10:00:00.500Z',
  'event.dataset': 'suricata.eve',
  'source.address': '10.0.0.1',
  'source.port': 1000,
  'destination.address': '192.0.2.1',
  'destination.port': 53,
  'network.transport': 'udp',
};
const eve_flow = {
  timestamp: '2026-01-05T10:00:00.500000+0000',
  src_ip: '10.0.0.1',
  src_port: 1000,
  dest_ip: '192.0.2.1',
  dest_port: 53,
  proto: 'UDP',
};
const answer = { type: 'answer', id: 7, rrname: 'a.example', rrtype: 'A', rcode: 'NOERROR' };
const eves: Record<string, Moved> = {
  dns: [
    {
      ...eve_flow,
      event_type: 'dns',
      dns: {
        ...answer,
        version: 2,
        answers: [{ rrname: 'a.example', rrtype: 'A', ttl: 9, rdata: '192.0.2.7' }],
      },
    },
    {
      ...moved_flow,
      'suricata.eve.event_type': 'dns',
      'suricata.eve.dns': answer,
      'dns.id': '7',
      'dns.answers': [{ name: 'a.example', type: 'A', ttl: 9, data: '192.0.2.7' }],
      'dns.resolved_ip': ['192.0.2.7'],
    },
  ],
  tls: [
    {
      ...eve_flow,
      event_type: 'tls',
      tls: {
        sni: 'a.example',
        subject: 'CN=a',
        issuerdn: 'CN=b',
        version: 'TLS 1.2',
        ja3: { hash: 'aa', string: '1' },
        ja3s: { hash: 'bb' },
      },
    },
    {
      ...moved_flow,
      'suricata.eve.event_type': 'tls',
      'tls.version': '1.2',
      'tls.version_protocol': 'tls',
      'tls.client.server_name': 'a.example',
      'tls.server.subject': 'CN=a',
      'tls.server.issuer': 'CN=b',
      'tls.client.ja3': 'aa',
      'tls.server.ja3s': 'bb',
    },
  ],
  fileinfo: [
    {
      ...eve_flow,
      event_type: 'fileinfo',
      app_proto: 'http',
      fileinfo: { filename: '/a.exe', size: 9, state: 'CLOSED', sha256: 'cc', tx_id: 0 },
    },
    {
      ...moved_flow,
      'network.protocol': 'http',
      'suricata.eve.event_type': 'fileinfo',
      'suricata.eve.fileinfo': { state: 'CLOSED', tx_id: 0 },
      'file.path': '/a.exe',
      'file.size': 9,
      'file.hash.sha256': 'cc',
    },
  ],
  'dns without an answer': [
    {
      ...eve_flow,
      event_type: 'dns',
      dns: {
        type: 'answer',
        id: 7,
        rrname: 'a.example',
        rrtype: 'A',
        rcode: 'NXDOMAIN',
        version: 2,
        aa: true,
      },
    },
    {
      ...moved_flow,
      'suricata.eve.event_type': 'dns',
      'suricata.eve.dns': { type: 'answer', id: 7, rrname: 'a.example', rrtype: 'A', rcode: 'NXDOMAIN' },
      'dns.header_flags': ['AA', 'RD'],
      'dns.response_code': 'NXDOMAIN',
    },
  ],
  'dns of a zone': [
    {
      ...eve_flow,
      event_type: 'dns',
      dns: {
        ...answer,
        version: 2,
        answers: [{ rrname: 'a.example', rrtype: 'SOA', ttl: 9, soa: { mname: 'm' } }],
      },
    },
    {
      ...moved_flow,
      'suricata.eve.event_type': 'dns',
      'suricata.eve.dns': answer,
      'dns.answers': [{ name: 'a.example', type: 'SOA', ttl: 9, soa: { mname: 'm' } }],
    },
  ],
  'dns without an answer, of version 1': [
    {
      ...eve_flow,
      event_type: 'dns',
      dns: { type: 'answer', id: 7, rrname: 'a.example', rcode: 'NXDOMAIN' },
    },
    {
      ...moved_flow,
      'suricata.eve.event_type': 'dns',
      'suricata.eve.dns': { type: 'answer', id: 7, rrname: 'a.example', rcode: 'NXDOMAIN' },
      'dns.answers': [{ name: 'a.example' }],
    },
  ],
  http: [
    {
      ...eve_flow,
      event_type: 'http',
      http: {
        hostname: 'a.example',
        url: '/x?y',
        http_method: 'GET',
        http_user_agent: 'u/1',
        http_refer: 'http://b.example/',
        http_content_type: 'text/html; charset=x',
        protocol: 'HTTP/1.1',
        status: 200,
        length: 9,
      },
    },
    {
      ...moved_flow,
      'suricata.eve.event_type': 'http',
      'suricata.eve.http.http_content_type': 'text/html; charset=x',
      'suricata.eve.http.protocol': 'HTTP/1.1',
      'url.domain': 'a.example',
      'destination.domain': 'a.example',
      'url.original': '/x?y',
      'url.path': '/x',
      'http.request.method': 'get',
      'http.request.referrer': 'http://b.example/',
      'http.response.status_code': 200,
      'http.response.body.bytes': 9,
      'user_agent.original': 'u/1',
    },
  ],
  ssh: [
    {
      ...eve_flow,
      event_type: 'ssh',
      ssh: {
        client: { proto_version: '2.0', software_version: 'c', hassh: { hash: 'hh' } },
        server: { proto_version: '2.0', software_version: 's' },
      },
    },
    {
      ...moved_flow,
      'suricata.eve.event_type': 'ssh',
      'suricata.eve.ssh.client.proto_version': '2.0',
      'suricata.eve.ssh.client.software_version': 'c',
      'suricata.eve.ssh.client.hassh.hash': 'hh',
      'suricata.eve.ssh.server.proto_version': '2.0',
      'suricata.eve.ssh.server.software_version': 's',
    },
  ],
  smtp: [
    {
      ...eve_flow,
      event_type: 'smtp',
      smtp: { helo: 'h', mail_from: '<a@a.example>', rcpt_to: ['<b@b.example>'] },
      email: { from: 'a', to: ['b'], subject: 's' },
    },
    {
      ...moved_flow,
      'suricata.eve.event_type': 'smtp',
      'suricata.eve.smtp.helo': 'h',
      'suricata.eve.smtp.mail_from': '<a@a.example>',
      'suricata.eve.smtp.rcpt_to': ['<b@b.example>'],
      'suricata.eve.email.from': 'a',
      'suricata.eve.email.to': ['b'],
      'suricata.eve.email.subject': 's',
    },
  ],
  stats: [
    {
      timestamp: eve_flow.timestamp,
      event_type: 'stats',
      stats: { uptime: 5, capture: { kernel_packets: 9, kernel_drops: 1 } },
    },
    {
      '@timestamp': moved_flow['@timestamp'],
      'event.dataset': 'suricata.eve',
      'suricata.eve.event_type': 'stats',
      'suricata.eve.stats.uptime': 5,
      'suricata.eve.stats.capture.kernel_packets': 9,
      'suricata.eve.stats.capture.kernel_drops': 1,
    },
  ],
  flow: [
    {
      ...eve_flow,
      flow_id: 7,
      event_type: 'flow',
      app_proto: 'dns',
      ether: { src_mac: '00:03:2d:3f:e5:63', dest_mac: '00:1b:17:00:01:18' },
      flow: {
        pkts_toserver: 2,
        pkts_toclient: 3,
        bytes_toserver: 200,
        bytes_toclient: 300,
        start: '2026-01-05T09:59:00.250000+0000',
        end: '2026-01-05T10:00:00.500000+0000',
        state: 'closed',
      },
    },
    {
      ...moved_flow,
      'network.protocol': 'dns',
      'suricata.eve.event_type': 'flow',
      'suricata.eve.flow_id': '7',
      'suricata.eve.flow.state': 'closed',
      'source.mac': '00-03-2D-3F-E5-63',
      'destination.mac': '00-1B-17-00-01-18',
      'source.packets': 2,
      'destination.packets': 3,
      'source.bytes': 200,
      'destination.bytes': 300,
      'event.start': '2026-01-05T09:59:00.250Z',
      'event.end': '2026-01-05T10:00:00.500Z',
    },
  ],
  alert: [
    {
      ...eve_flow,
      event_type: 'alert',
      alert: {
        action: 'allowed',
        signature: 'S',
        signature_id: 9,
        category: 'C',
        severity: 2,
        metadata: { tag: ['x'], mitre_technique_id: ['T1071'] },
      },
      tls: { sni: 'a.example', version: 'TLS 1.2' },
    },
    {
      ...moved_flow,
      'suricata.eve.event_type': 'alert',
      'suricata.eve.alert.signature': 'S',
      'suricata.eve.alert.signature_id': 9,
      'suricata.eve.alert.category': 'C',
      'suricata.eve.alert.metadata': { tag: ['x'] },
      'suricata.eve.tls.sni': 'a.example',
      'suricata.eve.tls.version': 'TLS 1.2',
      'rule.name': 'S',
      'rule.id': '9',
      'event.severity': 2,
      'event.type': ['allowed'],
      'destination.domain': 'a.example',
      'threat.technique.id': ['T1071'],
      message: 'C',
    },
  ],
  'alert of what was stopped, without a name': [
    {
      ...eve_flow,
      event_type: 'alert',
      alert: { action: 'blocked', signature: '', signature_id: 9, category: 'C', severity: 2 },
    },
    {
      ...moved_flow,
      'suricata.eve.event_type': 'alert',
      'suricata.eve.alert.signature_id': 9,
      'rule.category': 'C',
      'event.severity': 2,
      'event.type': ['denied'],
      message: 'C',
    },
  ],
};
for (const [type, [record, fields]] of Object.entries(eves))
  test(`a document that Elastic made of Suricata's ${type} is read as the record it was made of`, () => {
    const told = (text: string): WeirEvent[] => decode(text).events.map((one) => one.event);
    const raw = told(json(record));
    assert.ok(raw.length > 0);
    assert.deepEqual(told(json(fields)), raw);
    assert.deepEqual(told(json(nested(fields))), raw);
  });

test('the answers of version 1, one a document, are joined with their query as they are in records', () => {
  const query = { type: 'query', id: 7, rrname: 'a.example', rrtype: 'A' };
  const answers = ['192.0.2.7', '192.0.2.8'].map((rdata) => ({ ...answer, ttl: 9, rdata }));
  const told = (lines: readonly object[]): WeirEvent[] =>
    decode(lines.map((one) => json(one)).join('\n')).events.map((one) => one.event);
  const raw = told([query, ...answers].map((dns) => ({ ...eve_flow, event_type: 'dns', dns })));
  const base = { ...moved_flow, 'suricata.eve.event_type': 'dns' };
  const made = [
    { ...base, 'suricata.eve.dns': query },
    ...answers.map((dns) => ({
      ...base,
      'suricata.eve.dns': dns,
      'dns.answers': [{ name: dns.rrname, type: dns.rrtype, ttl: dns.ttl, data: dns.rdata }],
    })),
  ];
  assert.equal(raw.length, 1);
  assert.deepEqual(told(made), raw);
});

test('names of fields in a document cannot reach what all objects share', () => {
  const document = { ...moved_flow, 'suricata.eve.event_type': 'ssh', 'suricata.eve.__proto__.polluted': 1 };
  assert.equal(decode(json(document)).events.length, 1);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test('passwords in documents are not kept', () => {
  const sink = collectingSink();
  const decoder = wrapped.open('x', sink, { latest_time: Date.UTC(2030, 0, 1) * 1000, keep_raw: true });
  const base = { '@timestamp': '2026-01-05T10:00:00.500Z', 'event.dataset': 'zeek.http', ...moved_ends };
  const login = {
    ...moved_flow,
    'suricata.eve.event_type': 'ftp',
    'suricata.eve.ftp.command': 'PASS',
    'suricata.eve.ftp.command_data': 'hunter2',
  };
  const documents = [
    { ...base, 'http.request.method': 'GET', 'url.password': 'hunter2' },
    { ...base, 'event.dataset': 'zeek.ftp', 'zeek.ftp.password': 'hunter2', 'zeek.ftp.command': 'RETR' },
    login,
  ];
  for (const one of [...documents, ...documents.map(nested)]) decoder.push(Buffer.from(`${json(one)}\n`));
  decoder.end();
  assert.equal(sink.events.length, 6);
  for (const { raw } of sink.events) assert.doesNotMatch(raw, /hunter2/);
});
