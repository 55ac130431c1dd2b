import type { Authentication } from '../schema/event/authentication.ts';
import { unplaced } from './checked.ts';
import type { JsonObject } from './json.ts';
import type { SuricataLog, SuricataRecord } from './suricata-record.ts';

function blank(r: SuricataRecord, protocol: string): Authentication {
  return {
    kind: 'authentication',
    time: r.time(),
    ...r.flow(),
    ...unplaced,
    protocol,
    username: '',
    domain: '',
    host: '',
    target: '',
    success: null,
    attempts: 0,
    error: '',
    client: '',
    server: '',
    fingerprint: '',
    detail: '',
  };
}

/** ssh: both banners; whether the sign-in worked is encrypted. https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-ssh */
export const ssh: SuricataLog = {
  event_type: 'ssh',
  map(r): Authentication {
    const of = r.section('ssh');
    const client = r.section('client', of);
    const event = blank(r, 'ssh');
    event.client = banner(r, client);
    event.server = banner(r, r.section('server', of));
    event.fingerprint = r.text(r.section('hassh', client), 'hash');
    return event;
  },
};

function banner(r: SuricataRecord, side: JsonObject): string {
  const version = r.text(side, 'proto_version');
  const software = r.text(side, 'software_version');
  return version === '' && software === '' ? '' : `SSH-${version}-${software}`;
}

/** rdp: one record a step of the handshake; the steps that name the user or the client become events. */
export const rdp: SuricataLog = {
  event_type: 'rdp',
  map(r): Authentication | string {
    const of = r.section('rdp');
    const client = r.section('client', of);
    const cookie = r.text(of, 'cookie');
    const host = r.text(client, 'client_name');
    if (cookie === '' && host === '') return 'rdp step without a name';
    const event = blank(r, 'rdp');
    event.username = cookie;
    event.target = cookie;
    event.host = host;
    event.client = r.text(client, 'build');
    event.attempts = 1;
    event.detail = r.text(of, 'event_type');
    return event;
  },
};

/** krb5: https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-krb5 */
export const krb5: SuricataLog = {
  event_type: 'krb5',
  map(r): Authentication {
    const of = r.section('krb5');
    const event = blank(r, 'kerberos');
    const type = r.text(of, 'msg_type');
    const error = unknownAsNone(r.text(of, 'error_code'));
    event.username = unknownAsNone(r.text(of, 'cname'));
    event.domain = unknownAsNone(r.text(of, 'realm'));
    event.target = unknownAsNone(r.text(of, 'sname'));
    event.success = type === 'KRB_ERROR' || error !== '' ? 0 : type.endsWith('_REP') ? 1 : null;
    event.error = error;
    event.attempts = 1;
    event.detail = [type, unknownAsNone(r.text(of, 'encryption'))].filter((one) => one !== '').join(' ');
    return event;
  },
};

function unknownAsNone(text: string): string {
  return text === '<empty>' || text === '<none>' ? '' : text;
}

/** Sign-in by NTLM inside SMB. */
export function ntlmSignIn(r: SuricataRecord, ntlmssp: JsonObject, status: string): Authentication {
  const event = blank(r, 'ntlm');
  event.username = r.text(ntlmssp, 'user');
  event.domain = r.text(ntlmssp, 'domain');
  event.host = r.text(ntlmssp, 'host');
  event.attempts = 1;
  event.success =
    status === 'STATUS_SUCCESS' ? 1 : status === '' || status.includes('MORE_PROCESSING') ? null : 0;
  event.error = event.success === 0 ? status : '';
  event.detail = r.text(ntlmssp, 'version');
  return event;
}
