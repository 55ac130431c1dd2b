/** A number of a finding's sentence, as told and as counted now. */
interface CountedNumber {
  readonly column: string;
  readonly told: unknown;
  readonly counted: unknown;
  readonly agrees: boolean;
}

/** Whether the numbers of a finding are there again; null: its detector is not among those that were given. */
export function countedAgain(detector: string, numbers: readonly CountedNumber[] | null): string {
  if (numbers === null)
    return `Not counted again: detector ${detector} is not here; give the folder it is in with --content.`;
  if (numbers.length === 0)
    return 'Not counted again: the sentence has no number to count, or its events are no longer stored.';
  const agreeing = numbers.filter((one) => one.agrees).length;
  const wrong = numbers.filter((one) => !one.agrees);
  const told = wrong.map((one) => `${one.column} was told as ${one.told}, counted now ${one.counted}`);
  return [
    `Counted again: ${agreeing} of ${numbers.length} numbers of the sentence agree with the stored events.`,
    ...(told.length === 0 ? [] : [`Not so: ${told.join('; ')}.`]),
  ].join(' ');
}
