import { fileEvent, http, Names } from '../exchange.ts';
import { end, officeAddresses, outside } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { MINUTE } from '../timeline.ts';

const office = officeAddresses();

export const printer_firmware = scripted({
  name: 'printer_firmware',
  doc: 'The printer fetches new firmware from a site of its maker, where it was never before.',
  harmful: false,
  params: {
    megabytes: given.amount(85, 'size of the firmware, MB'),
    src_ip: given.ip(office.printer, 'the printer'),
    name: given.text('firmware.print-maker.example', 'the destination'),
  },
  length: () => 10 * MINUTE,
  play: (wire, p, start) => {
    wire.timeline.at(start, (now) => {
      const src = end(p.src_ip);
      const dst = end(outside(74_000));
      const names = new Names(src, end(office.domain_controller));
      const ready = names.resolve(wire, now, p.name, [dst.ip], 300);
      const bytes = Math.round(p.megabytes * 1e6);
      const mime = 'application/octet-stream';
      const get = { host: p.name, uri: '/pm-4300/fw_2503.bin', user_agent: 'PrintMaker-FW/4.3' };
      const c = http(wire, ready, src, dst, [{ ...get, response_bytes: bytes, response_mime: mime }], {
        duration_s: bytes / 1.2e6,
      });
      fileEvent(wire, c, c.time + 70_000, { protocol: 'HTTP', name: 'fw_2503.bin', mime, bytes, up: false });
    });
  },
});
