import { z } from 'zod';
import { scripted } from '../scenario.ts';
import { DAY } from '../timeline.ts';
import { runDesk } from './desk.ts';
import { layOut } from './plan.ts';
import { runServers } from './servers.ts';

const params = {
  hosts: z.int().min(1).max(12_000).default(25).describe('desks with one person each'),
  days: z.number().positive().max(366).default(2).describe('days from start on; weekends are quiet'),
  activity: z
    .number()
    .min(0)
    .max(20)
    .default(1)
    .describe('how much people do; 1: about 100 pages a day each'),
  network: z
    .string()
    .regex(/^10\.\d{1,3}$/)
    .default('10.20')
    .describe('first two octets of the office'),
  utc_offset_h: z.number().min(-12).max(14).default(0).describe('start is local midnight at this offset'),
  monitored: z
    .enum(['servers', 'all'])
    .default('all')
    .describe('what the monitoring server visits: servers only, or every desk too'),
  monitoring_gap_s: z.number().min(10).default(300).describe('seconds between two visits'),
  internet_noise_per_h: z
    .number()
    .min(0)
    .default(40)
    .describe('probes an hour from the internet against the public servers'),
  proxy: z.boolean().default(false).describe('browsing goes through a web proxy'),
};

export const office = scripted({
  name: 'office',
  doc: 'An ordinary small office: people with working hours, servers, things, and the noise of the internet.',
  harmful: false,
  params,
  length: (p) => p.days * DAY,
  play: (wire, p, start) => {
    const plan = layOut(wire, p, start);
    for (const desk of plan.desks) runDesk(plan, desk);
    runServers(plan);
  },
});
