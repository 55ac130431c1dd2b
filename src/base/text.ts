/**
 * The same text in memory of its own. Engines keep a piece cut from a large text as a view of the whole; what is
 * remembered longer than the batch it came with must not hold that batch in memory.
 */
export function ownCopy(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'utf8').toString('utf8');
}
