import { fileEvent, smb } from '../exchange.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE, SECOND } from '../timeline.ts';

const office = officeAddresses();

export const collection = scripted({
  name: 'collection',
  doc: 'A desk reads far more from the file server than anybody does: data is gathered before it leaves.',
  harmful: true,
  params: {
    megabytes: given.amount(2500, 'read in all, MB'),
    minutes: given.minutes(25),
    files: given.count(400, 'files read'),
    src_ip: given.ip(suspectIp, 'the host that reads'),
    dst_ip: given.ip(office.file_server, 'the file server'),
  },
  length: (p) => (p.minutes + 1) * MINUTE,
  play: (wire, p, start) => {
    const { random } = wire;
    const shares = ['projects', 'finance', 'staff', 'board'];
    const slice = (p.minutes * MINUTE) / shares.length;
    shares.forEach((share, n) => {
      wire.timeline.at(start + n * slice, (now) => {
        const down = (p.megabytes * 1e6) / shares.length;
        const lasts = (slice / SECOND) * 0.95;
        const c = smb(wire, now, end(p.src_ip), end(p.dst_ip), {
          duration_s: lasts,
          up: down * 0.01,
          down,
          server: 'files1.corp.test',
          share,
        });
        const count = Math.max(1, Math.round(p.files / shares.length));
        for (let i = 0; i < count; i++)
          fileEvent(wire, c, c.time + Math.floor(((i + random.unit()) / count) * lasts * SECOND), {
            protocol: 'SMB',
            action: 'SMB::FILE_READ',
            path: `\\\\files1.corp.test\\${share}`,
            name: `${random.hex(6)}.${random.pick(['docx', 'xlsx', 'pdf', 'pst'])}`,
            mime: 'application/octet-stream',
            bytes: down / count,
            up: false,
          });
      });
    });
  },
  answer: (p, from, to) => [
    {
      detectors: ['internal_collection'],
      attack: ['T1039', 'T1074'],
      src_ip: p.src_ip,
      dst_ip: p.dst_ip,
      from,
      to,
      note: `reads ${p.megabytes} MB from the file server in ${p.minutes} minutes`,
    },
  ],
});
