import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** Certificate and key as PEM text. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** A certificate for localhost and 127.0.0.1 (X.509 v3, ECDSA on P-256), signed by `issuer`, or by itself. */
export function certificate(name: string, issuer?: Identity & { readonly name: string }): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer: KeyObject = issuer ? createPrivateKey(issuer.key) : privateKey;
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
  const toBeSigned = sequence(
    tag(0xa0, tag(2, Buffer.from([2]))),
    tag(2, Buffer.from([1 + Math.floor(Math.random() * 120), 1, 2, 3])),
    ecdsaWithSha256,
    nameOf(issuer?.name ?? name),
    sequence(utc('200101000000Z'), utc('491231235959Z')),
    nameOf(name),
    createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({
      type: 'spki',
      format: 'der',
    }),
    tag(
      0xa3,
      sequence(
        // basicConstraints CA:TRUE for one that signs itself, subjectAltName for all
        ...(issuer ? [] : [sequence(oid('551d13'), tag(4, sequence(tag(1, Buffer.from([0xff])))))]),
        sequence(
          oid('551d11'),
          tag(4, sequence(tag(0x82, Buffer.from('localhost')), tag(0x87, Buffer.from([127, 0, 0, 1])))),
        ),
      ),
    ),
  );
  const signature = sign('sha256', toBeSigned, signer);
  const der = sequence(toBeSigned, ecdsaWithSha256, tag(3, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString('base64').replace(/.{64}/g, '$&\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** DER: tag, length, content. */
function tag(number: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([number, ...head]), content]);
}
const sequence = (...parts: Buffer[]): Buffer => tag(0x30, Buffer.concat(parts));
const oid = (hex: string): Buffer => tag(6, Buffer.from(hex, 'hex'));
const utc = (time: string): Buffer => tag(0x17, Buffer.from(time));
const nameOf = (name: string): Buffer =>
  sequence(tag(0x31, sequence(oid('550403'), tag(0x0c, Buffer.from(name)))));
