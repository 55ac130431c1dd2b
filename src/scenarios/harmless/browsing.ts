import { browse, Surfer } from '../browse.ts';
import { Names } from '../exchange.ts';
import { Internet } from '../internet.ts';
import { end, officeAddresses, suspectIp } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { HOUR } from '../timeline.ts';

const office = officeAddresses();

export const browsing = scripted({
  name: 'browsing',
  doc: 'A person browses: bursts of pages, time to read, favourite sites and a long tail.',
  harmful: false,
  params: {
    hours: given.hours(4),
    rest_min: given.amount(12, 'minutes between two bursts, on average'),
    src_ip: given.ip(suspectIp, 'the desk'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const client = end(p.src_ip);
    const names = new Names(client, end(office.domain_controller));
    const surfer = new Surfer(client, names, new Internet(), programs.browser, wire.random.fork('surf'));
    browse(wire, surfer, wire.random.fork('browse'), start, (now) => now, p.rest_min);
  },
});
