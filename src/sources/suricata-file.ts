import type { File } from '../schema/event/file.ts';
import { unplaced } from './checked.ts';
import { type SuricataLog, turn } from './suricata-record.ts';

/**
 * fileinfo: names the file's sender as source, whoever opened the connection. Which side is the server is not said; the
 * side with the lower port is taken for it. https://docs.suricata.io/en/latest/output/eve/eve-json-format.html#event-type-fileinfo
 */
export const fileinfo: SuricataLog = {
  event_type: 'fileinfo',
  map(r): File {
    const of = r.section('fileinfo');
    const sent = r.flow();
    const size = r.count0(of, 'size');
    return {
      kind: 'file',
      time: r.time(),
      ...(sent.src_port < sent.dst_port ? turn(sent) : sent),
      ...unplaced,
      file_id: r.label(of, 'file_id'),
      protocol: protocolOf(r.text(r.object, 'app_proto')),
      action: '',
      path: '',
      name: r.text(of, 'filename'),
      mime: r.text(of, 'mimetype'),
      size_bytes: size,
      seen_bytes: size,
      missing_bytes: 0,
      duration_s: null,
      md5: r.text(of, 'md5').toLowerCase(),
      sha1: r.text(of, 'sha1').toLowerCase(),
      sha256: r.text(of, 'sha256').toLowerCase(),
      sender_ips: [sent.src_ip],
      receiver_ips: [sent.dst_ip],
    };
  },
};

/** As Zeek names the source of a file. */
function protocolOf(app_proto: string): string {
  return app_proto.toUpperCase().replaceAll('-', '_');
}
