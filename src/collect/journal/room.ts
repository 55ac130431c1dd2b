import type { Priority } from './frame.ts';

/** Up to which share of the journal a priority is taken, and below which it is taken again once it was refused. */
const shares: Readonly<Record<Priority, { readonly high: number; readonly low: number }>> = {
  bulk: { high: 0.9, low: 0.8 },
  alerts: { high: 1, low: 0.95 },
};

/**
 * Whether there is room for `size` bytes of a priority when `used` of `most` are taken. Once refused it stays so until
 * the low-water mark: senders come back to a journal that has room for more than one of them.
 */
export function hasRoom(
  priority: Priority,
  used: number,
  size: number,
  most: number,
  refused: boolean,
): boolean {
  const { high, low } = shares[priority];
  return used + size <= most * (refused ? low : high);
}
