/**
 * Ports that servers listen on, as Zeek's likely_server_ports has them when all its standard scripts are loaded. A flow
 * first seen from such a port was opened by the other side: its roles are turned round ('^' in the history).
 */
const tcpServers = [
  21, 22, 25, 53, 80, 81, 88, 110, 135, 139, 143, 389, 443, 445, 502, 563, 585, 587, 614, 631, 636, 989, 990,
  992, 993, 995, 1080, 1434, 1883, 2811, 3128, 3268, 3306, 3389, 5222, 5223, 5269, 5432, 6379, 6666, 6667,
  6668, 6669, 8000, 8080, 8888, 20000,
];
const udpServers = [
  53, 67, 88, 123, 137, 161, 162, 389, 443, 514, 1812, 2123, 2152, 3389, 3544, 4789, 5060, 5072, 5353, 5355,
  6081, 20000,
];

function table(ports: readonly number[]): Uint8Array {
  const bits = new Uint8Array(65_536);
  for (const port of ports) bits[port] = 1;
  return bits;
}

export interface ServerPorts {
  readonly tcp: Uint8Array;
  readonly udp: Uint8Array;
}
export const serverPorts: ServerPorts = { tcp: table(tcpServers), udp: table(udpServers) };

/** Another list, for tests that compare with a Zeek that loaded fewer scripts. */
export function serverPortsOf(tcp: readonly number[], udp: readonly number[]): ServerPorts {
  return { tcp: table(tcp), udp: table(udp) };
}
