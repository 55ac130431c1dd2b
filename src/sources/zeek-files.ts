import type { File } from '../schema/event/file.ts';
import { unplaced } from './checked.ts';
import { looseFlowOf, type ZeekLog, type ZeekRecord } from './zeek.ts';

/**
 * https://docs.zeek.org/en/master/scripts/base/frameworks/files/main.zeek.html. Zeek before 5 names hosts and uids as
 * sets (tx_hosts, rx_hosts, conn_uids), later ones the connection (uid, id) and is_orig. In the old form the four-tuple
 * is made of the first sender and receiver: is_orig says which of them opened the connection.
 */
export const files: ZeekLog = {
  path: 'files',
  map: (r) => fileOf(r, r.time()),
};

/**
 * Files that were carried several times, in one record with the times of all; the first is taken.
 * https://github.com/corelight/Chronicle (log-schemas, files_red)
 */
export const files_red: ZeekLog = {
  path: 'files_red',
  alike: 'files',
  share: 'sum',
  map(r): File {
    const times = r.values.list('ts');
    return fileOf(r, r.toTime('ts', Array.isArray(times) ? times[0] : times));
  },
};

function fileOf(r: ZeekRecord, time: number): File {
  const flow = looseFlowOf(r, '');
  const from_src = r.bool('is_orig') ?? false;
  let sender_ips = r.ips('tx_hosts');
  let receiver_ips = r.ips('rx_hosts');
  if (flow.uid === '') flow.uid = r.texts('conn_uids')[0] ?? '';
  if (flow.src_ip === '') {
    flow.src_ip = (from_src ? sender_ips[0] : receiver_ips[0]) ?? '';
    flow.dst_ip = (from_src ? receiver_ips[0] : sender_ips[0]) ?? '';
  }
  if (sender_ips.length === 0 && flow.src_ip !== '') {
    sender_ips = [from_src ? flow.src_ip : flow.dst_ip];
    receiver_ips = [from_src ? flow.dst_ip : flow.src_ip];
  }
  const seen_bytes = r.count0('seen_bytes');
  return {
    kind: 'file',
    time,
    ...flow,
    ...unplaced,
    file_id: r.text('fuid'),
    protocol: r.text('source'),
    action: '',
    path: '',
    name: r.text('filename'),
    mime: r.text('mime_type'),
    size_bytes: r.count('total_bytes') ?? seen_bytes,
    seen_bytes,
    missing_bytes: r.count0('missing_bytes'),
    duration_s: r.seconds('duration'),
    md5: r.text('md5').toLowerCase(),
    sha1: r.text('sha1').toLowerCase(),
    sha256: r.text('sha256').toLowerCase(),
    sender_ips,
    receiver_ips,
  };
}
