import type { SourceFormat } from '../schema/reading.ts';
import { pcap } from './pcap.ts';
import { pcapng } from './pcapng.ts';
import { suricata_eve } from './suricata.ts';
import { wrapped } from './wrapped.ts';
import { zeek_json } from './zeek-json.ts';
import { zeek_tsv } from './zeek-tsv.ts';

export { tellsPieces } from './zeek-kind.ts';

/** Every kind of file that Weir reads. To add one: a file beside this one, and a line here. */
export const formats: readonly SourceFormat[] = [zeek_tsv, zeek_json, suricata_eve, wrapped, pcap, pcapng];

/** The kind of a file by its first (up to 64 KiB of) uncompressed bytes; null when it is none: see whyUnknown. */
export function detectFormat(head: Buffer): SourceFormat | null {
  let best: SourceFormat | null = null;
  let best_sure = 0;
  for (const format of formats) {
    const sure = format.detect(head);
    if (sure > best_sure) {
      best = format;
      best_sure = sure;
    }
  }
  return best;
}

/** Why detectFormat knows no kind, for people. */
export function whyUnknown(head: Buffer): string {
  if (head.length === 0) return 'the file is empty';
  const [a, b] = head;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return 'UTF-16 text; Weir reads UTF-8';
  const zeros = [0, 0];
  for (let i = 0; i < head.length; i++) if (head[i] === 0) zeros[i % 2]!++;
  const [even, odd] = zeros as [number, number];
  // Latin text in UTF-16: nearly every other byte is zero.
  const half = head.length / 2;
  if (head.length >= 8 && Math.max(even, odd) > half * 0.7 && Math.min(even, odd) < half * 0.05)
    return 'UTF-16 text; Weir reads UTF-8';
  if (even + odd > 0) return 'binary data of a kind that is not known';
  if (/^>== /m.test(head.toString('latin1', 0, 1024))) return 'a summary that zeekctl mails, not a log';
  if (/^\s*[{[]/.test(head.toString('utf8', 0, 64))) return 'JSON, but neither Zeek nor Suricata wrote it';
  return 'text of a kind that is not known';
}
