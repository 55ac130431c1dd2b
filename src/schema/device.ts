/**
 * Which device had an address from when to when. A device that was the first known one at an address is called by that
 * address, so that what was learned of the address before stays with it; any other by what proves who it is.
 */
export interface DeviceAddress {
  readonly device: string;
  readonly address: string;
  /** µs since 1970; `to` is not in it, null: still */
  readonly from: number;
  readonly to: number | null;
  /**
   * dhcp: a lease; mac: the link-layer address; kerberos: the account of a machine; mdns, netbios: a name that the device
   * says is its own
   */
  readonly evidence: 'dhcp' | 'mac' | 'kerberos' | 'mdns' | 'netbios';
  /** what it calls itself, '' when it does not say */
  readonly name: string;
}

/**
 * The device that had an address at an instant (µs), and what it calls itself. An address that nobody had yet is its own
 * device; one that was left is somebody's of whom nothing is known.
 */
export type DeviceAt = (address: string, time: number) => { readonly device: string; readonly name: string };

/** Looks devices up among their addresses. */
export function deviceBook(all: readonly DeviceAddress[]): DeviceAt {
  const by_address = Map.groupBy(all, (one) => one.address);
  return (address, time) => {
    const begun = by_address.get(address)?.filter(({ from }) => from <= time) ?? [];
    const last = begun.at(-1);
    if (!last) return { device: address, name: '' };
    if (last.to === null || time < last.to) return { device: last.device, name: last.name };
    // Whoever is heard there now is not the one who left.
    return { device: `${address} after ${last.device}`, name: '' };
  };
}
