import { fileEvent, http, rdp, remoteCall, signIn, smb } from '../exchange.ts';
import { deskName } from '../office/plan.ts';
import { type End, end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE, SECOND } from '../timeline.ts';
import type { Wire } from '../wire.ts';

const office = officeAddresses();
const ways = ['service', 'service', 'service', 'winrm', 'rdp', 'wmi'] as const;

export const lateral_movement = scripted({
  name: 'lateral_movement',
  doc: 'A desk administers hosts it never administered: copies a program there and starts it.',
  harmful: true,
  params: {
    targets: given.count(8, 'hosts it goes to, desks and the file server'),
    gap_min: given.amount(6, 'minutes between hosts'),
    failed_share: given.share(0.35, 'share of sign-ins that are refused first'),
    username: given.text('adm.keller', 'account it uses'),
    src_ip: given.ip(suspectIp, 'the host it comes from'),
  },
  length: (p) => (1 + 1.6 * p.targets * p.gap_min) * MINUTE,
  play: (wire, p, start) => {
    const { random } = wire;
    const src = end(p.src_ip);
    let i = 0;
    wire.timeline.every(
      start,
      () => (i < p.targets ? random.jittered(p.gap_min, 0.5) * MINUTE : 0),
      (now) => {
        const [ip, name] = target(i, p.src_ip);
        const dst = end(ip);
        let t = now;
        while (random.chance(p.failed_share)) {
          const refused = {
            success: false,
            ntlm_user: p.username,
            client_host: 'PC-015',
            server: name,
            share: '',
          };
          smb(wire, t, src, dst, { ...refused, duration_s: 0.09, up: 1150, down: 960 });
          t += random.lognormal(7, 1.6) * SECOND;
        }
        enter(wire, t, src, dst, name, p.username, ways[i % ways.length] ?? 'service');
        i++;
      },
    );
  },
  answer: (p, from, to) => [
    {
      detectors: ['new_admin_edge', 'remote_execution'],
      attack: ['T1021.002', 'T1569.002', 'T1021'],
      src_ip: p.src_ip,
      dst_ip: '',
      from,
      to,
      note: `reaches ${p.targets} hosts over administration ports and starts programs there`,
    },
  ],
});

/** The file server first, then desk after desk. */
function target(i: number, own: string): [ip: string, name: string] {
  if (i === 0) return [office.file_server, 'files1'];
  const desks = Array.from({ length: i + 1 }, (_, n) => n).filter((n) => office.desk(n) !== own);
  const n = desks[i - 1] ?? i;
  return [office.desk(n), deskName(n)];
}

function enter(
  wire: Wire,
  t: number,
  src: End,
  dst: End,
  server: string,
  user: string,
  way: (typeof ways)[number],
): void {
  const { random } = wire;
  switch (way) {
    case 'service': {
      const bytes = random.int(180_000, 420_000);
      const c = smb(wire, t, src, dst, {
        duration_s: random.lognormal(5, 1.3),
        up: bytes + 9000,
        down: 12_000,
        server,
        share: 'ADMIN$',
        ntlm_user: user,
        client_host: 'PC-015',
        pipe: 'svcctl',
        calls: [
          ['svcctl', 'OpenSCManagerW'],
          ['svcctl', 'CreateServiceW'],
          ['svcctl', 'StartServiceW'],
        ],
      });
      fileEvent(wire, c, c.time + 60_000, {
        protocol: 'SMB',
        action: 'SMB::FILE_WRITE',
        path: `\\\\${server}\\ADMIN$`,
        name: `${random.hex(8)}.exe`,
        mime: 'application/x-dosexec',
        bytes,
        up: true,
      });
      return;
    }
    case 'winrm':
      http(
        wire,
        t,
        src,
        dst,
        Array.from({ length: 5 }, (_, i) => ({
          method: 'POST',
          host: server,
          uri: '/wsman',
          user_agent: 'Microsoft WinRM Client',
          request_bytes: 2400,
          response_bytes: 3100,
          status_code: i === 0 ? 401 : 200,
          username: i === 0 ? '' : user,
          response_mime: 'application/soap+xml',
        })),
        { dst_port: 5985, gap_s: 0.4 },
      );
      return;
    case 'rdp':
      rdp(wire, t, src, dst, {
        duration_s: random.lognormal(240, 1.6),
        up: 240_000,
        down: 3_000_000,
        cookie: user,
      });
      return;
    case 'wmi': {
      const c = wire.tcp(t, src, dst, 135, 'dce_rpc', { duration_s: 0.4, up: 900, down: 1200 });
      wire.emit(
        remoteCall(c, c.time + 20_000, 'dce_rpc', 'IRemoteSCMActivator', 'RemoteCreateInstance', '135'),
      );
      const high = random.int(49_664, 49_700);
      const run = wire.tcp(t + SECOND, src, dst, high, 'gssapi,ntlm,dce_rpc', {
        duration_s: 2.2,
        up: 9000,
        down: 7000,
      });
      signIn(wire, run, run.time + 20_000, {
        protocol: 'ntlm',
        username: user,
        domain: 'CORP',
        host: 'PC-015',
        target: server,
        success: true,
        attempts: 1,
      });
      wire.emit(remoteCall(run, run.time + 60_000, 'dce_rpc', 'IWbemServices', 'ExecMethod', String(high)));
    }
  }
}
