/**
 * JSON with the keys of every object in order of their code units and without spaces (the order of RFC 8785): equal
 * values give equal text, however they were put together. What JSON leaves out (undefined, functions) is left out.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => {
    if (one === null || typeof one !== 'object' || Array.isArray(one)) return one;
    return Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
