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

/** Columns of a terminal, 60 to 160; 100 when it is none (a file, a pipe), so that the output does not depend on who looks. */
export function terminalWidth(stream: Output): number {
  if (!stream.isTTY || !stream.columns) return 100;
  return Math.max(60, Math.min(160, stream.columns));
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

/** Blanks at which no line ends: "4.1 GB", "< 0.01 %", "2018-03-24 17:15:21". */
const no_break =
  /(?<=\d) (?=(?:%|B|[kMGTPE]B|[kMGT]?bits?|µs|ms|s|min|h|d)(?![\w%]))|(?<=[<>]) (?=\d)|(?<=\d{4}-\d\d-\d\d) (?=\d\d:)/g;

/** A paragraph in lines of at most `width` columns; a word that is longer is broken, blanks in a row are kept. `hang` stands before every line but the first. */
export function wrap(text: string, width: number, first = '', hang = first): string {
  const lines: string[] = [];
  let line = '';
  const room = (): number => Math.max(8, width - textWidth(lines.length === 0 ? first : hang));
  const put = (): void => {
    lines.push((lines.length === 0 ? first : hang) + line.trimEnd());
    line = '';
  };
  for (const whole of text.replace(no_break, '\u00a0').split(' ')) {
    let word = whole.replaceAll('\u00a0', ' ');
    if (line !== '' && textWidth(line) + 1 + textWidth(word) > room()) put();
    while (textWidth(word) > room()) {
      const part = beginning(word, room());
      line = part;
      word = word.slice(part.length);
      put();
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '' || lines.length === 0) put();
  return lines.join('\n');
}

/** As much of a long word as fits: names and paths end at a dot or slash where that wastes less than half of the line. */
function beginning(word: string, width: number): string {
  let part = '';
  let used = 0;
  for (const character of word) {
    used += cells(character);
    if (used > width) break;
    part += character;
  }
  const at_mark = /^.*[./:,_-]/su.exec(part)?.[0] ?? '';
  return textWidth(at_mark) * 2 > width ? at_mark : part;
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
  /** The style of a cell, by its row and column; null: none. */
  readonly style?: (row: number, column: number) => Style | null;
}

/** A column is never made narrower than this, whatever the others need. */
const least_column = 8;
/** A column up to this wide gives way only when nothing else helps. */
const short_column = 16;
/** Words up to this wide are broken only when nothing else helps. */
const whole_word = 24;

/**
 * Rows under a head, columns as wide as they need, two blanks between them; where the sum is wider than `width` the long
 * columns give way, and their texts are wrapped or cut. Cells are made `plain`.
 */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { width, right = [], overflow = 'wrap', indent = '', paint = noPaint, style = () => null }: TableOptions,
): string {
  const clean = rows.map((row) => head.map((_, i) => plain(row[i] ?? '')));
  const widths = columnWidths(head, clean, width - textWidth(indent) - 2 * (head.length - 1));
  const padded = (texts: readonly string[]): string[] =>
    texts.map((text, i) => pad(text, widths[i]!, right.includes(i) ? 'right' : 'left'));
  const head_line = (indent + padded(head.map((name, i) => fit(name, widths[i]!))).join('  ')).trimEnd();
  const lines = clean.flatMap((row, r) => {
    const parts = row.map((text, i) =>
      overflow === 'cut' ? [fit(text, widths[i]!)] : wrap(text, widths[i]!).split('\n'),
    );
    const styled = (text: string, column: number): string => {
      const of_cell = text.trim() === '' ? null : style(r, column);
      return of_cell === null ? text : paint(of_cell, text);
    };
    const height = Math.max(...parts.map((part) => part.length));
    return Array.from({ length: height }, (_, y) =>
      (
        indent +
        padded(parts.map((part) => part[y] ?? ''))
          .map(styled)
          .join('  ')
      ).trimEnd(),
    );
  });
  return [paint('dim', head_line), ...lines].join('\n');
}

function longestWord(texts: readonly string[]): number {
  return Math.max(...texts.flatMap((text) => text.split(' ').map(textWidth)));
}

/**
 * Widths that fit into `room`. Short columns keep theirs and longer ones their words as long as that is possible. Two
 * columns that give way share the room so that the table has the fewest lines; of more the widest gives way.
 */
function columnWidths(head: readonly string[], rows: readonly (readonly string[])[], room: number): number[] {
  const texts = head.map((name, i) => [name, ...rows.map((row) => row[i]!)]);
  const wanted = texts.map((column) => Math.max(...column.map(textWidth)));
  const whole = wanted.map((want, i) =>
    want <= short_column ? want : Math.max(least_column, Math.min(whole_word, longestWord(texts[i]!))),
  );
  const widths = narrowed(
    narrowed(wanted, whole, room),
    wanted.map(() => least_column),
    room,
  );
  const giving = wanted.flatMap((want, i) => (want > whole[i]! ? [i] : []));
  const [a, b] = giving;
  if (giving.length !== 2 || widths.some((one, i) => one < whole[i]!)) return widths;
  return fewestLines(rows, widths, wanted, whole, a!, b!);
}

/** Takes from the widest column that is wider than `least` until all fit or none is. */
function narrowed(wanted: readonly number[], least: readonly number[], room: number): number[] {
  const widths = [...wanted];
  for (let over = widths.reduce((sum, one) => sum + one, 0) - room; over > 0; over--) {
    const gives = widths.map((one, i) => (one > least[i]! ? one : 0));
    const widest = gives.indexOf(Math.max(...gives));
    if (gives[widest] === 0) break;
    widths[widest]!--;
  }
  return widths;
}

/** Divides what columns `a` and `b` have together so that rows take the fewest lines, then cells. */
function fewestLines(
  rows: readonly (readonly string[])[],
  widths: readonly number[],
  wanted: readonly number[],
  least: readonly number[],
  a: number,
  b: number,
): number[] {
  const both = widths[a]! + widths[b]!;
  let best = { cost: Number.POSITIVE_INFINITY, at: widths[a]! };
  for (let at = Math.max(least[a]!, both - wanted[b]!); at <= Math.min(wanted[a]!, both - least[b]!); at++) {
    let cost = 0;
    for (const row of rows) {
      const [one, other] = [lineCount(row[a]!, at), lineCount(row[b]!, both - at)];
      cost += Math.max(one, other) + (one + other) / 1000;
    }
    if (cost < best.cost) best = { cost, at };
  }
  return widths.map((width, i) => (i === a ? best.at : i === b ? both - best.at : width));
}

const lineCount = (text: string, width: number): number => wrap(text, width).split('\n').length;

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
const erase = '\r\x1b[2K';

/**
 * One line on a terminal: bytes, events a second and time left while reading; the detector while detecting. Nothing at
 * all when the stream is no terminal. What comes too soon after the last drawing is drawn a little later, so that a
 * detector that takes long is named while it does.
 */
export function createProgress(
  stream: ProgressOutput,
  clock: () => number = () => performance.now(),
): Progress {
  if (!stream.isTTY) return { update: () => {}, done: () => {} };
  let begun = clock();
  let drawn = Number.NEGATIVE_INFINITY;
  let latest: ProgressState | null = null;
  let waiting: NodeJS.Timeout | undefined;
  let over = false;
  const draw = (): void => {
    waiting = undefined;
    if (latest === null || over) return;
    drawn = clock();
    const line = progressLine(latest, (drawn - begun) / 1000);
    stream.write(erase + fit(line, Math.max(20, (stream.columns ?? 80) - 1)));
  };
  return {
    update(state) {
      if (over) return;
      if (startsAnew(state, latest)) begun = clock();
      latest = state;
      const wait_ms = drawn + redraw_ms - clock();
      if (wait_ms <= 0) draw();
      else waiting ??= setTimeout(draw, wait_ms).unref();
    },
    done() {
      if (over) return;
      over = true;
      clearTimeout(waiting);
      if (latest !== null) stream.write(erase);
    },
  };
}

/** A baseline is read before what is judged, and may be read twice: each has a clock of its own. */
function startsAnew(state: ProgressState, before: ProgressState | null): boolean {
  return state.step === 'read' && before?.step === 'read' && state.bytes_read < before.bytes_read;
}

/** What a progress line says after so many seconds. */
export function progressLine(state: ProgressState, passed_s: number): string {
  if (state.step === 'detect')
    return `detecting  ${Math.min(state.done + 1, state.of)} of ${state.of}  ${plain(state.detector)}`;
  const { bytes_read, bytes_total, events, file } = state;
  const rate = passed_s > 0.2 ? [`${count(Math.round(events / passed_s))} events/s`] : [];
  if (!bytes_total) return ['reading', bytes(bytes_read), ...rate, plain(file)].join('  ');
  const part = Math.min(1, bytes_read / bytes_total);
  const left =
    part > 0.01 && passed_s > 1 ? [`${seconds(Math.ceil((passed_s / part) * (1 - part)))} left`] : [];
  return [
    'reading',
    bar(part),
    `${bytes(bytes_read)} of ${bytes(bytes_total)}`,
    ...rate,
    ...left,
    plain(file),
  ].join('  ');
}

const bar_cells = 10;

function bar(part: number): string {
  const full = Math.round(Math.max(0, part) * bar_cells);
  return `[${'#'.repeat(full)}${'-'.repeat(bar_cells - full)}] ${String(Math.floor(part * 100)).padStart(2)} %`;
}
