import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../schema/event/connection.ts';
import { fillPayload } from './payload.ts';

type Case = [what: string, history: string, conn_state: string, src: number | null, dst: number | null];
const cases: Case[] = [
  ['a SYN that nobody answered', 'S', 'S0', 0, 0],
  ['a SYN that was refused', 'Sr', 'REJ', 0, 0],
  ['a handshake and an end without data', 'ShAFf', 'SF', 0, 0],
  ['a lone FIN', 'F', 'OTH', 0, 0],
  ['data of one side, its size not known', 'ShADf', 'SF', null, 0],
  ['data of the other side', '^hAdf', 'SHR', 0, null],
  ['data sent again', 'STt', 'OTH', null, null],
  ['data that was not seen', 'ShAGg', 'S1', null, null],
  ['packets with bad checksums', 'SCc', 'OTH', null, null],
  ['no history, an attempt without an answer', '', 'S0', 0, 0],
  ['no history, a connection', '', 'SF', null, null],
  ['no history, the middle of a connection', '', 'OTH', null, null],
];

test('Where the history says that an end sent no data, its payload is 0 and its headers are not counted as bytes sent', () => {
  for (const [what, history, conn_state, src, dst] of cases) {
    const event = { transport: 'tcp', history, conn_state, src_bytes: null, dst_bytes: null } as Connection;
    fillPayload(event);
    assert.deepEqual([event.src_bytes, event.dst_bytes], [src, dst], what);
  }
});

test('What the sensor counted stays as it is, and of UDP nothing is concluded', () => {
  const counted = {
    transport: 'tcp',
    history: 'S',
    conn_state: 'S0',
    src_bytes: 7,
    dst_bytes: null,
  } as Connection;
  fillPayload(counted);
  assert.deepEqual([counted.src_bytes, counted.dst_bytes], [7, 0]);
  const udp = {
    transport: 'udp',
    history: 'S',
    conn_state: 'S0',
    src_bytes: null,
    dst_bytes: null,
  } as Connection;
  fillPayload(udp);
  assert.deepEqual([udp.src_bytes, udp.dst_bytes], [null, null]);
});
