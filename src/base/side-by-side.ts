/**
 * Does `work` for every item, at most `at_once` of them at a time, begun in their order; gives what came of each, in that order.
 * When one fails no further ones are begun, and its error is thrown once those under way have ended.
 */
export async function sideBySide<T, R>(
  at_once: number,
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const left = items.entries();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const [index, item] of left) {
      if (failed) return;
      try {
        results[index] = await work(item, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: at_once }, worker));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return results;
}

/**
 * As `sideBySide`, for work that may find that there is not room enough for it beside others: it gives null then, and is done once
 * more alone, when all others have ended. `work` is told how many there are at once, and gives a result when it is alone.
 */
export async function besideOrAlone<T, R>(
  at_once: number,
  items: readonly T[],
  work: (item: T, at_once: number) => Promise<R | null>,
): Promise<R[]> {
  const beside = await sideBySide(at_once, items, (item) => work(item, at_once));
  const all: R[] = [];
  for (const [i, one] of beside.entries()) all.push(one ?? ((await work(items[i]!, 1)) as R));
  return all;
}
