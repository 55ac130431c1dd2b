/** The name among `names` that a mistyped one is likely to mean; null when none is near (a third of its letters). */
export function nearest(name: string, names: Iterable<string>): string | null {
  const most = Math.max(1, Math.floor(name.length / 3));
  let best: string | null = null;
  let least = most + 1;
  for (const one of names) {
    if (Math.abs(one.length - name.length) >= least) continue;
    const distance = edits(name, one);
    if (distance >= least) continue;
    least = distance;
    best = one;
  }
  return best;
}

/** How many letters must be put in, taken out, changed or swapped with the next (Damerau 1964, Boytsov 2011); short texts only. */
function edits(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const kept = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, kept, swapped ? before[j - 2]! + 1 : kept));
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
