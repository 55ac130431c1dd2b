import type { Tls } from '../schema/event/tls.ts';
import { dnsName, unplaced } from './checked.ts';
import { flowOf, type ZeekLog, type ZeekRecord } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/ssl/main.zeek.html; ja3, ja3s and ja4 are of packages. */
export const ssl: ZeekLog = {
  path: 'ssl',
  map(r): Tls {
    const version = r.text('version');
    const subject = r.text('subject');
    const issuer = r.text('issuer');
    const validation_status = r.text('validation_status');
    return {
      kind: 'tls',
      time: r.time(),
      ...flowOf(r, version.startsWith('DTLS') ? 'udp' : 'tcp'),
      ...unplaced,
      version,
      cipher: r.text('cipher'),
      server_name: dnsName(r.text('server_name')),
      server_domain: '',
      alpn: r.text('next_protocol'),
      established: r.bool('established') ?? false,
      resumed: r.bool('resumed') ?? false,
      ja3: r.text('ja3'),
      ja3s: r.text('ja3s'),
      ja4: r.text('ja4'),
      subject,
      issuer,
      self_signed:
        (subject !== '' && subject === issuer) || /^self.signed certificate$/.test(validation_status),
      validation_status,
      cert_fingerprints: fingerprints(r),
    };
  },
};

/** Fingerprints since Zeek 5, file ids before. */
function fingerprints(r: ZeekRecord): string[] {
  const list = r.texts('cert_chain_fps');
  return list.length > 0 ? list : r.texts('cert_chain_fuids');
}
