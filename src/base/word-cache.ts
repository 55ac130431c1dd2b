/** Longer texts are not remembered: an IPv6 address has at most 39 characters. */
const longest = 40;

/**
 * Texts that repeat from line to line (addresses, states, services): the same bytes give the same string object, with
 * what was made of it. No new string a line, and whoever looks the text up in a Map finds its hash ready. Each hash has
 * one place, so memory is bounded and a text that pushes another out costs only its own making.
 */
export class WordCache {
  private readonly make: (text: string) => string;
  private readonly mask: number;
  private readonly bytes: Uint8Array;
  /** 0: a free place */
  private readonly lengths: Uint8Array;
  private readonly values: string[];

  /** `places`: a power of two. `make`: what is remembered of a text; '' (wrong text) is not remembered. */
  constructor(places: number, make: (text: string) => string) {
    this.make = make;
    this.mask = places - 1;
    this.bytes = new Uint8Array(places * longest);
    this.lengths = new Uint8Array(places);
    this.values = new Array<string>(places).fill('');
  }

  /** Of the text in bytes[from, to), which is ASCII. */
  get(bytes: Uint8Array, from: number, to: number): string {
    const length = to - from;
    if (length === 0 || length > longest) return this.make(textOf(bytes, from, to));
    let hash = length;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    const place = (hash ^ (hash >>> 15)) & this.mask;
    const at = place * longest;
    const known = this.bytes;
    if (this.lengths[place] === length) {
      let i = 0;
      while (i < length && known[at + i] === bytes[from + i]) i++;
      if (i === length) return this.values[place]!;
    }
    const value = this.make(textOf(bytes, from, to));
    if (value === '') return '';
    for (let i = 0; i < length; i++) known[at + i] = bytes[from + i]!;
    this.lengths[place] = length;
    this.values[place] = value;
    return value;
  }
}

/** A text of its own, not one cut out of a piece of the file, which would keep the piece alive. */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}
