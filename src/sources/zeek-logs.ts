import type { ZeekLog } from './zeek.ts';
import { conn } from './zeek-conn.ts';
import { dce_rpc } from './zeek-dce-rpc.ts';
import { dhcp } from './zeek-dhcp.ts';
import { dns } from './zeek-dns.ts';
import { files, files_red } from './zeek-files.ts';
import { ftp } from './zeek-ftp.ts';
import { http } from './zeek-http.ts';
import {
  known_certs,
  known_devices,
  known_hosts,
  known_modbus,
  known_names,
  known_services,
  software,
  tunnel,
} from './zeek-inventory.ts';
import { kerberos } from './zeek-kerberos.ts';
import { analyzer, dpd, ntp, sip, suricata_corelight } from './zeek-more.ts';
import { notice } from './zeek-notice.ts';
import { ntlm } from './zeek-ntlm.ts';
import { rdp } from './zeek-rdp.ts';
import { smb_files, smb_mapping } from './zeek-smb.ts';
import { smtp } from './zeek-smtp.ts';
import { ssh } from './zeek-ssh.ts';
import { ssl } from './zeek-ssl.ts';
import { capture_loss, stats } from './zeek-stats.ts';
import { weird } from './zeek-weird.ts';
import { x509 } from './zeek-x509.ts';

/**
 * Logs whose records are those of another log: connections that are still open (conn_long of Corelight's package,
 * open_* of Active Countermeasures'), and what a Corelight sensor writes to save room (*_red).
 * https://github.com/corelight/zeek-long-connections, https://github.com/activecm/zeek-open-connections
 */
const alike: readonly ZeekLog[] = [
  { ...conn, path: 'conn_long', alike: 'conn', share: 'part' },
  { ...conn, path: 'open_conn', alike: 'conn', share: 'part' },
  { ...http, path: 'open_http', alike: 'http', share: 'part' },
  { ...ssl, path: 'open_ssl', alike: 'ssl', share: 'part' },
  { ...conn, path: 'conn_red', alike: 'conn' },
  { ...dns, path: 'dns_red', alike: 'dns', share: 'sum' },
  { ...http, path: 'http_red', alike: 'http' },
  { ...ssl, path: 'ssl_red', alike: 'ssl' },
  files_red,
];

/** The Zeek logs that become events; every other log is filtered by name. */
export const zeekLogs: ReadonlyMap<string, ZeekLog> = new Map(
  [
    ...alike,
    analyzer,
    capture_loss,
    conn,
    dce_rpc,
    dhcp,
    dns,
    dpd,
    files,
    ftp,
    http,
    kerberos,
    known_certs,
    known_devices,
    known_hosts,
    known_modbus,
    known_names,
    known_services,
    notice,
    ntlm,
    ntp,
    rdp,
    sip,
    smb_files,
    smb_mapping,
    smtp,
    software,
    ssh,
    ssl,
    stats,
    suricata_corelight,
    tunnel,
    weird,
    x509,
  ].map((log) => [log.path, log]),
);

/**
 * The log of a record by what the record tells and what its file is called: JSON often names no log, and some write the
 * records of open connections under the name of conn.
 */
export function logOf(path: string, path_of_name: string): ZeekLog | undefined {
  const named = zeekLogs.get(path_of_name);
  return named?.alike === path ? named : zeekLogs.get(path);
}
