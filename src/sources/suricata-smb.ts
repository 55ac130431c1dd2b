import type { Authentication } from '../schema/event/authentication.ts';
import type { File } from '../schema/event/file.ts';
import type { RemoteCall } from '../schema/event/remote-call.ts';
import { unplaced } from './checked.ts';
import type { JsonObject } from './json.ts';
import type { SuricataLog, SuricataRecord } from './suricata-record.ts';
import { ntlmSignIn } from './suricata-sign-in.ts';

/**
 * smb: one record a command. A sign-in, a call over a pipe, a share that is mapped and a file that is opened are kept;
 * commands that name none of them are not. https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-smb
 */
export const smb: SuricataLog = {
  event_type: 'smb',
  map(r): Authentication | RemoteCall | File | string {
    const of = r.section('smb');
    const ntlmssp = r.section('ntlmssp', of);
    if (ntlmssp.user !== undefined) return ntlmSignIn(r, ntlmssp, r.text(of, 'status'));
    if (typeof of.dcerpc === 'object') return pipeCall(r, of);
    if (of.share !== undefined) return shareMapped(r, of);
    if (of.filename !== undefined && of.filename !== '') return fileOpened(r, of);
    return 'smb command without a name';
  },
};

/** Interfaces that matter for lateral movement, by UUID, as Zeek names them (base/protocols/dce-rpc/consts.zeek). */
const interfaces: Readonly<Record<string, string>> = {
  '367abb81-9844-35f1-ad32-98f038001003': 'svcctl',
  '86d35949-83c9-4044-b424-db363231fd0c': 'ITaskSchedulerService',
  '1ff70682-0a51-30e8-076d-740be8cee98b': 'atsvc',
  '12345778-1234-abcd-ef00-0123456789ac': 'samr',
  '12345778-1234-abcd-ef00-0123456789ab': 'lsarpc',
  '12345678-1234-abcd-ef00-01234567cffb': 'netlogon',
  '12345678-1234-abcd-ef00-0123456789ab': 'spoolss',
  'e3514235-4b06-11d1-ab04-00c04fc2dcd2': 'drsuapi',
  '338cd001-2244-31f1-aaaa-900038001003': 'winreg',
  '4b324fc8-1670-01d3-1278-5a47bf6ee188': 'srvsvc',
  '6bffd098-a112-3610-9833-46c3f87e345a': 'wkssvc',
  'e1af8308-5d1f-11c9-91a4-08002b14a0fa': 'epmapper',
  'c681d488-d850-11d0-8c52-00c04fd90f7e': 'efsrpc',
};

function pipeCall(r: SuricataRecord, of: JsonObject): RemoteCall {
  const call = r.section('dcerpc', of);
  const named = Array.isArray(call.interfaces) ? call.interfaces[0] : call.interface;
  const uuid = r.toText('uuid', (named as JsonObject | undefined)?.uuid).toLowerCase();
  const opnum = r.toCount('opnum', call.opnum);
  return {
    kind: 'remote_call',
    time: r.time(),
    ...r.flow(),
    ...unplaced,
    protocol: 'dce_rpc',
    endpoint: Object.hasOwn(interfaces, uuid) ? interfaces[uuid]! : uuid,
    operation: opnum === null ? r.text(call, 'request').toLowerCase() : `opnum ${opnum}`,
    path: r.text(of, 'named_pipe') || r.text(of, 'filename'),
    rtt_s: null,
  };
}

function shareMapped(r: SuricataRecord, of: JsonObject): RemoteCall {
  return {
    kind: 'remote_call',
    time: r.time(),
    ...r.flow(),
    ...unplaced,
    protocol: 'smb',
    endpoint: r.text(of, 'share_type'),
    operation: 'tree_connect',
    path: r.text(of, 'share'),
    rtt_s: null,
  };
}

function fileOpened(r: SuricataRecord, of: JsonObject): File {
  return {
    kind: 'file',
    time: r.time(),
    ...r.flow(),
    ...unplaced,
    file_id: r.label(of, 'fuid'),
    protocol: 'SMB',
    action: r.text(of, 'command').replace(/^SMB\d_COMMAND_/, 'SMB::'),
    path: '',
    name: r.text(of, 'filename'),
    mime: '',
    size_bytes: r.count0(of, 'size'),
    seen_bytes: 0,
    missing_bytes: 0,
    duration_s: null,
    md5: '',
    sha1: '',
    sha256: '',
    sender_ips: [],
    receiver_ips: [],
  };
}
