import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Connection } from '../schema/event/connection.ts';
import { settle, turn } from './outcome.ts';

/** A connection of two hosts of one network; bytes and packets follow from the case. */
function connection(given: Partial<Connection>): Connection {
  return {
    kind: 'connection',
    time: 1_700_000_000_000_000,
    uid: 'C1',
    src_ip: '10.0.0.7',
    src_port: 50_123,
    dst_ip: '10.0.0.2',
    dst_port: 443,
    transport: 'tcp',
    src_local: false,
    dst_local: false,
    direction: '',
    community_id: '',
    service: '',
    duration_s: null,
    src_bytes: null,
    dst_bytes: null,
    src_packets: 0,
    dst_packets: 0,
    src_ip_bytes: 0,
    dst_ip_bytes: 0,
    missed_bytes: 0,
    conn_state: '',
    history: '',
    vlan: 0,
    src_mac: '',
    dst_mac: '',
    outcome: '',
    orientation: '',
    dst_name: '',
    ...given,
  };
}

const ports = (src_port: number, dst_port: number): Partial<Connection> => ({ src_port, dst_port });
const packets = (src_packets: number, dst_packets: number, each = 60): Partial<Connection> => ({
  src_packets,
  dst_packets,
  src_ip_bytes: src_packets * each,
  dst_ip_bytes: dst_packets * each,
});
const tcp = (history: string, conn_state: string, sent: number, got: number): Partial<Connection> => ({
  history,
  conn_state,
  ...packets(sent, got),
});
const udp = (history: string, conn_state: string, sent: number, got: number): Partial<Connection> => ({
  transport: 'udp',
  dst_port: 53,
  ...tcp(history, conn_state, sent, got),
});
const icmp = (type: number, code: number, sent: number, got: number): Partial<Connection> => ({
  transport: 'icmp',
  conn_state: 'OTH',
  ...ports(type, code),
  ...packets(sent, got),
});
const v6 = { src_ip: '2001:db8::7', dst_ip: '2001:db8::2' };

type Case = readonly [
  what: string,
  given: Partial<Connection>,
  outcome: string,
  orientation: string,
  opened_by?: 'dst',
];

const cases: readonly Case[] = [
  // TCP with a history, as Zeek and the flow meter write it
  ['a finished connection', tcp('ShADadFf', 'SF', 6, 5), 'answered', 'seen'],
  ['still open', tcp('ShADad', 'S1', 4, 4), 'answered', 'seen'],
  ['ended by a reset of the client', tcp('ShADadR', 'RSTO', 5, 4), 'answered', 'seen'],
  ['ended by a reset of the server', tcp('ShADadr', 'RSTR', 4, 5), 'answered', 'seen'],
  ['a health check that opens and closes', tcp('ShAFf', 'SF', 3, 2), 'answered', 'seen'],
  ['a health check that opens and resets', tcp('ShR', 'RSTO', 2, 1), 'answered', 'seen'],
  ['refused', tcp('Sr', 'REJ', 1, 1), 'refused', 'seen'],
  ['refused three times', tcp('SrR', 'REJ', 3, 3), 'refused', 'seen'],
  ['no answer to a SYN', tcp('S', 'S0', 3, 0), 'unanswered', 'seen'],
  ['given up by the client', tcp('SR', 'RSTOS0', 2, 0), 'unanswered', 'seen'],
  ['the answer lost by the sensor, the rest seen', tcp('SADadfF', 'SF', 5, 4), 'answered', 'seen'],
  ['only what the client sends is seen', tcp('SADF', 'SH', 4, 0), 'one_sided', 'seen'],
  ['the same where the sensor took it for an attempt', tcp('SADF', 'S0', 4, 0), 'one_sided', 'seen'],
  ['opened and closed, only the client seen', tcp('SAF', 'SH', 3, 0), 'one_sided', 'seen'],
  ['only what the server sends is seen', tcp('^hadf', 'SHR', 0, 5), 'one_sided', 'inferred'],
  ['the client has bad checksums (offload)', tcp('^hCadf', 'SHR', 0, 5), 'answered', 'inferred'],
  ['a SYN-ACK first, then both', tcp('hADadFf', 'SF', 5, 5), 'answered', 'inferred'],
  [
    'a SYN-ACK taken for the opening',
    { ...tcp('H', 'OTH', 1, 0), ...ports(80, 50_000) },
    'one_sided',
    'inferred',
    'dst',
  ],
  ['turned by the sensor', tcp('^hADadFf', 'SF', 5, 5), 'answered', 'inferred'],
  [
    'a SYN by who is called dst',
    { ...tcp('^sHadAD', 'S1', 4, 5), ...ports(443, 50_000) },
    'answered',
    'seen',
    'dst',
  ],
  [
    'a scan from the port of a service',
    { ...tcp('S', 'S0', 1, 0), ...ports(53, 50_000) },
    'unanswered',
    'seen',
  ],
  ['a keep-alive piece of a known session', tcp('Aa', 'OTH', 1, 1), 'answered', 'inferred'],
  ['a keep-alive piece, one side', tcp('A', 'OTH', 1, 0), 'unknown', 'inferred'],
  ['data in the middle of a session', tcp('DdA', 'OTH', 9, 7), 'answered', 'inferred'],
  ['data in the middle of a session, one side', tcp('DA', 'OTH', 9, 0), 'one_sided', 'inferred'],
  [
    'a server speaks to an ephemeral port',
    { ...tcp('DdA', 'OTH', 9, 7), ...ports(8080, 50_000) },
    'answered',
    'inferred',
    'dst',
  ],
  [
    'the middle of a session between high ports',
    { ...tcp('DdA', 'OTH', 9, 7), ...ports(40_000, 50_000) },
    'answered',
    'unknown',
  ],
  ['a retransmitted FIN', tcp('F', 'SH', 1, 0), 'unknown', 'inferred'],
  ['a retransmitted FIN that is acknowledged', tcp('Fa', 'SH', 1, 1), 'answered', 'inferred'],
  ['a retransmitted FIN that is answered by a reset', tcp('Fr', 'RSTRH', 1, 1), 'unknown', 'inferred'],
  ['a stray reset', tcp('R', 'RSTOS0', 1, 0), 'unknown', 'inferred'],
  ['a reset for a late acknowledgement', tcp('Ar', 'OTH', 1, 1), 'unknown', 'inferred'],
  ['a reset alone of the other side', tcp('r', 'RSTRH', 0, 1), 'unknown', 'inferred'],
  ['nothing but bad checksums (offload)', tcp('C', 'OTH', 0, 0), 'unknown', 'inferred'],
  ['bad checksums of the client (offload)', tcp('Chadf', 'SHR', 0, 5), 'answered', 'inferred'],
  ['bad checksums of the server (offload)', tcp('ScA', 'OTH', 3, 0), 'answered', 'seen'],
  ['an answer that cannot be read', tcp('Sc', 'S0', 1, 0), 'unknown', 'seen'],
  ['an older session is asked whether it is alive', tcp('Sa', 'OTH', 1, 1), 'unknown', 'seen'],
  ['an older session is reset', tcp('SaRr', 'REJ', 2, 2), 'refused', 'seen'],

  // TCP of sensors without a history: states as Suricata's flags give them
  ['both sides closed', tcp('', 'SF', 6, 5), 'answered', 'seen'],
  ['refused', tcp('', 'REJ', 1, 1), 'refused', 'seen'],
  ['no answer', tcp('', 'S0', 3, 0), 'unanswered', 'seen'],
  ['no answer, the other end named first', tcp('', 'S0', 0, 3), 'unanswered', 'seen', 'dst'],
  ['the client closes, the server is not seen', tcp('', 'SH', 4, 0), 'one_sided', 'seen'],
  ['the client goes on, the server is not seen', tcp('', 'OTH', 9, 0), 'one_sided', 'inferred'],
  [
    'both in the middle of a session',
    { ...tcp('', 'OTH', 9, 8), ...packets(9, 8, 500) },
    'answered',
    'inferred',
  ],
  ['no flags, some SYNs', tcp('', '', 3, 0), 'unanswered', 'inferred'],
  ['no flags, payload one way', { ...tcp('', '', 5, 0), ...packets(5, 0, 900) }, 'one_sided', 'inferred'],
  ['no flags, payload both ways', { ...tcp('', '', 5, 5), ...packets(5, 5, 900) }, 'answered', 'inferred'],
  ['no flags, a packet each', { ...tcp('', '', 1, 1), ...packets(1, 1, 40) }, 'unknown', 'inferred'],
  ['nothing counted', tcp('', '', 0, 0), 'unknown', 'inferred'],

  // UDP
  ['a question that is answered', udp('Dd', 'SF', 1, 1), 'answered', 'seen'],
  ['a question without an answer', udp('D', 'S0', 2, 0), 'unanswered', 'seen'],
  ['an answer alone', udp('d', 'SHR', 0, 1), 'one_sided', 'inferred'],
  [
    'an answer taken for a question',
    { ...udp('D', 'S0', 1, 0), ...ports(53, 50_000) },
    'one_sided',
    'inferred',
    'dst',
  ],
  [
    'a flow cut by a time-out goes on with an answer',
    { ...udp('Dd', 'SF', 3, 2), ...ports(443, 50_000) },
    'answered',
    'inferred',
    'dst',
  ],
  ['a question with a bad checksum', udp('Cd', 'SHR', 0, 1), 'answered', 'seen'],
  ['NTP from 123 to 123, one way', { ...udp('D', 'S0', 3, 0), ...ports(123, 123) }, 'unknown', 'unknown'],
  ['peers on one port', { ...udp('Dd', 'SF', 9, 9), ...ports(500, 500) }, 'answered', 'seen'],
  [
    'only the other end of two high ports speaks',
    { ...udp('d', 'SHR', 0, 3), ...ports(40_000, 50_000) },
    'unanswered',
    'inferred',
    'dst',
  ],
  ['to a group', { ...udp('D', 'S0', 2, 0), dst_ip: '224.0.0.251', ...ports(5353, 5353) }, 'unknown', 'seen'],
  ['packets not counted, the state says both', { ...udp('', 'SF', 0, 0) }, 'answered', 'seen'],

  // ICMP
  ['an answered ping', icmp(8, 0, 3, 3), 'answered', 'seen'],
  ['an answered timestamp request', icmp(13, 14, 1, 1), 'answered', 'seen'],
  ['an answered mask request', icmp(17, 18, 1, 1), 'answered', 'seen'],
  ['an answered ping of IPv6', { ...icmp(128, 129, 1, 1), ...v6 }, 'answered', 'seen'],
  ['a ping without an answer', icmp(8, 0, 3, 0), 'unanswered', 'seen'],
  ['a timestamp request without an answer', icmp(13, 14, 1, 0), 'unanswered', 'seen'],
  ['a ping to a group', { ...icmp(8, 0, 3, 0), dst_ip: '224.0.0.1' }, 'unknown', 'seen'],
  ['answers to pings alone', icmp(0, 8, 3, 0), 'one_sided', 'inferred', 'dst'],
  ['answers to pings alone, with their code (Suricata)', icmp(0, 0, 3, 0), 'one_sided', 'inferred', 'dst'],

  // others
  ['a tunnel (GRE), both ways', { transport: '47', ...ports(0, 0), ...packets(4, 4) }, 'answered', 'unknown'],
  ['a tunnel (GRE), one way', { transport: '47', ...ports(0, 0), ...packets(4, 0) }, 'unknown', 'unknown'],
];

const wide = (ip: string): boolean => ip.startsWith('224.');
const settled = (event: Connection): boolean => settle(event, wide(event.src_ip), wide(event.dst_ip));

for (const [what, given, outcome, orientation, opened_by] of cases) {
  const event = connection(given);
  const title = `${event.transport} ${event.history || event.conn_state || `${event.src_port}/${event.dst_port}`}`;
  test(`${what} is ${outcome} (${title})`, () => {
    const src_ip = event.src_ip;
    const turned = settled(event);
    assert.deepEqual(
      { outcome: event.outcome, orientation: event.orientation, turned },
      { outcome, orientation, turned: opened_by === 'dst' },
    );
    assert.equal(event.src_ip === src_ip, opened_by !== 'dst');
  });
}

test('a connection that is turned has every figure on its other side', () => {
  const event = connection({
    ...ports(443, 50_000),
    conn_state: 'RSTO',
    history: 'DdAaR',
    src_bytes: 10,
    dst_bytes: 20,
    src_packets: 1,
    dst_packets: 2,
    src_ip_bytes: 100,
    dst_ip_bytes: 200,
    src_mac: 'a',
    dst_mac: 'b',
  });
  assert.equal(settled(event), true);
  assert.deepEqual(event, {
    ...event,
    src_ip: '10.0.0.2',
    src_port: 50_000,
    dst_ip: '10.0.0.7',
    dst_port: 443,
    conn_state: 'RSTR',
    history: '^dDaAr',
    src_bytes: 20,
    dst_bytes: 10,
    src_packets: 2,
    dst_packets: 1,
    src_ip_bytes: 200,
    dst_ip_bytes: 100,
    src_mac: 'b',
    dst_mac: 'a',
    orientation: 'inferred',
  });
});

const states = [
  'S0',
  'S1',
  'SF',
  'REJ',
  'S2',
  'S3',
  'RSTO',
  'RSTR',
  'RSTOS0',
  'RSTRH',
  'SH',
  'SHR',
  'OTH',
  '',
];
/** One letter an event from the set that Zeek writes, upper case or lower. */
const history = fc
  .array(fc.constantFrom(...'ShADadFfRrHsCcTtGgWwIiQq'), { maxLength: 9 })
  .chain((letters) => fc.constantFrom(letters.join(''), `^${letters.join('')}`));
const port = fc.constantFrom(0, 8, 22, 53, 443, 3306, 8080, 40_000, 50_000);
const count = fc.constantFrom(0, 1, 2, 8);

const anything = fc
  .record({
    transport: fc.constantFrom('tcp', 'udp', 'sctp', '47'),
    src_port: port,
    dst_port: port,
    conn_state: fc.constantFrom(...states),
    history,
    src_packets: count,
    dst_packets: count,
    src_bytes: fc.option(count),
    dst_bytes: fc.option(count),
  })
  .map((given) =>
    connection({ ...given, src_ip_bytes: given.src_packets * 60, dst_ip_bytes: given.dst_packets * 60 }),
  );

test('turning a connection twice gives it back', () => {
  fc.assert(
    fc.property(anything, (event) => {
      const twice = { ...event };
      turn(twice);
      turn(twice);
      // S0 and SH are both the mirror image of SHR, the one of UDP, the other of TCP.
      if (event.conn_state !== (event.transport === 'tcp' ? 'S0' : 'SH'))
        assert.deepEqual(twice, { ...event, history: event.history === '^' ? '' : event.history });
    }),
  );
});

/** Of TCP the history says what happened; a state alone has no mirror image in which nobody is named first. */
const told = anything.filter(
  ({ transport, history: letters }) =>
    transport !== 'tcp' || (/[a-z]/i.test(letters) && !bothOpened(letters)),
);

/** Both sent a SYN or a SYN-ACK (RFC 9293, 3.5): either may be called src. */
function bothOpened(letters: string): boolean {
  return (letters.includes('S') && letters.includes('s')) || (letters.includes('H') && letters.includes('h'));
}

test('the outcome does not depend on which end is called src', () => {
  fc.assert(
    fc.property(told, (event) => {
      const mirrored = { ...event };
      turn(mirrored);
      settled(event);
      settled(mirrored);
      if (event.orientation !== 'unknown' && mirrored.orientation !== 'unknown')
        assert.equal(mirrored.outcome, event.outcome);
    }),
    { numRuns: 5000 },
  );
});

test('what is settled stays as it is when it is settled again', () => {
  fc.assert(
    fc.property(anything, (event) => {
      settled(event);
      const once = { ...event };
      settled(event);
      assert.equal(event.outcome, once.outcome);
      assert.equal(event.src_ip, once.src_ip);
    }),
    { numRuns: 5000 },
  );
});
