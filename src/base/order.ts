/** Runs of equal key in an ordered stream: [1,1,2] → [1,1], [2]. */
export async function* groupRuns<T>(items: AsyncIterable<T>, key: (item: T) => number): AsyncGenerator<T[]> {
  let run: T[] = [];
  let current = Number.NaN;
  for await (const item of items) {
    const next = key(item);
    if (run.length > 0 && next !== current) {
      yield run;
      run = [];
    }
    current = next;
    run.push(item);
  }
  if (run.length > 0) yield run;
}
