/** One fragment: where its payload is, and what it belongs to. */
export interface Fragment {
  readonly buf: Uint8Array;
  readonly l4: number;
  readonly end: number;
  readonly time: number;
  readonly v6: boolean;
  readonly s0: number;
  readonly s1: number;
  readonly s2: number;
  readonly s3: number;
  readonly d0: number;
  readonly d1: number;
  readonly d2: number;
  readonly d3: number;
  /** set to that of the first fragment when the datagram is whole */
  protocol: number;
}

/**
 * IP fragments wait here for the rest of their datagram.
 * - Where fragments overlap the bytes that came first stay, whatever comes later: one rule for every reader.
 * - A datagram that is not whole after 60 s, or when more than 1,024 wait or they hold over 16 MB, is dropped, oldest
 *   first.
 */
export interface FragmentCache {
  /** The payload of the datagram when this fragment made it whole, else null; then `problem` may say why. */
  add(fragment: Fragment, id: number, offset: number, more: boolean): Uint8Array | null;
  readonly problem: string;
  /** Datagrams given up so far. */
  readonly dropped: number;
}

const maxDatagrams = 1024;
const maxBytes = 16 << 20;
const maxPieces = 1024;
const timeout = 60_000_000;
const maxDatagram = 65_535;

interface Datagram {
  readonly since: number;
  /** first bytes win: pieces never overlap, in order of offset */
  readonly pieces: { from: number; data: Uint8Array }[];
  size: number;
  /** length of the payload, -1 until the last fragment came */
  whole: number;
  protocol: number;
}

export function newFragmentCache(): FragmentCache {
  return new Cache();
}

class Cache implements FragmentCache {
  problem = '';
  dropped = 0;
  private bytes = 0;
  private readonly datagrams = new Map<string, Datagram>();

  add(f: Fragment, id: number, offset: number, more: boolean): Uint8Array | null {
    this.problem = '';
    const data = f.buf.subarray(f.l4, f.end);
    if (offset + data.length > maxDatagram) {
      this.problem = 'fragment beyond the end of a datagram';
      return null;
    }
    if (data.length === 0) {
      this.problem = 'fragment without payload';
      return null;
    }
    const key = f.v6
      ? `${f.s0},${f.s1},${f.s2},${f.s3},${f.d0},${f.d1},${f.d2},${f.d3},${id}`
      : `${f.s3},${f.d3},${id},${f.protocol}`;
    let datagram = this.datagrams.get(key);
    if (datagram !== undefined && f.time - datagram.since > timeout) {
      this.drop(key, datagram);
      datagram = undefined;
    }
    if (datagram === undefined) {
      datagram = { since: f.time, pieces: [], size: 0, whole: -1, protocol: f.protocol };
      this.makeRoom(f.time);
      this.datagrams.set(key, datagram);
    }
    if (datagram.pieces.length >= maxPieces) {
      this.drop(key, datagram);
      this.problem = 'too many fragments of one datagram';
      return null;
    }
    if (offset === 0) datagram.protocol = f.protocol;
    if (!more && datagram.whole < offset + data.length) datagram.whole = offset + data.length;
    this.insert(datagram, offset, data);
    const whole = joined(datagram);
    if (whole === null) return null;
    f.protocol = datagram.protocol;
    this.bytes -= datagram.size;
    this.datagrams.delete(key);
    return whole;
  }

  private insert(datagram: Datagram, offset: number, data: Uint8Array): void {
    const { pieces } = datagram;
    let from = offset;
    const upTo = offset + data.length;
    let i = 0;
    while (from < upTo) {
      while (i < pieces.length && pieces[i]!.from + pieces[i]!.data.length <= from) i++;
      const next = pieces[i];
      if (next !== undefined && next.from <= from) {
        from = next.from + next.data.length;
        continue;
      }
      const end = next === undefined ? upTo : Math.min(upTo, next.from);
      const piece = data.slice(from - offset, end - offset);
      pieces.splice(i, 0, { from, data: piece });
      datagram.size += piece.length;
      this.bytes += piece.length;
      from = end;
    }
  }

  private makeRoom(now: number): void {
    for (const [key, datagram] of this.datagrams) {
      const full = this.datagrams.size >= maxDatagrams || this.bytes > maxBytes;
      if (!full && now - datagram.since <= timeout) return;
      this.drop(key, datagram);
    }
  }

  private drop(key: string, datagram: Datagram): void {
    this.bytes -= datagram.size;
    this.dropped++;
    this.datagrams.delete(key);
  }
}

function joined(datagram: Datagram): Uint8Array | null {
  if (datagram.whole < 0) return null;
  let at = 0;
  for (const piece of datagram.pieces) {
    if (piece.from !== at) break;
    at += piece.data.length;
  }
  if (at < datagram.whole) return null;
  const whole = new Uint8Array(at);
  for (const piece of datagram.pieces) {
    if (piece.from + piece.data.length > at) break;
    whole.set(piece.data, piece.from);
  }
  return whole;
}
