/** The tables of docs/accuracy.md that `bench/quiet.ts --write` makes, out of what bench/quiet.json keeps of each size. Pure. */
import { z } from 'zod';
import { markdown } from '../scripts/page-part.ts';

/** What was measured at one size. */
export const Measured = z.object({
  hosts: z.int().describe('desks of the office'),
  days: z.int(),
  logs: z.enum(['conn', 'all']),
  attacks: z.enum(['none', 'spread', 'together']),
  seed: z.int(),
  events: z.int(),
  listed: z.array(z.int()).describe('lines that begin on each day and are not about an attack'),
  severities: z.record(z.string(), z.int()).describe('of these, by severity'),
  held: z.array(z.int()).describe('held back on each day'),
  told: z
    .record(z.string(), z.string())
    .describe('each attack that was laid in: how it was told, as "medium, 2 of 5", or "held" or "missed"'),
  wall_s: z.number(),
  peak_mb: z.number().describe('PSS of all processes'),
  on: z.string().describe('the machine'),
  load: z.string().describe('how busy it was with other work'),
});
export type Measured = z.infer<typeof Measured>;

export const Kept = z.array(Measured);

const same = (a: Measured, b: Measured): boolean =>
  a.hosts === b.hosts &&
  a.days === b.days &&
  a.logs === b.logs &&
  a.seed === b.seed &&
  a.attacks === b.attacks;

/** A new measurement takes the place of the earlier one of the same run; the smallest office first. */
export function kept(before: readonly Measured[], now: Measured): Measured[] {
  return [...before.filter((one) => !same(one, now)), now].sort(
    (a, b) => a.hosts - b.hosts || a.days - b.days || (a.attacks < b.attacks ? -1 : 1) || a.seed - b.seed,
  );
}

/** Findings a day by size, then each attack by size. */
export function tables(rows: readonly Measured[]): string {
  if (rows.length === 0) return 'Not measured yet.';
  const machines = [...new Set(rows.map((one) => one.on))].map((one) => `Measured on ${one}.`);
  return [machines.join(' '), bySize(rows), byAttack(rows.filter((one) => one.attacks !== 'none'))]
    .filter((part) => part !== '')
    .join('\n\n');
}

function bySize(rows: readonly Measured[]): string {
  const head = [
    'desks',
    'days',
    'logs',
    'seed',
    'events',
    'lines a day',
    'by day',
    'high and critical',
    'medium',
    'low',
    'held a day',
    'attacks told',
    'wall',
    'peak PSS',
    'load',
  ];
  return markdown([
    head,
    ...rows.map((one) => {
      const of = (...names: string[]): string =>
        String(names.reduce((sum, name) => sum + (one.severities[name] ?? 0), 0));
      const seen = Object.values(one.told).filter((told) => !told.startsWith(unseenWord));
      return [
        one.hosts.toLocaleString('en'),
        String(one.days),
        one.logs === 'all' ? 'all' : 'connections',
        String(one.seed),
        one.events.toLocaleString('en'),
        mean(one.listed),
        one.listed.join(' '),
        of('high', 'critical'),
        of('medium'),
        of('low', 'informational'),
        mean(one.held),
        one.attacks === 'none' ? 'none laid in' : `${seen.filter(isTold).length} of ${seen.length}`,
        `${Math.round(one.wall_s).toLocaleString('en')} s`,
        `${Math.round(one.peak_mb).toLocaleString('en')} MB`,
        one.load.replace('load average ', '').split(' ')[0]!,
      ];
    }),
  ]);
}

function byAttack(rows: readonly Measured[]): string {
  if (rows.length === 0) return '';
  const names = [...new Set(rows.flatMap((one) => Object.keys(one.told)))].sort();
  return markdown([
    ['attack laid in', ...rows.map(named)],
    ...names.map((name) => [name, ...rows.map((one) => one.told[name] ?? '-')]),
  ]);
}

/** What is said of an attack that no detector sees in the logs that were given. */
export const unseenWord = 'not in connections';

/** Whether a word for an attack says that it is in the list. */
export function isTold(told: string): boolean {
  return !['held', 'missed', unseenWord].some((word) => told.startsWith(word));
}

function named({ hosts, days, logs }: Measured): string {
  return `${hosts.toLocaleString('en')} desks, ${days} days, ${logs === 'all' ? 'all logs' : 'connections'}`;
}

function mean(counts: readonly number[]): string {
  return (counts.reduce((sum, one) => sum + one, 0) / Math.max(1, counts.length)).toFixed(1);
}
