import { http } from '../exchange.ts';
import { end, officeAddresses } from '../place.ts';
import { given, scripted } from '../scenario.ts';
import { programs } from '../software.ts';
import { HOUR, MINUTE } from '../timeline.ts';

const office = officeAddresses();

export const proxy_sign_in = scripted({
  name: 'proxy_sign_in',
  doc: 'A browser whose every new connection is first refused and then let in, as Windows sign-in over HTTP works.',
  harmful: false,
  params: {
    hours: given.hours(2),
    gap_min: given.amount(1, 'minutes between pages, on average'),
    src_ip: given.ip(office.desk(4), 'the desk'),
    dst_ip: given.ip(office.web, 'the server'),
  },
  length: (p) => p.hours * HOUR,
  play: (wire, p, start) => {
    const { random } = wire;
    wire.timeline.every(
      start,
      () => random.exponential(p.gap_min) * MINUTE,
      (now) => {
        const page = { host: p.dst_ip, uri: '/wiki/page', user_agent: programs.browser.user_agent };
        http(wire, now, end(p.src_ip), end(p.dst_ip), [
          { ...page, status_code: 401, response_bytes: 1293 },
          { ...page, status_code: 401, response_bytes: 1293 },
          { ...page, response_bytes: random.int(4000, 90_000) },
        ]);
      },
    );
  },
});
