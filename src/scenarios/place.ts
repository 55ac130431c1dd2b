import { hash } from './random.ts';

/** One end of a connection as the sensor sees it. Behind the gateway the link-layer address is the gateway's. */
export interface End {
  readonly ip: string;
  readonly mac: string;
  readonly local: boolean;
}

/** VRRP's address (RFC 5798): the office's gateway. */
export const gatewayMac = '00:00:5e:00:01:01';

/** RFC 1918, unique local and link-local, multicast and broadcast: the addresses a sensor calls its own. */
export function isLocal(ip: string): boolean {
  if (ip.startsWith('10.') || ip.startsWith('192.168.') || ip.startsWith('169.254.')) return true;
  if (ip.startsWith('fe80:') || ip.startsWith('fd') || ip.startsWith('ff02:')) return true;
  if (ip.startsWith('172.')) {
    const second = Number(ip.split('.')[1]);
    return second >= 16 && second <= 31;
  }
  return ip.startsWith('224.') || ip.startsWith('239.') || ip === '255.255.255.255';
}

/** The same address always has the same link-layer address: locally administered ones (IEEE 802, bit 1 of octet 0). */
export function end(ip: string): End {
  const local = isLocal(ip);
  if (!local) return { ip, local, mac: gatewayMac };
  const tail = hash(ip).toString(16).padStart(8, '0').match(/../g) ?? [];
  return { ip, local, mac: `02:5e:${tail.join(':')}` };
}

/** RFC 2544's benchmark range 198.18.0.0/15 stands for the internet: 131,072 addresses that belong to nobody. */
export function outside(n: number): string {
  const at = ((n % 130_048) + 130_048) % 130_048;
  return `198.${18 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`;
}

/** Addresses of the made-up office. `network` is its first two octets, such as '10.20'. */
export function officeAddresses(network = '10.20') {
  const server = (last: number) => `${network}.0.${last}`;
  return {
    gateway: server(1),
    proxy: server(8),
    domain_controller: server(10),
    file_server: server(12),
    backup_store: server(13),
    mail: server(25),
    printer: server(30),
    monitor: server(40),
    camera: server(50),
    web: server(80),
    broadcast: `${network}.255.255`,
    /** Desk `i`, from 0; 200 desks to a /24, from 10.20.1.20 on. */
    desk: (i: number) => `${network}.${1 + Math.floor(i / 200)}.${20 + (i % 200)}`,
  };
}

/** The host that goes wrong in every attack scenario unless told otherwise: desk 14. */
export const suspectIp = officeAddresses().desk(14);
