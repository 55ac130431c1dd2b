import { bytes, count, seconds } from './format.ts';

/**
 * Text for terminals. Everything that comes from traffic goes through `plain` before it is printed: a host name must
 * not be able to move the cursor, hide itself or set the title of somebody's window.
 */

/**
 * - whole escape sequences (ECMA-48: CSI, OSC, DCS, SOS, PM, APC and two-character ones), 7 and 8 bit, ended or not
 * - C0, DEL, C1
 * - what changes direction or cannot be seen: soft hyphen, combining grapheme joiner, Arabic letter mark, Mongolian
 *   vowel separator, Hangul fillers, zero width characters, bidi controls (Trojan Source, CVE-2021-42574), invisible
 *   operators, variation selectors, byte order mark, interlinear marks, tags, line and paragraph separators
 */
const sequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[P\]X^_]|[\x90\x9d\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?/g;
const unseen =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|\u034f|\u180b|\u180c|\u180d|\u180f|\p{Variation_Selector}/gu;
const white = /[\t\n\v\f\r\x85\u2028\u2029]+/g;
const lone_half = /\p{Surrogate}/gu;

/** Text of unknown origin as harmless text on one line: control characters and what cannot be seen is taken out. */
export function plain(text: string): string {
  return text.replace(sequences, '').replace(white, ' ').replace(unseen, '').replace(lone_half, '\ufffd');
}

interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Columns of a terminal, 60 to 120; 100 when it is none (a file, a pipe), so that the output does not depend on who looks. */
export function terminalWidth(stream: Output): number {
  if (!stream.isTTY || !stream.columns) return 100;
  return Math.max(60, Math.min(120, stream.columns));
}

/** Columns a character takes: 0 for marks, 2 for East Asian wide ones and pictures, else 1. Basic blocks, not the whole of UAX #11. */
function cells(character: string): number {
  const code = character.codePointAt(0)!;
  if (code < 0x300) return 1;
  if (/\p{Mn}|\p{Me}/u.test(character)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours
const colour_codes = /\x1b\[\d+m/g;

/** Columns a text takes on a terminal; colours take none. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text.replace(colour_codes, '')) width += cells(character);
  return width;
}

/** The text cut to a number of columns, with "…" where it was cut. Not for coloured text. */
export function fit(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return '';
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += cells(character);
    if (used > width - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}

/** The text filled up with blanks to a number of columns. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'left' ? text + blanks : blanks + text;
}

/** A number and its unit stay on one line. */
const before_unit = /(\d) (?=(?:%|B|[kMGTPE]B|[kMGT]?bits?|µs|ms|s|min|h|d)(?![\w%]))/g;

/** A paragraph in lines of at most `width` columns; a word that is longer is broken, blanks in a row are kept. `hang` stands before every line but the first. */
export function wrap(text: string, width: number, first = '', hang = first): string {
  const lines: string[] = [];
  let line = '';
  const room = (): number => Math.max(8, width - textWidth(lines.length === 0 ? first : hang));
  const put = (): void => {
    lines.push((lines.length === 0 ? first : hang) + line.trimEnd());
    line = '';
  };
  for (const whole of text.replace(before_unit, '$1\u00a0').split(' ')) {
    let word = whole.replaceAll('\u00a0', ' ');
    if (line !== '' && textWidth(line) + 1 + textWidth(word) > room()) put();
    while (textWidth(word) > room()) {
      let part = '';
      for (const character of word) {
        if (textWidth(part) + cells(character) > room()) break;
        part += character;
      }
      line = part;
      word = word.slice(part.length);
      put();
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '' || lines.length === 0) put();
  return lines.join('\n');
}

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';
const codes: Record<Style, readonly [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
  cyan: [36, 39],
};
/** Puts a text into a style, or leaves it alone where there are no colours. */
export type Paint = (style: Style, text: string) => string;

export const noPaint: Paint = (_, text) => text;

/** Colours only where people look: on a terminal, unless NO_COLOR is set (https://no-color.org) or it is a dumb one. */
export function painter(
  stream: Output,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Paint {
  if (!stream.isTTY || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb') return noPaint;
  return (style, text) => `\x1b[${codes[style][0]}m${text}\x1b[${codes[style][1]}m`;
}

export interface TableOptions {
  readonly width: number;
  /** Columns whose cells are set to the right: numbers. */
  readonly right?: readonly number[];
  /** What happens to a cell of the last column that does not fit. */
  readonly overflow?: 'wrap' | 'cut';
  /** Stands before every line. */
  readonly indent?: string;
  readonly paint?: Paint;
}

/** A column is never made narrower than this, whatever the others need. */
const least_column = 8;

/**
 * Rows under a head, columns as wide as they need, two blanks between them; where the sum is wider than `width` the widest
 * column gives way, and its texts are wrapped or cut. Cells are made `plain`.
 */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { width, right = [], overflow = 'wrap', indent = '', paint = noPaint }: TableOptions,
): string {
  const clean = rows.map((row) => head.map((_, i) => plain(row[i] ?? '')));
  const wanted = head.map((name, i) => Math.max(textWidth(name), ...clean.map((row) => textWidth(row[i]!))));
  const widths = shrunk(wanted, width - textWidth(indent) - 2 * (head.length - 1));
  const line = (texts: readonly string[]): string =>
    (
      indent + texts.map((text, i) => pad(text, widths[i]!, right.includes(i) ? 'right' : 'left')).join('  ')
    ).trimEnd();
  const head_line = line(head.map((name, i) => fit(name, widths[i]!)));
  const lines = clean.flatMap((row) => {
    const parts = row.map((text, i) =>
      overflow === 'cut' ? [fit(text, widths[i]!)] : wrap(text, widths[i]!).split('\n'),
    );
    const height = Math.max(...parts.map((part) => part.length));
    return Array.from({ length: height }, (_, y) => line(parts.map((part) => part[y] ?? '')));
  });
  return [paint('dim', head_line), ...lines].join('\n');
}

/** Takes from the widest until all fit. */
function shrunk(wanted: readonly number[], room: number): number[] {
  const widths = [...wanted];
  let over = widths.reduce((sum, one) => sum + one, 0) - room;
  while (over > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= least_column) break;
    widths[widest]!--;
    over--;
  }
  return widths;
}

/** How far a run is; the words of pipeline/route.ts. */
export type ProgressState =
  | {
      readonly step: 'read';
      readonly bytes_read: number;
      /** null: not known (standard input) */
      readonly bytes_total: number | null;
      readonly events: number;
      readonly file: string;
    }
  | { readonly step: 'detect'; readonly detector: string; readonly done: number; readonly of: number };

export interface Progress {
  /** May be called as often as one likes: drawn ten times a second at most. */
  readonly update: (state: ProgressState) => void;
  /** Takes the line away. May be called twice. */
  readonly done: () => void;
}

interface ProgressOutput extends Output {
  write(text: string): unknown;
}

const redraw_ms = 100;

/**
 * One line on a terminal: bytes, events a second, time left while reading; the detector while judging. Nothing at all
 * when the stream is no terminal.
 */
export function createProgress(
  stream: ProgressOutput,
  clock: () => number = () => performance.now(),
): Progress {
  if (!stream.isTTY) return { update: () => {}, done: () => {} };
  const begun = clock();
  let drawn = Number.NEGATIVE_INFINITY;
  let shown = false;
  return {
    update(state) {
      const now = clock();
      if (now - drawn < redraw_ms) return;
      drawn = now;
      shown = true;
      const line = fit(progressLine(state, (now - begun) / 1000), Math.max(20, (stream.columns ?? 80) - 1));
      stream.write(`\r\x1b[2K${line}`);
    },
    done() {
      if (!shown) return;
      shown = false;
      stream.write('\r\x1b[2K');
    },
  };
}

/** What a progress line says after so many seconds. */
export function progressLine(state: ProgressState, passed_s: number): string {
  if (state.step === 'detect')
    return `${bar(state.of === 0 ? 1 : state.done / state.of)} judging: ${state.detector} (${state.done + 1} of ${state.of})`;
  const { bytes_read, bytes_total, events, file } = state;
  const rate = passed_s > 0 ? `, ${count(Math.round(events / passed_s))} a second` : '';
  const so_far = `${count(events)} events${rate}`;
  if (bytes_total === null || bytes_total === 0)
    return `reading: ${bytes(bytes_read)}, ${so_far}  ${plain(file)}`;
  const part = Math.min(1, bytes_read / bytes_total);
  const left =
    part > 0.01 && passed_s > 1 ? `, ${seconds(Math.ceil((passed_s / part) * (1 - part)))} left` : '';
  return `${bar(part)} ${bytes(bytes_read)} of ${bytes(bytes_total)}, ${so_far}${left}  ${plain(file)}`;
}

function bar(part: number): string {
  const full = Math.round(Math.max(0, Math.min(1, part)) * 20);
  return `${'█'.repeat(full)}${'░'.repeat(20 - full)} ${String(Math.floor(part * 100)).padStart(3)} %`;
}
