import { Random } from './random.ts';

/** A program that opens connections, as its hellos and headers give it away. Fingerprints are made up. */
export interface Software {
  readonly user_agent: string;
  readonly ja3: string;
  readonly ja4: string;
  readonly alpn: string;
  readonly tls: 'TLSv12' | 'TLSv13';
}

function software(name: string, user_agent: string, tls: 'TLSv12' | 'TLSv13', alpn: string): Software {
  const random = new Random(0, name);
  const version = tls === 'TLSv13' ? 't13' : 't12';
  const short = alpn === '' ? '00' : alpn === 'http/1.1' ? 'h1' : 'h2';
  const ja4 = `${version}d${random.int(10, 22)}${random.int(10, 18)}${short}_${random.hex(12)}_${random.hex(12)}`;
  return { user_agent, ja3: random.hex(32), ja4, alpn, tls };
}

const mozilla = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';
export const programs = {
  browser: software(
    'browser',
    `${mozilla} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36`,
    'TLSv13',
    'h2',
  ),
  browser_edge: software(
    'browser_edge',
    `${mozilla} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36 Edg/133.0.0.0`,
    'TLSv13',
    'h2',
  ),
  browser_gecko: software(
    'browser_gecko',
    'Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0',
    'TLSv13',
    'h2',
  ),
  mail: software('mail', 'Mail/16.0', 'TLSv12', ''),
  chat: software('chat', 'Chat/4.41 (Windows)', 'TLSv13', 'http/1.1'),
  sync: software('sync', 'Sync/212.4', 'TLSv12', 'h2'),
  updater: software('updater', 'Update-Agent/10.0.10011.16384', 'TLSv12', 'h2'),
  telemetry: software('telemetry', 'Telemetry/2.1', 'TLSv12', 'http/1.1'),
  antivirus: software('antivirus', 'Endpoint/8.3', 'TLSv13', 'h2'),
  appliance: software('appliance', 'lwip/2.1', 'TLSv12', ''),
  server: software('server', 'curl/8.5.0', 'TLSv13', 'h2'),
  backup: software('backup', 'Backup/11.2', 'TLSv13', 'http/1.1'),
  /** What made-up malware uses: a fingerprint that nothing else on the network has. */
  implant: software('implant', `${mozilla} AppleWebKit/537.36`, 'TLSv12', ''),
  /** A script interpreter: legitimate on an administrator's desk, odd elsewhere. */
  script: software('script', 'python-requests/2.32.3', 'TLSv13', 'http/1.1'),
} as const satisfies Record<string, Software>;

export const ciphers = {
  TLSv12: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  TLSv13: 'TLS_AES_128_GCM_SHA256',
} as const;
