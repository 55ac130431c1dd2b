import { browse, Surfer } from '../browse.ts';
import { Names } from '../exchange.ts';
import { Internet } from '../internet.ts';
import { end, officeAddresses } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { HOUR } from '../timeline.ts';

const office = officeAddresses();

export const night_shift = scripted({
  name: 'night_shift',
  doc: 'Before a deadline somebody stays until long after midnight and does what they always do.',
  harmful: false,
  params: {
    from_h: given.amount(19, 'hours after start at which the evening begins'),
    hours: given.hours(7),
    src_ip: given.ip(office.desk(9), 'the desk'),
  },
  length: (p) => (p.from_h + p.hours) * HOUR,
  play: (wire, p, start) => {
    const client = end(p.src_ip);
    const names = new Names(client, end(office.domain_controller));
    const surfer = new Surfer(client, names, new Internet(), programs.browser, wire.random.fork('surf'));
    browse(wire, surfer, wire.random.fork('browse'), start + p.from_h * HOUR, (now) => now, 18);
  },
});
