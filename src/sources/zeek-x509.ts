import type { Certificate } from '../schema/event/certificate.ts';
import type { ZeekLog } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/files/x509/main.zeek.html */
export const x509: ZeekLog = {
  path: 'x509',
  map(r): Certificate {
    const subject = r.text('certificate.subject');
    const issuer = r.text('certificate.issuer');
    return {
      kind: 'certificate',
      time: r.time(),
      fingerprint: r.text('fingerprint') || r.text('id'),
      subject,
      issuer,
      serial: r.text('certificate.serial'),
      not_before: r.date('certificate.not_valid_before'),
      not_after: r.date('certificate.not_valid_after'),
      key_type: r.text('certificate.key_type'),
      key_bits: r.code('certificate.key_length', 2 ** 32 - 1),
      signature_algorithm: r.text('certificate.sig_alg'),
      names: [...r.texts('san.dns').map((name) => name.toLowerCase()), ...r.ips('san.ip')],
      self_signed: subject !== '' && subject === issuer,
      is_ca: r.bool('basic_constraints.ca') ?? false,
    };
  },
};
