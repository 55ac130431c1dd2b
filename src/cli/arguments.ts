import { existsSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { WeirError } from '../base/error.ts';
import { count } from '../base/format.ts';
import { nearest } from '../base/near.ts';
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

/**
 * Parses a command's arguments. `command`: its name. An option that is unknown, without its value or with one too many is
 * a `usage` error that says what to write instead.
 */
export function argumentsOf<O extends Options>(args: string[], options: O, command: string) {
  const { tokens } = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true });
  /** "--top -1" as "--top=-1": a number is a value, as wrong as it may be. */
  const joined = new Map<number, string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const mistake = optionMistake(token, options);
    if (mistake !== null)
      throw new WeirError('usage', `${mistake}; weir ${command} --help lists the options`);
    if (token.value?.startsWith('-') && !token.inlineValue)
      joined.set(token.index, `${token.rawName}=${token.value}`);
  }
  const clear = args.flatMap((arg, at) => (joined.has(at - 1) ? [] : [joined.get(at) ?? arg]));
  return parseArgs({ args: clear, options, allowPositionals: true, strict: true });
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

/** What is wrong with how an option is given, as a sentence; null: nothing. Pure. */
function optionMistake({ name, rawName, value, inlineValue }: OptionToken, options: Options): string | null {
  const option = Object.hasOwn(options, name) ? options[name]! : null;
  const told = plain(rawName);
  if (option === null) {
    const near = nearest(name, Object.keys(options));
    return `there is no option ${told}${near === null ? '' : `; --${near} is near`}`;
  }
  if (option.type === 'boolean')
    return value === undefined ? null : `${told} takes no value, not ${plain(value)}`;
  if (value === undefined) return `${told}: its value is missing`;
  if (value === '') return `${told}: its value is empty, nothing was given`;
  if (inlineValue || !/^-[^\d]/.test(value)) return null;
  return `${told}: its value is missing, ${plain(value)} follows it (${told}=${plain(value)} if that is meant)`;
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
  if (!found || Number(found[1]) <= 0 || Number(found[1]) > 1_000_000)
    throw new WeirError('usage', `--budget: a number a day, such as 20/day, not ${plain(text)}`);
  return Number(found[1]);
}

/** A whole number between two. */
export function whole(text: string, name: string, least = 0, most = 1_000_000): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new WeirError(
      'usage',
      `--${name}: a whole number from ${least} to ${count(most)}, not ${plain(text)}`,
    );
  return value;
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
