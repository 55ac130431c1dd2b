import { zeekLogs } from './zeek-logs.ts';

/** Logs of Zeek and its common packages that are read over; a file's name may name one of these too. */
const others = new Set(
  `arp barnyard2 bacnet broker cipcmd cluster config conn_agg conn_summary dga dnp3 enip eventtracker intel ipsec irc
  kerberos_tickets known_domains known_remotes known_users ldap ldap_search loaded_scripts login_failures modbus modbus_register_change mqtt_connect
  mqtt_publish mqtt_subscribe mysql netcontrol netcontrol_drop netcontrol_shunt ocsp
  openflow ospf packet_filter pe pop3 postgresql print prof quic radius redis reporter rfb s7comm signatures snmp socks
  stderr stdout syslog telemetry tftp traceroute unknown_protocols vpn weird_stats websocket wireguard zeek_doctor`.split(
    /\s+/,
  ),
);

/**
 * Fields that only one log has. Used when a JSON record does not name its log (Zeek's own JSON writer does not); the
 * first row that has any of its fields wins. `all` must be there besides.
 */
const marks: readonly { path: string; any: readonly string[]; all?: readonly string[] }[] = [
  { path: 'conn', any: ['conn_state'] },
  { path: 'dns', any: ['qtype', 'qtype_name', 'rcode', 'AA'] },
  { path: 'smtp', any: ['helo', 'mailfrom', 'rcptto', 'last_reply'] },
  { path: 'sip', any: ['request_from', 'call_id'], all: ['method'] },
  { path: 'http', any: ['trans_depth', 'status_code', 'request_body_len'] },
  { path: 'x509', any: ['certificate.serial', 'certificate.subject'] },
  { path: 'kerberos', any: ['request_type', 'forwardable', 'renewable', 'till'] },
  { path: 'ssl', any: ['cipher', 'established', 'ssl_history', 'cert_chain_fps', 'cert_chain_fuids'] },
  { path: 'ssh', any: ['auth_success', 'auth_attempts', 'kex_alg', 'host_key', 'hassh'] },
  { path: 'files', any: ['seen_bytes'], all: ['fuid'] },
  { path: 'notice', any: ['suppress_for', 'sub', 'msg'], all: ['note'] },
  { path: 'weird', any: ['notice'], all: ['name'] },
  { path: 'dhcp', any: ['msg_types', 'lease_time', 'assigned_ip'] },
  { path: 'ntlm', any: ['domainname', 'server_nb_computer_name', 'server_dns_computer_name'] },
  { path: 'rdp', any: ['security_protocol', 'keyboard_layout', 'client_build', 'cookie'] },
  { path: 'smb_files', any: ['times.modified', 'times.accessed'], all: ['action'] },
  { path: 'smb_mapping', any: ['share_type'] },
  { path: 'dce_rpc', any: ['operation'], all: ['endpoint'] },
  { path: 'tunnel', any: ['tunnel_type'] },
  { path: 'software', any: ['software_type'] },
  { path: 'known_services', any: ['port_proto'], all: ['host'] },
  { path: 'known_certs', any: ['issuer_subject'], all: ['host'] },
  { path: 'stats', any: ['pkts_proc'] },
  { path: 'capture_loss', any: ['percent_lost'] },
  { path: 'ntp', any: ['stratum', 'xmt_time'], all: ['mode'] },
  { path: 'dpd', any: ['failure_reason'], all: ['analyzer'] },
  { path: 'ftp', any: ['data_channel.passive', 'reply_code', 'reply_msg'], all: ['command'] },
];

/** The log that a record's fields tell of, or ''. */
export function pathOfFields(has: (name: string) => boolean): string {
  for (const mark of marks) {
    if (mark.any.some(has) && (mark.all ?? []).every(has)) return mark.path;
  }
  return '';
}

/**
 * The log that a file's name tells of, or '': 'conn.log', 'conn.09:00:00-10:00:00.log.gz', 'sensor1_dce_rpc.log',
 * 'dns_20240101.json'.
 */
export function pathOfName(file: string): string {
  const base = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
  const words = (base.split('.', 1)[0] ?? '').toLowerCase().split(/[_-]/).slice(0, 12);
  for (let from = 0; from < words.length; from++) {
    for (let to = words.length; to > from; to--) {
      const name = words.slice(from, to).join('_');
      if (zeekLogs.has(name) || others.has(name)) return name;
    }
  }
  return '';
}

/** The reason under which records of another log are counted; few different ones, whatever a file says. */
export function notUsed(path: string): string {
  return others.has(path) || /^[a-z0-9_]{1,32}$/i.test(path)
    ? `log type not used: ${path}`
    : 'log type not used';
}

/** Whether a file holds records of connections that are still open, by its name or what its beginning names. */
export function tellsPieces(file: string, head: Buffer): boolean {
  if (zeekLogs.get(pathOfName(file))?.share === 'part') return true;
  return /(?:^#path[\t ]|"_path" ?: ?"|"@path" ?: ?")(?:conn_long|open_conn|open_http|open_ssl)\b/m.test(
    head.toString('latin1', 0, 16_384),
  );
}
