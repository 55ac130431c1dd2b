import { createHash } from 'node:crypto';
import { type ClientHello, isGrease, type ServerHello } from './tls.ts';

/**
 * JA3 and JA3S (https://github.com/salesforce/ja3): decimal values of the hello joined with dashes and commas, then
 * MD5. GREASE values are left out. An SSLv2 hello has no JA3.
 */
export function ja3Text(hello: ClientHello): string {
  const part = (values: readonly number[]): string => values.filter((v) => !isGrease(v)).join('-');
  return `${hello.version},${part(hello.ciphers)},${part(hello.extensions)},${part(hello.groups)},${hello.point_formats.join('-')}`;
}

export function ja3(hello: ClientHello): string {
  return hello.ssl2 ? '' : md5(ja3Text(hello));
}

export function ja3sText(hello: ServerHello): string {
  return `${hello.version},${hello.cipher},${hello.extensions.join('-')}`;
}

export function ja3s(hello: ServerHello): string {
  return md5(ja3sText(hello));
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
