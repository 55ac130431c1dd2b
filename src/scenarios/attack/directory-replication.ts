import { remoteCall, signIn } from '../exchange.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE } from '../timeline.ts';

const office = officeAddresses();

export const directory_replication = scripted({
  name: 'directory_replication',
  doc: 'A desk asks the domain controller for a copy of the directory, which only domain controllers do.',
  harmful: true,
  params: {
    accounts: given.count(40, 'accounts copied, one call each'),
    username: given.text('adm.keller', 'account it uses'),
    src_ip: given.ip(suspectIp, 'the host that asks'),
    dst_ip: given.ip(office.domain_controller, 'the domain controller'),
  },
  length: () => 5 * MINUTE,
  play: (wire, p, start) => {
    wire.timeline.at(start, (now) => {
      const c = wire.tcp(now, end(p.src_ip), end(p.dst_ip), 49_667, 'gssapi,ntlm,dce_rpc', {
        duration_s: 3 + p.accounts * 0.05,
        up: 2000 + p.accounts * 700,
        down: 3000 + p.accounts * 5200,
      });
      signIn(wire, c, c.time + 9000, {
        protocol: 'ntlm',
        username: p.username,
        domain: 'CORP',
        host: 'PC-015',
        target: 'dc1',
        success: true,
        attempts: 1,
      });
      const call = (at: number, operation: string) =>
        wire.emit(remoteCall(c, c.time + at, 'dce_rpc', 'drsuapi', operation, '49667'));
      call(20_000, 'DRSBind');
      call(40_000, 'DRSCrackNames');
      for (let i = 0; i < p.accounts; i++) call(90_000 + i * 50_000, 'DRSGetNCChanges');
    });
  },
  answer: (p, from, to) => [
    {
      detectors: ['remote_execution'],
      attack: ['T1003.006'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `asks for a copy of ${p.accounts} accounts of the directory`,
    },
  ],
});
