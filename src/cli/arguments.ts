import { existsSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { WeirError } from '../base/error.ts';
import { isNetwork } from '../base/network.ts';
import { plain } from '../base/terminal.ts';
import {
  type Content,
  type ContentRead,
  loadContent,
  readContent,
  shipped_content,
} from '../content/index.ts';

/** What every command's exit statuses above 2 say, for its help; of what src/base/error.ts holds. */
export const exits = `3 a fault in Weir itself,
4 a folder that cannot be used, 5 a full disk, 6 output that cannot be written, 130 and 143 stopped by INT and TERM`;

type Options = NonNullable<ParseArgsConfig['options']>;

/** Parses a command's arguments; anything unknown is a `usage` error that ends with the command's help. */
export function argumentsOf<O extends Options>(args: string[], options: O, help: string) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (cause) {
    throw new WeirError('usage', `${(cause as Error).message}\n\n${help}`, { cause });
  }
}

const iso = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([zZ]|[+-]\d\d:?\d\d)?)?$/;

/** An instant as a person writes it: 2018-03-24, 2018-03-24T17:15:00Z, or seconds since 1970. In µs; UTC where no zone is given. */
export function instant(text: string, name: string): number {
  if (/^\d{9,11}(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1e6);
  const zoned = text.length === 10 || /([zZ]|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`;
  const ms = iso.test(text) ? Date.parse(zoned.replace(' ', 'T')) : Number.NaN;
  const [year, month, day] = text.slice(0, 10).split('-').map(Number);
  const days = new Date(Date.UTC(year!, month!, 0)).getUTCDate();
  if (iso.test(text) && (month! < 1 || month! > 12 || day! < 1 || day! > days || Number.isNaN(ms)))
    throw new WeirError('usage', `--${name}: there is no such day or time: ${plain(text)}`);
  if (Number.isNaN(ms))
    throw new WeirError(
      'usage',
      `--${name}: not an instant (such as 2026-11-21 or 2026-11-21T09:00:00Z): ${plain(text)}`,
    );
  return ms * 1000;
}

/** "10.0.0.0/8, 2001:db8::/32": networks, or single addresses. */
export function networks(text: string): string[] {
  const all = text.split(',').map((one) => one.trim());
  for (const one of all) {
    if (!isNetwork(one))
      throw new WeirError(
        'usage',
        `--local-nets: networks such as 10.0.0.0/8,2001:db8::/32, not ${plain(one) || 'nothing'}`,
      );
  }
  return all;
}

/** "20/day" or "20": findings a day. */
export function budget(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(\/(day|d))?$/.exec(text);
  if (!found || Number(found[1]) <= 0)
    throw new WeirError('usage', `--budget: a number a day, such as 20/day: ${text}`);
  return Number(found[1]);
}

/** A whole number of at least 0. */
export function whole(text: string, name: string): number {
  if (!/^\d+$/.test(text)) throw new WeirError('usage', `--${name}: a whole number: ${text}`);
  return Number(text);
}

/** Detectors and features: the shipped ones and those of folders that were given, each of which must be there. */
export function contentOf(folders: readonly string[]): Content {
  return loadContent(checkedFolders(folders));
}

/** The same with what is wrong in it. */
export function readContentOf(folders: readonly string[]): ContentRead {
  return readContent(checkedFolders(folders));
}

function checkedFolders(folders: readonly string[]): string[] {
  for (const folder of folders)
    if (!existsSync(folder)) throw new WeirError('usage', `--content: there is no folder ${plain(folder)}`);
  return [shipped_content, ...folders];
}
