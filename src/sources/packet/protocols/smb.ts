import { latin1, u16le, u24, u32, u32le, utf16le } from './bytes.ts';

/** SMB1 (MS-CIFS) and SMB2/3 (MS-SMB2) messages over TCP: command, status, and the names in the ones that have them. */
export interface SmbMessage {
  /** 1, 2; 3 when encrypted (nothing more can be read) */
  readonly version: 1 | 2 | 3;
  /** NEGOTIATE, SESSION_SETUP, TREE_CONNECT, CREATE, READ, ... */
  readonly command: string;
  readonly response: boolean;
  /** NT status, 0 success; 0 in requests */
  readonly status: number;
  readonly message_id: number;
  readonly tree_id: number;
  readonly session_id: number;
  /** TREE_CONNECT request: \\server\share; CREATE request: file name; '' otherwise */
  readonly path: string;
  /** TREE_CONNECT response: disk, pipe, print; '' otherwise */
  readonly share_type: string;
}

const commands2: readonly string[] = [
  'NEGOTIATE',
  'SESSION_SETUP',
  'LOGOFF',
  'TREE_CONNECT',
  'TREE_DISCONNECT',
  'CREATE',
  'CLOSE',
  'FLUSH',
  'READ',
  'WRITE',
  'LOCK',
  'IOCTL',
  'CANCEL',
  'ECHO',
  'QUERY_DIRECTORY',
  'CHANGE_NOTIFY',
  'QUERY_INFO',
  'SET_INFO',
  'OPLOCK_BREAK',
];

const commands1: Readonly<Record<number, string>> = {
  0: 'CREATE_DIRECTORY',
  1: 'DELETE_DIRECTORY',
  2: 'OPEN',
  4: 'CLOSE',
  6: 'DELETE',
  7: 'RENAME',
  10: 'READ',
  11: 'WRITE',
  16: 'CHECK_DIRECTORY',
  37: 'TRANSACTION',
  43: 'ECHO',
  45: 'OPEN_ANDX',
  46: 'READ_ANDX',
  47: 'WRITE_ANDX',
  50: 'TRANSACTION2',
  113: 'TREE_DISCONNECT',
  114: 'NEGOTIATE',
  115: 'SESSION_SETUP',
  116: 'LOGOFF',
  117: 'TREE_CONNECT',
  160: 'NT_TRANSACT',
  162: 'CREATE',
  164: 'NT_CANCEL',
};

const maxPath = 1024;

/** NetBIOS session header (or the same of direct TCP), then the protocol id. */
export function looksLikeSmb(b: Uint8Array, start: number, end: number): boolean {
  if (end - start < 8 || b[start] !== 0) return false;
  const id = b[start + 4]!;
  if (id !== 0xff && id !== 0xfe && id !== 0xfd) return false;
  return b[start + 5] === 0x53 && b[start + 6] === 0x4d && b[start + 7] === 0x42;
}

/** Total bytes of the first framed message with its four bytes of header; 0 while they are cut. */
export function smbFrameLength(b: Uint8Array, start: number, end: number): number {
  return end - start < 4 ? 0 : 4 + u24(b, start + 1);
}

/**
 * The messages of one frame, which starts at its header; at most 16 of a compound. Empty when it is not SMB. A cut
 * frame gives the messages whose header is there.
 */
export function parseSmb(b: Uint8Array, start: number, end: number): SmbMessage[] {
  if (!looksLikeSmb(b, start, end)) return [];
  const stop = Math.min(end, start + 4 + u24(b, start + 1));
  const at = start + 4;
  if (b[at] === 0xfd) return [{ ...blank, version: 3, command: 'ENCRYPTED' }];
  if (b[at] === 0xff) return stop - at < 33 ? [] : [smb1(b, at, stop)];
  const found: SmbMessage[] = [];
  let message = at;
  for (let n = 0; n < 16 && stop - message >= 64 && u32(b, message) === 0xfe534d42; n++) {
    const next = u32le(b, message + 20);
    found.push(smb2(b, message, next >= 64 && next < stop - message ? message + next : stop));
    if (next < 64) break;
    message += next;
  }
  return found;
}

const blank: SmbMessage = {
  version: 2,
  command: '',
  response: false,
  status: 0,
  message_id: 0,
  tree_id: 0,
  session_id: 0,
  path: '',
  share_type: '',
};

function smb2(b: Uint8Array, at: number, end: number): SmbMessage {
  const command = commands2[u16le(b, at + 12)] ?? `COMMAND${u16le(b, at + 12)}`;
  const flags = u32le(b, at + 16);
  const response = (flags & 1) !== 0;
  let path = '';
  let share_type = '';
  const body = at + 64;
  if (command === 'TREE_CONNECT' && response && end - body >= 3) share_type = shareType(b[body + 2]!);
  else if (command === 'TREE_CONNECT' && !response && end - body >= 8) path = nameAt(b, at, body + 4, end);
  else if (command === 'CREATE' && !response && end - body >= 48) path = nameAt(b, at, body + 44, end);
  return {
    version: 2,
    command,
    response,
    status: response ? u32le(b, at + 8) : 0,
    message_id: u32le(b, at + 24) + (u32le(b, at + 28) & 0x1fffff) * 0x100000000,
    tree_id: (flags & 2) !== 0 ? 0 : u32le(b, at + 36),
    session_id: u32le(b, at + 40) + (u32le(b, at + 44) & 0x1fffff) * 0x100000000,
    path,
    share_type,
  };
}

/** Offset from the header and length, both 16 bits. */
function nameAt(b: Uint8Array, header: number, field: number, end: number): string {
  const from = header + u16le(b, field);
  const length = Math.min(u16le(b, field + 2), maxPath) & ~1;
  return from + length > end ? '' : utf16le(b, from, from + length);
}

function shareType(type: number): string {
  return type === 1 ? 'disk' : type === 2 ? 'pipe' : type === 3 ? 'print' : '';
}

/** Header of 32 bytes, words with their count, bytes with their count. */
function smb1(b: Uint8Array, at: number, end: number): SmbMessage {
  const code = b[at + 4]!;
  const response = (b[at + 9]! & 0x80) !== 0;
  const unicode = (u16le(b, at + 10) & 0x8000) !== 0;
  const words = b[at + 32]!;
  const bytes = at + 33 + words * 2 + 2;
  let path = '';
  let share_type = '';
  if (code === 117 && !response && words >= 4) {
    // TREE_CONNECT_ANDX: password, then path
    path = stringAt(b, at, bytes + u16le(b, at + 33 + 6), end, unicode);
  } else if (code === 117 && response && words >= 2 && bytes < end) {
    const stop = b.indexOf(0, bytes);
    const service = latin1(b, bytes, stop === -1 || stop > end ? bytes : Math.min(stop, bytes + 16));
    share_type = service.startsWith('IPC')
      ? 'pipe'
      : service.startsWith('LPT')
        ? 'print'
        : service
          ? 'disk'
          : '';
  } else if (code === 162 && !response && words === 24) path = stringAt(b, at, bytes, end, unicode);
  return {
    version: 1,
    command: commands1[code] ?? `COMMAND${code}`,
    response,
    status: response ? u32le(b, at + 5) : 0,
    message_id: u16le(b, at + 30),
    tree_id: u16le(b, at + 24),
    session_id: u16le(b, at + 28),
    path,
    share_type,
  };
}

/** A string that ends with zero; UTF-16 begins at an even distance from the header. */
function stringAt(b: Uint8Array, header: number, at: number, end: number, unicode: boolean): string {
  const from = unicode && (at - header) % 2 === 1 ? at + 1 : at;
  const limit = Math.min(end, from + maxPath);
  let stop = from;
  if (unicode) while (stop + 1 < limit && (b[stop] !== 0 || b[stop + 1] !== 0)) stop += 2;
  else while (stop < limit && b[stop] !== 0) stop++;
  if (from >= end) return '';
  return unicode ? utf16le(b, from, stop) : latin1(b, from, stop);
}

/** The names of NT status codes that tell a sign-in story; others as 0xC0000001. */
export function ntStatusName(status: number): string {
  return statusNames.get(status) ?? `0x${status.toString(16).toUpperCase().padStart(8, '0')}`;
}

const statusNames: ReadonlyMap<number, string> = new Map([
  [0, 'SUCCESS'],
  [0x00000103, 'PENDING'],
  [0x80000005, 'BUFFER_OVERFLOW'],
  [0xc0000016, 'MORE_PROCESSING_REQUIRED'],
  [0xc0000022, 'ACCESS_DENIED'],
  [0xc0000034, 'OBJECT_NAME_NOT_FOUND'],
  [0xc000006d, 'LOGON_FAILURE'],
  [0xc000006e, 'ACCOUNT_RESTRICTION'],
  [0xc000006f, 'INVALID_LOGON_HOURS'],
  [0xc0000070, 'INVALID_WORKSTATION'],
  [0xc0000071, 'PASSWORD_EXPIRED'],
  [0xc0000072, 'ACCOUNT_DISABLED'],
  [0xc0000064, 'NO_SUCH_USER'],
  [0xc000006a, 'WRONG_PASSWORD'],
  [0xc00000cc, 'BAD_NETWORK_NAME'],
  [0xc0000193, 'ACCOUNT_EXPIRED'],
  [0xc0000224, 'PASSWORD_MUST_CHANGE'],
  [0xc0000234, 'ACCOUNT_LOCKED_OUT'],
]);
