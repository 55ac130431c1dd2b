import { dnsQuery, tls } from '../exchange.ts';
import { cloudService } from '../internet.ts';
import { end, officeAddresses } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();
/** The cloud drive that the made-up office uses every day. */
const drive = cloudService('content.cloud-drive.example', 9, 4);

export const video_upload = scripted({
  name: 'video_upload',
  doc: 'Somebody puts a large video into the cloud drive that the whole office uses.',
  harmful: false,
  params: {
    megabytes: given.amount(650, 'size of the video, MB'),
    minutes: given.minutes(12),
    src_ip: given.ip(office.desk(6), 'the desk'),
  },
  length: (p) => (p.minutes + 1) * MINUTE,
  play: (wire, p, start) => {
    wire.timeline.at(start, (now) => {
      const src = end(p.src_ip);
      const question = { query: drive.name, answers: drive.ips, ttl_s: drive.ttl_s };
      const ready = dnsQuery(wire, now, src, end(office.domain_controller), question);
      for (let part = 0; part < 4; part++) {
        const up = (p.megabytes * 1e6) / 4;
        tls(wire, ready + ((part * p.minutes) / 4) * 60 * SECOND, src, wire.random.pick(drive.ends), {
          software: programs.sync,
          server_name: drive.name,
          duration_s: (p.minutes * 60 * wire.random.between(0.9, 0.98)) / 4,
          up,
          down: up * 0.003,
        });
      }
    });
  },
});
