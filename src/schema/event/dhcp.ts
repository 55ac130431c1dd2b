import { f64, ip, nullable, type RecordOf, table, text, texts, word } from '../table.ts';
import { when } from './shared.ts';

export const dhcp = table('dhcp', 'One DHCP lease exchange: who is which address.', {
  ...when,
  uid: text('connection id'),
  mac: word('client hardware address, lower case with colons'),
  client_id: word('client identifier (option 61) that is not its hardware address, hexadecimal; empty: none'),
  client_ip: ip('address the client had or asked from'),
  server_ip: ip('server'),
  assigned_ip: ip('address given'),
  requested_ip: ip('address asked for'),
  host_name: text('name the client gave itself'),
  domain: text('domain the server gave'),
  vendor: text('vendor class'),
  subnet_mask: ip('mask of the network that the server gave (option 1), such as 255.255.255.192'),
  lease_s: nullable(f64('seconds; null: none given')),
  messages: texts('DISCOVER, OFFER, REQUEST, ACK, ...'),
});
export type Dhcp = RecordOf<typeof dhcp>;
