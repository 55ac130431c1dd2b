import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCertificate } from './x509.ts';

/** Made with openssl req -x509 for this test. */
const der = Buffer.from(
  'MIICADCCAaagAwIBAgIECrze8TAKBggqhkjOPQQDAjA8MQswCQYDVQQGEwJDSDEWMBQGA1UECgwNRXhhbXBsZSwgSW5jLjEVMBMG' +
    'A1UEAwwMdW5pdC5leGFtcGxlMB4XDTI2MTEyMTEwMjkwOFoXDTM2MTExODEwMjkwOFowPDELMAkGA1UEBhMCQ0gxFjAUBgNVBAoM' +
    'DUV4YW1wbGUsIEluYy4xFTATBgNVBAMMDHVuaXQuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABE+RIKxbFvd0ik8z' +
    '1fTxvoO6255OUeqgSj2SQGF8IHpVhEscMExXEBstzdfRcMAUnPuaa+VqmjqW+k8nd82B3yyjgZUwgZIwHQYDVR0OBBYEFPn1TdSI' +
    'tcXQAYlq66hbLenhWYUAMB8GA1UdIwQYMBaAFPn1TdSItcXQAYlq66hbLenhWYUAMA8GA1UdEwEB/wQFMAMBAf8wPwYDVR0RBDgw' +
    'NoIMVW5pdC5FeGFtcGxlgg4qLnVuaXQuZXhhbXBsZYcEwAACB4cQIAENuAAAAAAAAAAAAAAABzAKBggqhkjOPQQDAgNIADBFAiA9' +
    'cd+rTIZXoTfETC2Fj22ywKUaNt9w9nerUWBrCGQlWgIhAPMSNoyL5AC+iL4X9GoZy25NRoWe05zqlA+Exj89lyTI',
  'base64',
);

test('a certificate gives its names, dates, key and fingerprint', () => {
  const c = parseCertificate(der);
  assert.ok(c);
  assert.equal(c.sha256, '7f17c62aaf9eb473ae8efba3973b34a66244bfc2e6f7c9d060e43f1d6759c70d');
  assert.equal(c.subject, 'CN=unit.example,O=Example\\, Inc.,C=CH');
  assert.equal(c.issuer, c.subject);
  assert.equal(c.self_signed, true);
  assert.equal(c.serial, '0ABCDEF1');
  assert.equal(c.not_before, Date.UTC(2026, 10, 21, 10, 29, 8) * 1000);
  assert.equal(c.not_after, Date.UTC(2036, 10, 18, 10, 29, 8) * 1000);
  assert.equal(c.key_type, 'ecdsa');
  assert.equal(c.key_bits, 256);
  assert.equal(c.signature_algorithm, 'ecdsa-with-SHA256');
  assert.deepEqual(c.names, ['unit.example', '*.unit.example', '192.0.2.7', '2001:db8::7']);
  assert.equal(c.is_ca, true);
});

test('what is not a certificate gives null', () => {
  assert.equal(parseCertificate(new Uint8Array(0)), null);
  assert.equal(parseCertificate(Buffer.from('not a certificate')), null);
  assert.equal(parseCertificate(der.subarray(0, 200)), null);
});
