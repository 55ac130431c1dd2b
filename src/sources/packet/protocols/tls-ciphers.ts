/**
 * Cipher suite names of the IANA registry (https://www.iana.org/assignments/tls-parameters), by the order in which
 * the code points were given out, plus the SSLv2 and export codes that old clients still send.
 * A row: first code; then the suites from that code on, 'PREFIX: a b c' standing for PREFIX_a PREFIX_b PREFIX_c.
 */
const pairs = (prefixes: string, first: string, second: string): string =>
  prefixes
    .split(' ')
    .map((p) => `${p}_${first} ${p}_${second}`)
    .join(' ');
const each = (prefixes: string, suffix: string): string =>
  prefixes
    .split(' ')
    .map((p) => `${p}_${suffix}`)
    .join(' ');

const sixRsaFirst = 'RSA_WITH DH_DSS_WITH DH_RSA_WITH DHE_DSS_WITH DHE_RSA_WITH DH_anon_WITH';
const sixGcm = 'RSA_WITH DHE_RSA_WITH DH_RSA_WITH DHE_DSS_WITH DH_DSS_WITH DH_anon_WITH';
const fourEc = 'ECDHE_ECDSA_WITH ECDH_ECDSA_WITH ECDHE_RSA_WITH ECDH_RSA_WITH';
const threePsk = 'PSK_WITH DHE_PSK_WITH RSA_PSK_WITH';
const fiveEc = (p: string): string =>
  `${p}_NULL_SHA ${p}_RC4_128_SHA ${p}_3DES_EDE_CBC_SHA ${p}_AES_128_CBC_SHA ${p}_AES_256_CBC_SHA`;
const pskRow = (p: string): string =>
  `${p}_RC4_128_SHA ${p}_3DES_EDE_CBC_SHA ${p}_AES_128_CBC_SHA ${p}_AES_256_CBC_SHA`;
const hashRow = (p: string): string =>
  `${p}_AES_128_CBC_SHA256 ${p}_AES_256_CBC_SHA384 ${p}_NULL_SHA256 ${p}_NULL_SHA384`;

const rows: readonly (readonly [number, string])[] = [
  [
    0x0000,
    'NULL_WITH_NULL_NULL RSA_WITH_NULL_MD5 RSA_WITH_NULL_SHA RSA_EXPORT_WITH_RC4_40_MD5 RSA_WITH_RC4_128_MD5 ' +
      'RSA_WITH_RC4_128_SHA RSA_EXPORT_WITH_RC2_CBC_40_MD5 RSA_WITH_IDEA_CBC_SHA RSA_EXPORT_WITH_DES40_CBC_SHA ' +
      'RSA_WITH_DES_CBC_SHA RSA_WITH_3DES_EDE_CBC_SHA DH_DSS_EXPORT_WITH_DES40_CBC_SHA DH_DSS_WITH_DES_CBC_SHA ' +
      'DH_DSS_WITH_3DES_EDE_CBC_SHA DH_RSA_EXPORT_WITH_DES40_CBC_SHA DH_RSA_WITH_DES_CBC_SHA ' +
      'DH_RSA_WITH_3DES_EDE_CBC_SHA DHE_DSS_EXPORT_WITH_DES40_CBC_SHA DHE_DSS_WITH_DES_CBC_SHA ' +
      'DHE_DSS_WITH_3DES_EDE_CBC_SHA DHE_RSA_EXPORT_WITH_DES40_CBC_SHA DHE_RSA_WITH_DES_CBC_SHA ' +
      'DHE_RSA_WITH_3DES_EDE_CBC_SHA DH_anon_EXPORT_WITH_RC4_40_MD5 DH_anon_WITH_RC4_128_MD5 ' +
      'DH_anon_EXPORT_WITH_DES40_CBC_SHA DH_anon_WITH_DES_CBC_SHA DH_anon_WITH_3DES_EDE_CBC_SHA',
  ],
  [
    0x001e,
    'KRB5_WITH_DES_CBC_SHA KRB5_WITH_3DES_EDE_CBC_SHA KRB5_WITH_RC4_128_SHA KRB5_WITH_IDEA_CBC_SHA ' +
      'KRB5_WITH_DES_CBC_MD5 KRB5_WITH_3DES_EDE_CBC_MD5 KRB5_WITH_RC4_128_MD5 KRB5_WITH_IDEA_CBC_MD5 ' +
      'KRB5_EXPORT_WITH_DES_CBC_40_SHA KRB5_EXPORT_WITH_RC2_CBC_40_SHA KRB5_EXPORT_WITH_RC4_40_SHA ' +
      'KRB5_EXPORT_WITH_DES_CBC_40_MD5 KRB5_EXPORT_WITH_RC2_CBC_40_MD5 KRB5_EXPORT_WITH_RC4_40_MD5 ' +
      'PSK_WITH_NULL_SHA DHE_PSK_WITH_NULL_SHA RSA_PSK_WITH_NULL_SHA',
  ],
  [0x002f, `${each(sixRsaFirst, 'AES_128_CBC_SHA')} ${each(sixRsaFirst, 'AES_256_CBC_SHA')}`],
  [
    0x003b,
    'RSA_WITH_NULL_SHA256 RSA_WITH_AES_128_CBC_SHA256 RSA_WITH_AES_256_CBC_SHA256 DH_DSS_WITH_AES_128_CBC_SHA256 ' +
      'DH_RSA_WITH_AES_128_CBC_SHA256 DHE_DSS_WITH_AES_128_CBC_SHA256',
  ],
  [0x0041, each(sixRsaFirst, 'CAMELLIA_128_CBC_SHA')],
  [
    0x0060,
    'RSA_EXPORT1024_WITH_RC4_56_MD5 RSA_EXPORT1024_WITH_RC2_CBC_56_MD5 RSA_EXPORT1024_WITH_DES_CBC_SHA ' +
      'DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA RSA_EXPORT1024_WITH_RC4_56_SHA DHE_DSS_EXPORT1024_WITH_RC4_56_SHA ' +
      'DHE_DSS_WITH_RC4_128_SHA DHE_RSA_WITH_AES_128_CBC_SHA256 DH_DSS_WITH_AES_256_CBC_SHA256 ' +
      'DH_RSA_WITH_AES_256_CBC_SHA256 DHE_DSS_WITH_AES_256_CBC_SHA256 DHE_RSA_WITH_AES_256_CBC_SHA256 ' +
      'DH_anon_WITH_AES_128_CBC_SHA256 DH_anon_WITH_AES_256_CBC_SHA256',
  ],
  [
    0x0084,
    `${each(sixRsaFirst, 'CAMELLIA_256_CBC_SHA')} ${threePsk.split(' ').map(pskRow).join(' ')} ${each(sixRsaFirst, 'SEED_CBC_SHA')}`,
  ],
  [
    0x009c,
    `${pairs(sixGcm, 'AES_128_GCM_SHA256', 'AES_256_GCM_SHA384')} ${pairs(threePsk, 'AES_128_GCM_SHA256', 'AES_256_GCM_SHA384')} ${threePsk.split(' ').map(hashRow).join(' ')}`,
  ],
  [
    0x00ba,
    `${each(sixRsaFirst, 'CAMELLIA_128_CBC_SHA256')} ${each(sixRsaFirst, 'CAMELLIA_256_CBC_SHA256')} SM4_GCM_SM3 SM4_CCM_SM3`,
  ],
  [0x00ff, 'EMPTY_RENEGOTIATION_INFO_SCSV'],
  [
    0x1301,
    'AES_128_GCM_SHA256 AES_256_GCM_SHA384 CHACHA20_POLY1305_SHA256 AES_128_CCM_SHA256 AES_128_CCM_8_SHA256 ' +
      'AEGIS_256_SHA512 AEGIS_128L_SHA256',
  ],
  [0x5600, 'FALLBACK_SCSV'],
  [
    0xc001,
    [
      ...['ECDH_ECDSA_WITH', 'ECDHE_ECDSA_WITH', 'ECDH_RSA_WITH', 'ECDHE_RSA_WITH', 'ECDH_anon_WITH'].map(
        fiveEc,
      ),
    ].join(' '),
  ],
  [
    0xc01a,
    [
      each('SRP_SHA_WITH SRP_SHA_RSA_WITH SRP_SHA_DSS_WITH', '3DES_EDE_CBC_SHA'),
      each('SRP_SHA_WITH SRP_SHA_RSA_WITH SRP_SHA_DSS_WITH', 'AES_128_CBC_SHA'),
      each('SRP_SHA_WITH SRP_SHA_RSA_WITH SRP_SHA_DSS_WITH', 'AES_256_CBC_SHA'),
      pairs(fourEc, 'AES_128_CBC_SHA256', 'AES_256_CBC_SHA384'),
      pairs(fourEc, 'AES_128_GCM_SHA256', 'AES_256_GCM_SHA384'),
      pskRow('ECDHE_PSK_WITH'),
      'ECDHE_PSK_WITH_AES_128_CBC_SHA256 ECDHE_PSK_WITH_AES_256_CBC_SHA384 ECDHE_PSK_WITH_NULL_SHA ' +
        'ECDHE_PSK_WITH_NULL_SHA256 ECDHE_PSK_WITH_NULL_SHA384',
      pairs(`${sixRsaFirst} ${fourEc}`, 'ARIA_128_CBC_SHA256', 'ARIA_256_CBC_SHA384'),
      pairs(`${sixGcm} ${fourEc}`, 'ARIA_128_GCM_SHA256', 'ARIA_256_GCM_SHA384'),
      pairs(threePsk, 'ARIA_128_CBC_SHA256', 'ARIA_256_CBC_SHA384'),
      pairs(threePsk, 'ARIA_128_GCM_SHA256', 'ARIA_256_GCM_SHA384'),
      pairs('ECDHE_PSK_WITH', 'ARIA_128_CBC_SHA256', 'ARIA_256_CBC_SHA384'),
      pairs(fourEc, 'CAMELLIA_128_CBC_SHA256', 'CAMELLIA_256_CBC_SHA384'),
      pairs(`${sixGcm} ${fourEc} ${threePsk}`, 'CAMELLIA_128_GCM_SHA256', 'CAMELLIA_256_GCM_SHA384'),
      pairs(`${threePsk} ECDHE_PSK_WITH`, 'CAMELLIA_128_CBC_SHA256', 'CAMELLIA_256_CBC_SHA384'),
      pairs('RSA_WITH DHE_RSA_WITH', 'AES_128_CCM', 'AES_256_CCM'),
      pairs('RSA_WITH DHE_RSA_WITH', 'AES_128_CCM_8', 'AES_256_CCM_8'),
      pairs('PSK_WITH DHE_PSK_WITH', 'AES_128_CCM', 'AES_256_CCM'),
      pairs('PSK_WITH PSK_DHE_WITH', 'AES_128_CCM_8', 'AES_256_CCM_8'),
      pairs('ECDHE_ECDSA_WITH', 'AES_128_CCM', 'AES_256_CCM'),
      pairs('ECDHE_ECDSA_WITH', 'AES_128_CCM_8', 'AES_256_CCM_8'),
      'ECCPWD_WITH_AES_128_GCM_SHA256 ECCPWD_WITH_AES_256_GCM_SHA384 ECCPWD_WITH_AES_128_CCM_SHA256 ' +
        'ECCPWD_WITH_AES_256_CCM_SHA384 SHA256_SHA256 SHA384_SHA384',
    ].join(' '),
  ],
  [
    0xc100,
    'GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC GOSTR341112_256_WITH_MAGMA_CTR_OMAC GOSTR341112_256_WITH_28147_CNT_IMIT ' +
      'GOSTR341112_256_WITH_KUZNYECHIK_MGM_L GOSTR341112_256_WITH_MAGMA_MGM_L GOSTR341112_256_WITH_KUZNYECHIK_MGM_S ' +
      'GOSTR341112_256_WITH_MAGMA_MGM_S',
  ],
  [
    0xcc13,
    'ECDHE_RSA_WITH_CHACHA20_POLY1305_OLD ECDHE_ECDSA_WITH_CHACHA20_POLY1305_OLD DHE_RSA_WITH_CHACHA20_POLY1305_OLD',
  ],
  [
    0xcca8,
    each(
      'ECDHE_RSA_WITH ECDHE_ECDSA_WITH DHE_RSA_WITH PSK_WITH ECDHE_PSK_WITH DHE_PSK_WITH RSA_PSK_WITH',
      'CHACHA20_POLY1305_SHA256',
    ),
  ],
  [
    0xd001,
    'ECDHE_PSK_WITH_AES_128_GCM_SHA256 ECDHE_PSK_WITH_AES_256_GCM_SHA384 ECDHE_PSK_WITH_AES_128_CCM_8_SHA256',
  ],
  [0xd005, 'ECDHE_PSK_WITH_AES_128_CCM_SHA256'],
];

/** Codes of three bytes (SSLv2) and names without the TLS_ prefix. */
const others: readonly (readonly [number, string])[] = [
  [0x010080, 'SSLv20_CK_RC4_128_WITH_MD5'],
  [0x020080, 'SSLv20_CK_RC4_128_EXPORT40_WITH_MD5'],
  [0x030080, 'SSLv20_CK_RC2_128_CBC_WITH_MD5'],
  [0x040080, 'SSLv20_CK_RC2_128_CBC_EXPORT40_WITH_MD5'],
  [0x050080, 'SSLv20_CK_IDEA_128_CBC_WITH_MD5'],
  [0x060040, 'SSLv20_CK_DES_64_CBC_WITH_MD5'],
  [0x0700c0, 'SSLv20_CK_DES_192_EDE3_CBC_WITH_MD5'],
  [0x001c, 'SSL_FORTEZZA_KEA_WITH_NULL_SHA'],
  [0x001d, 'SSL_FORTEZZA_KEA_WITH_FORTEZZA_CBC_SHA'],
  [0xfefe, 'SSL_RSA_FIPS_WITH_DES_CBC_SHA'],
  [0xfeff, 'SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA'],
  [0xffe0, 'SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA_2'],
  [0xffe1, 'SSL_RSA_FIPS_WITH_DES_CBC_SHA_2'],
];

const names = new Map<number, string>(others);
for (const [first, suites] of rows) {
  let code = first;
  for (const suite of suites.split(' ')) names.set(code++, `TLS_${suite}`);
}

/** IANA name of a cipher suite; unknown ones as Zeek writes them: unknown-<decimal>. */
export function cipherName(code: number): string {
  return names.get(code) ?? `unknown-${code}`;
}
