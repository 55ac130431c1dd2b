/**
 * A pure function of one text, with a bounded memory: at most `most` answers, in two generations, so that what is asked
 * for often stays. The remembered texts are copies: a text cut out of a file's chunk would keep the whole chunk alive.
 */
export function remembered<T extends object>(of: (text: string) => T, most: number): (text: string) => T {
  let young = new Map<string, T>();
  let old = new Map<string, T>();
  return (text) => {
    let value = young.get(text);
    if (value !== undefined) return value;
    value = old.get(text) ?? of(text);
    if (young.size * 2 >= most) {
      old = young;
      young = new Map();
    }
    young.set(Buffer.from(text, 'utf16le').toString('utf16le'), value);
    return value;
  };
}
