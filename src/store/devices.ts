import { instant } from '../base/time.ts';
import type { DeviceAddress } from '../schema/device.ts';
import { insertRows, instantOrNull } from './inserts.ts';
import type { Store } from './store.ts';

/** Stores which device had which address; what the run before knew goes. */
export async function saveDevices(store: Store, all: readonly DeviceAddress[]): Promise<void> {
  await store.command('TRUNCATE TABLE device_address', {}, { name: 'clear devices', repeatable: true });
  const rows = all.map(({ from, to, ...one }) => ({
    ...one,
    from_at: instant(from),
    to_at: instantOrNull(to),
  }));
  await insertRows(store.connection, 'device_address', rows);
}

/** Which device had which address, oldest first. */
export async function listDevices(store: Store): Promise<DeviceAddress[]> {
  const rows = await store.rows<[string, string, number, number | null, DeviceAddress['evidence'], string]>(
    `SELECT device, address, toUnixTimestamp64Micro(from_at), toUnixTimestamp64Micro(to_at), evidence, name
FROM device_address ORDER BY from_at, address`,
    {},
    { name: 'devices' },
  );
  return rows.map(([device, address, from, to, evidence, name]) => ({
    device,
    address,
    from,
    to,
    evidence,
    name,
  }));
}
