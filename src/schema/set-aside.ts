/**
 * Notes on an event that a value of its record was not usable: `column: reason`, or `column: reason: value`. The column
 * has its neutral value then ('' or 0, null where it may), which says nothing of what the record meant.
 */
interface Noted {
  set_aside?: readonly string[];
}

/** More values of one record are not noted: a record has fewer columns. */
const mostNotes = 32;

/** Notes a value; `reason` goes on after the column's name: 'not a port'. Says nothing twice of one column. */
export function setAside(event: Noted, column: string, reason: string): void {
  const notes = event.set_aside ?? [];
  if (notes.length >= mostNotes || isSetAside(event, column)) return;
  event.set_aside = [...notes, `${column}: ${reason}`];
}

/** Whether the event's value of a column was set aside: what the column says then is not what happened. */
export function isSetAside(event: Noted, column: string): boolean {
  return event.set_aside?.some((one) => one.startsWith(`${column}: `)) ?? false;
}

/** Takes over the notes of a record that was joined with the event's own. */
export function joinNotes(event: Noted, other: Noted): void {
  const notes = other.set_aside ?? [];
  if (notes.length > 0) event.set_aside = [...(event.set_aside ?? []), ...notes].slice(0, mostNotes);
}

/** What a note is counted under: without the value in it, so that there are few. */
export function noteKind(note: string): string {
  const value = note.indexOf(': ', note.indexOf(': ') + 2);
  return value < 0 ? note : note.slice(0, value);
}
