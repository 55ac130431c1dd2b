import { http, kerberos, rdp, realm, smb, ssh } from '../exchange.ts';
import type { End } from '../place.ts';
import { flowOf, type Wire } from '../wire.ts';

export const protocols = ['ssh', 'rdp', 'ntlm', 'kerberos', 'http', 'ftp'] as const;
export type SignInProtocol = (typeof protocols)[number];

/** One try of a password, as each protocol shows it on the wire. */
export function tryPassword(
  wire: Wire,
  now: number,
  protocol: SignInProtocol,
  src: End,
  dst: End,
  username: string,
  success: boolean,
): void {
  const { random } = wire;
  switch (protocol) {
    case 'ssh':
      ssh(wire, now, src, dst, {
        duration_s: success ? random.between(20, 90) : random.lognormal(1.9, 1.15),
        up: success ? 9000 : random.int(2390, 2450),
        down: success ? 24_000 : random.int(2830, 2870),
        success,
        attempts: success ? 1 : 2,
        client: 'SSH-2.0-libssh_0.10.5',
      });
      return;
    case 'rdp':
      rdp(wire, now, src, dst, {
        duration_s: success ? 45 : random.lognormal(0.9, 1.2),
        up: success ? 90_000 : random.int(1950, 2050),
        down: success ? 900_000 : random.int(1480, 1560),
        cookie: username,
      });
      return;
    case 'ntlm':
      smb(wire, now, src, dst, {
        duration_s: random.lognormal(0.12, 1.3),
        up: 1180,
        down: success ? 1900 : 980,
        server: dst.ip,
        share: success ? 'IPC$' : '',
        ntlm_user: username,
        client_host: 'WORKSTATION',
        success,
      });
      return;
    case 'kerberos':
      kerberos(wire, now, src, dst, { username, request: 'AS', service: `krbtgt/${realm}`, success });
      return;
    case 'http':
      http(
        wire,
        now,
        src,
        dst,
        [
          {
            method: 'POST',
            host: dst.ip,
            uri: '/login',
            user_agent: 'python-requests/2.32.3',
            request_bytes: 40 + username.length,
            response_bytes: success ? 5400 : 612,
            status_code: success ? 302 : 401,
            username,
          },
        ],
        { duration_s: random.lognormal(0.2, 1.3) },
      );
      return;
    case 'ftp': {
      const c = wire.tcp(now, src, dst, 21, 'ftp', {
        duration_s: random.lognormal(2.4, 1.2),
        up: 32 + username.length,
        down: success ? 210 : 96,
      });
      wire.emit({
        kind: 'ftp',
        time: c.time + 400_000,
        ...flowOf(c),
        username,
        command: 'PASS',
        argument: '',
        reply_code: success ? 230 : 530,
        reply: success ? 'Login successful.' : 'Login incorrect.',
        file_bytes: 0,
      });
    }
  }
}
