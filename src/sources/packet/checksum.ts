/** Internet checksum (RFC 1071) of buf[from, to) added to `sum`; 0xffff when it holds over a part with its checksum. */
export function internetSum(buf: Uint8Array, from: number, to: number, sum: number): number {
  let total = sum;
  let i = from;
  for (; i + 1 < to; i += 2) total += (buf[i]! << 8) | buf[i + 1]!;
  if (i < to) total += buf[i]! << 8;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

/** The pseudo header of TCP, UDP and ICMPv6 as a sum: addresses, protocol, length. */
export function pseudoHeader(
  f: { s0: number; s1: number; s2: number; s3: number; d0: number; d1: number; d2: number; d3: number },
  protocol: number,
  length: number,
): number {
  return (
    halves(f.s0) +
    halves(f.s1) +
    halves(f.s2) +
    halves(f.s3) +
    halves(f.d0) +
    halves(f.d1) +
    halves(f.d2) +
    halves(f.d3) +
    protocol +
    length
  );
}

function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}
