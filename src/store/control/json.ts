import { canonicalJson } from '../../base/canonical-json.ts';
import { WeirError } from '../../base/error.ts';

const kib = 1024;

/** Characters that the JSON of one value may have. */
export const most_json = {
  settings: 64 * kib,
  position: 64 * kib,
  audit: 64 * kib,
  setting: kib * kib,
  finding: 8 * kib * kib,
};

/**
 * The JSON text of a value, the same for equal values.
 * @throws WeirError store_failed when it is longer than such a value may be
 */
export function jsonText(value: unknown, most: number, what: string): string {
  const text = canonicalJson(value);
  if (text === undefined || text.length <= most) return text ?? 'null';
  throw new WeirError(
    'store_failed',
    `${what} has ${text.length.toLocaleString('en')} characters, and the control store keeps ${most.toLocaleString('en')}`,
  );
}
