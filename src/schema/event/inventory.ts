import { ip, type RecordOf, table, text, u16, word } from '../table.ts';
import { when } from './shared.ts';

export const inventory = table(
  'inventory',
  'Something a sensor learned about a host: software, a service, a certificate, a tunnel end.',
  {
    ...when,
    host_ip: ip('the host'),
    peer_ip: ip("the other end (tunnels, who asked a time server), '' otherwise"),
    port: u16('port of the service, 0 when none'),
    transport: word("tcp, udp, '' when not said"),
    type: word('host, service, software, certificate, modbus_role, tunnel, time_server, device, name'),
    name: text(
      'software or service name, subject, tunnel type, link-layer address of a device, name of a host',
    ),
    version: text('version as far as known'),
    detail: text('what else the sensor said'),
  },
);
export type Inventory = RecordOf<typeof inventory>;
