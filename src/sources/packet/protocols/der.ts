/** As much of DER (X.690) as certificates and Kerberos need. */

/** One DER element: its tag and where its content is. */
export interface Element {
  tag: number;
  start: number;
  end: number;
}

/** Reads the element at `at`; false when it runs over `end`. Definite lengths only, as DER asks. */
export function readElement(b: Uint8Array, at: number, end: number, into: Element): boolean {
  if (end - at < 2) return false;
  into.tag = b[at]!;
  let length = b[at + 1]!;
  let start = at + 2;
  if (length >= 0x80) {
    const size = length & 0x7f;
    if (size === 0 || size > 4 || start + size > end) return false;
    length = 0;
    for (let i = 0; i < size; i++) length = length * 256 + b[start + i]!;
    start += size;
  }
  if (length > end - start) return false;
  into.start = start;
  into.end = start + length;
  return true;
}

export function newElement(): Element {
  return { tag: 0, start: 0, end: 0 };
}

export function is(e: Element, tag: number): boolean {
  return e.tag === tag;
}

/** The object identifier at the start of a sequence, dotted; '' when there is none. */
export function firstObject(b: Uint8Array, start: number, end: number): string {
  const e = newElement();
  return readElement(b, start, end, e) && is(e, 0x06) ? objectText(b, e.start, e.end) : '';
}

/** An object identifier's content, dotted. */
export function objectText(b: Uint8Array, start: number, end: number): string {
  if (end <= start || end - start > 64) return '';
  let text = '';
  let value = 0;
  for (let i = start; i < end; i++) {
    value = value * 128 + (b[i]! & 0x7f);
    if (b[i]! >= 0x80) continue;
    if (text === '') {
      const first = value < 40 ? 0 : value < 80 ? 1 : 2;
      text = `${first}.${value - first * 40}`;
    } else text += `.${value}`;
    value = 0;
  }
  return text;
}
