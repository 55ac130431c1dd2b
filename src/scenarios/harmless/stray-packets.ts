import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();
/** Ports of services that a desk has connections with. */
const services = [22, 80, 135, 139, 389, 443, 445, 636, 1433, 3268, 3306, 3389, 5432, 5985, 8080, 8443];

export const stray_packets = scripted({
  name: 'stray_packets',
  doc: 'What is left of ordinary sessions: FINs sent again, keep-alives and ACKs to which a host that was restarted answers with resets.',
  harmful: false,
  params: {
    src_ip: given.ip(suspectIp, 'the host with the sessions'),
    dst_ip: given.ip(office.file_server, 'the host they lead to'),
    late_min: given.amount(10, 'minutes after which the strays come'),
  },
  length: (p) => (p.late_min + 5) * MINUTE,
  play: (wire, p, start) => {
    const [src, dst] = [end(p.src_ip), end(p.dst_ip)];
    services.forEach((port, i) => {
      const at = start + i * SECOND;
      wire.timeline.at(at, (now) => {
        wire.tcp(now, src, dst, port, '', { duration_s: 2, up: 500, down: 900 });
      });
      wire.timeline.at(at + p.late_min * MINUTE, (now) => {
        wire.lone(now, src, dst, port, i % 2 === 0 ? 'F' : 'A', i % 3 !== 0);
        // and the server its own, to ports that clients use
        wire.lone(now + 1000, dst, src, 50_000 + i, 'F', true);
      });
    });
  },
  answer: () => [],
});
