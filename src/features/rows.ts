import { WeirError } from '../base/error.ts';
import type { Detector, Feature } from '../schema/detector.ts';
import type { DeviceAt } from '../schema/device.ts';
import type { FeatureRow } from '../schema/feature-row.ts';

/** Columns of a grain that hold an address. */
const addresses: ReadonlySet<string> = new Set(['src_ip', 'dst_ip']);

/**
 * Turns the arrays that `featureStatement` gives into feature rows. What is known of a device follows it from address to
 * address: `key` and `host` name the device that had the address when the row's last event was seen. Throws `content_invalid` when a
 * column is not what its unit says.
 */
export function rowReader(
  feature: Feature,
  detector: Detector,
  deviceAt: DeviceAt,
): (row: readonly unknown[]) => FeatureRow {
  const flags_at = 6;
  const raises = detector.raise.length;
  const columns = Object.entries(feature.columns);
  const grain_at = flags_at + raises + detector.lower.length;
  const columns_at = grain_at + feature.grain.length;
  return (row) => {
    const entity: Record<string, string | number> = {};
    feature.grain.forEach((name, i) => {
      const value = row[grain_at + i];
      entity[name] = typeof value === 'number' ? value : String(value);
    });
    const values: Record<string, number | string | readonly unknown[]> = {};
    columns.forEach(([name, { unit }], i) => {
      values[name] = read(row[columns_at + i], unit, name, feature);
    });
    const last_at = Number(row[2]);
    const who = (name: string): string => {
      const value = String(entity[name]);
      return addresses.has(name) ? deviceAt(value, last_at).device : value;
    };
    return {
      window_at: Number(row[0]),
      first_at: Number(row[1]),
      last_at,
      key: feature.grain.map(who).join(' '),
      host: who(feature.grain[0]!),
      peer: String(row[3]),
      worth: row[4] === 1,
      called: Number(row[5]),
      raised: row.slice(flags_at, flags_at + raises).map((flag) => flag === 1),
      lowered: row.slice(flags_at + raises, grain_at).map((flag) => flag === 1),
      entity,
      values,
    };
  };
}

function read(
  value: unknown,
  unit: string,
  name: string,
  feature: Feature,
): number | string | readonly unknown[] {
  if (unit === 'list') {
    if (Array.isArray(value)) return value;
    throw new WeirError(
      'content_invalid',
      `${feature.file}: ${name} is said to be a list, but is ${JSON.stringify(value)}`,
    );
  }
  if (unit === 'text') return String(value);
  return value === null ? Number.NaN : Number(value);
}
