import type { Connection } from '../schema/event/connection.ts';

/** New, sent again, missing from what was seen, of two contents; packets with bad checksums, which are not looked into. */
const may_carry = 'DTGIC';
/** Attempts without an answer, or refused: https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html */
const no_payload_states: readonly string[] = ['S0', 'REJ', 'RSTOS0'];

/**
 * Zeek leaves the payload of an end out where it does not know it: of a SYN that nobody answered, of a lone FIN or reset.
 * Where its history (without one, its state) says that this end sent no data, the payload is 0, so that headers of a scan
 * are not added up as bytes sent. Only of TCP: of others any packet may carry something. Looks at the record as the sensor
 * wrote it, before values are set aside.
 */
export function fillPayload(event: Connection): void {
  if (event.transport !== 'tcp' || (event.src_bytes !== null && event.dst_bytes !== null)) return;
  event.src_bytes ??= sentNothing(event, may_carry) ? 0 : null;
  event.dst_bytes ??= sentNothing(event, may_carry.toLowerCase()) ? 0 : null;
}

function sentNothing({ history, conn_state }: Connection, letters: string): boolean {
  if (history === '') return no_payload_states.includes(conn_state);
  for (const letter of letters) if (history.includes(letter)) return false;
  return true;
}
