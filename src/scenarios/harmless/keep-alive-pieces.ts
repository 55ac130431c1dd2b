import { end } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { SECOND } from '../timeline.ts';

export const keep_alive_pieces = scripted({
  name: 'keep_alive_pieces',
  doc: "One session that is kept alive by a few bytes now and then: a sensor's time-out cuts it into records of one pair of ports, all but the first without an opening.",
  harmful: false,
  params: {
    src_ip: given.ip('10.20.1.34', 'the host'),
    dst_ip: given.ip('203.0.113.80', 'the server'),
    dst_port: given.port(8883, 'port of the server'),
    pieces: given.count(200, 'records after the first'),
    gap_s: given.amount(600, 'seconds between keep-alives, more than the time-out'),
    after_s: given.amount(0, 'seconds after the start'),
  },
  length: (p) => (p.after_s + (p.pieces + 1) * p.gap_s) * SECOND,
  play: (wire, p, start) => {
    const [host, server] = [end(p.src_ip), end(p.dst_ip)];
    for (let i = 0; i <= p.pieces; i++)
      wire.timeline.at(start + (p.after_s + i * p.gap_s) * SECOND, (now) => {
        wire.middle(now, host, 55_768, server, p.dst_port, { duration_s: 0.2, up: 31, down: 31 });
      });
  },
  answer: () => [],
});
