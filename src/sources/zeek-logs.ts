import type { ZeekLog } from './zeek.ts';
import { conn } from './zeek-conn.ts';
import { dce_rpc } from './zeek-dce-rpc.ts';
import { dhcp } from './zeek-dhcp.ts';
import { dns } from './zeek-dns.ts';
import { files } from './zeek-files.ts';
import { ftp } from './zeek-ftp.ts';
import { http } from './zeek-http.ts';
import {
  known_certs,
  known_hosts,
  known_modbus,
  known_services,
  software,
  tunnel,
} from './zeek-inventory.ts';
import { kerberos } from './zeek-kerberos.ts';
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

/** The Zeek logs that become events; every other log is filtered by name. */
export const zeekLogs: ReadonlyMap<string, ZeekLog> = new Map(
  [
    capture_loss,
    conn,
    dce_rpc,
    dhcp,
    dns,
    files,
    ftp,
    http,
    kerberos,
    known_certs,
    known_hosts,
    known_modbus,
    known_services,
    notice,
    ntlm,
    rdp,
    smb_files,
    smb_mapping,
    smtp,
    software,
    ssh,
    ssl,
    stats,
    tunnel,
    weird,
    x509,
  ].map((log) => [log.path, log]),
);
