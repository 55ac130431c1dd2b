import { end, officeAddresses } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { HOUR, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const mid_stream = scripted({
  name: 'mid_stream',
  doc: 'A server whose connections began before the capture: the first packet seen of each is its answer to an ephemeral port.',
  harmful: false,
  params: {
    port: given.port(443, 'port of the service'),
    clients: given.count(354, 'connections, each from another port of a client'),
    after_s: given.amount(180_000, 'seconds after the start'),
    server: given.ip(office.file_server, 'the server'),
  },
  length: (p) => p.after_s * SECOND + HOUR,
  play: (wire, p, start) => {
    const server = end(p.server);
    for (let i = 0; i < p.clients; i++)
      wire.timeline.at(start + p.after_s * SECOND + i * 5 * SECOND, (now) => {
        const client = end(`10.20.1.${20 + (i % 9)}`);
        const talk = { duration_s: 4, up: 9000, down: 1200 };
        wire.middle(now, server, p.port, client, 50_000 + i, talk);
      });
  },
  answer: () => [],
});
