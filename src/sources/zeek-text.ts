const escaped = /\\(?:x([0-9a-fA-F]{2})|\\)/g;

/**
 * Undoes the escapes of Zeek's ASCII writer: \\ and \xNN. Bytes that make up UTF-8 become characters; bytes that do
 * not, and control characters other than BS, FF, LF, CR and TAB, stay as \xNN, because that is how Zeek's JSON writer
 * shows them: one record reads the same from both.
 * https://github.com/zeek/zeek/blob/master/src/util.cc (escape_utf8, json_escape_utf8)
 */
export function unescapeZeek(text: string): string {
  const bytes: number[] = [];
  let result = '';
  let last = 0;
  const flush = () => {
    if (bytes.length > 0) result += printable(bytes);
    bytes.length = 0;
  };
  for (const match of text.matchAll(escaped)) {
    if (match.index > last) {
      flush();
      result += text.slice(last, match.index);
    }
    if (match[1] === undefined) {
      flush();
      result += '\\';
    } else bytes.push(Number.parseInt(match[1], 16));
    last = match.index + match[0].length;
  }
  flush();
  return result + text.slice(last);
}

/** Bytes as text: UTF-8 where it is, \xNN where it is not. */
function printable(bytes: readonly number[]): string {
  let result = '';
  for (let i = 0; i < bytes.length; ) {
    const byte = bytes[i]!;
    if ((byte >= 0x20 && byte < 0x7f) || (byte >= 8 && byte <= 13 && byte !== 11)) {
      result += String.fromCharCode(byte);
      i++;
      continue;
    }
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
    const character = length > 1 ? decoded(bytes.slice(i, i + length)) : null;
    if (character === null) {
      result += `\\x${byte.toString(16).padStart(2, '0')}`;
      i++;
    } else {
      result += character;
      i += length;
    }
  }
  return result;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(bytes: number[]): string | null {
  try {
    return utf8.decode(Uint8Array.from(bytes));
  } catch {
    return null;
  }
}
