import type { File } from '../schema/event/file.ts';
import type { RemoteCall } from '../schema/event/remote-call.ts';
import { unplaced } from './checked.ts';
import { flowOf, type ZeekLog } from './zeek.ts';

/** https://docs.zeek.org/en/master/scripts/base/protocols/smb/main.zeek.html: what was done to a file by name. */
export const smb_files: ZeekLog = {
  path: 'smb_files',
  map(r): File {
    return {
      kind: 'file',
      time: r.time(),
      ...flowOf(r, 'tcp'),
      ...unplaced,
      file_id: r.text('fuid'),
      protocol: 'SMB',
      action: r.text('action'),
      path: r.text('path'),
      name: r.text('name'),
      mime: '',
      size_bytes: r.count0('size'),
      seen_bytes: r.count0('data_len_rsp') || r.count0('data_len_req'),
      missing_bytes: 0,
      duration_s: null,
      md5: '',
      sha1: '',
      sha256: '',
      sender_ips: [],
      receiver_ips: [],
    };
  },
};

export const smb_mapping: ZeekLog = {
  path: 'smb_mapping',
  map(r): RemoteCall {
    return {
      kind: 'remote_call',
      time: r.time(),
      ...flowOf(r, 'tcp'),
      ...unplaced,
      protocol: 'smb',
      endpoint: r.text('share_type'),
      operation: 'tree_connect',
      path: r.text('path'),
      rtt_s: null,
    };
  },
};
