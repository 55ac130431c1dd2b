import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createProgress,
  fit,
  noPaint,
  painter,
  plain,
  progressLine,
  terminalWidth,
  textTable,
  textWidth,
  wrap,
} from './terminal.ts';

test('hostile text becomes harmless text on one line', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['ordinary name.example', 'ordinary name.example'],
    ['müller-straße 東京 😀', 'müller-straße 東京 😀'],
    ['\x1b[31mred\x1b[0m', 'red'],
    ['\x1b[2J\x1b[Hgone', 'gone'],
    ['\x9b31mred', 'red'],
    ['\x1b]0;new title\x07after', 'after'],
    ['\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\', 'link'],
    ['\x1b]52;c;cm0gLXJmIC8=\x07clipboard', 'clipboard'],
    ['\x1bPq#0;2;0;0;0#0~~@@\x1b\\sixel', 'sixel'],
    ['\x1b(0qqq\x1b(B', 'qqq'],
    ['\x1b[', ''],
    ['\x1b]0;never ended', ''],
    ['back\b\b\b\bspace', 'backspace'],
    ['two\r\nlines\tand a tab', 'two lines and a tab'],
    ['null\0byte\x7f', 'nullbyte'],
    ['user\u202etxt.exe', 'usertxt.exe'],
    ['\u2066isolate\u2069', 'isolate'],
    ['zero\u200bwidth\u200d\ufeff', 'zerowidth'],
    ['soft\xadhyphen', 'softhyphen'],
    ['tag\u{e0041}\u{e0042}', 'tag'],
    ['half \ud83d alone', 'half \ufffd alone'],
    ['\u2028paragraph', ' paragraph'],
  ];
  for (const [text, safe] of cases) assert.equal(plain(text), safe, JSON.stringify(text));
});

test('what is made harmless stays harmless when it is made so again', () => {
  // Taking out the inner part must not join the outer ones to a sequence.
  const text = '\x1b\x1b[31m[32mx\x9b\x9b31m31m';
  const once = plain(text);
  assert.equal(plain(once), once);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  assert.doesNotMatch(once, /[\x00-\x1f\x7f-\x9f]/);
});

test('a width is measured in columns of the terminal', () => {
  assert.equal(textWidth('abc'), 3);
  assert.equal(textWidth('東京'), 4);
  assert.equal(textWidth('e\u0301'), 1);
  assert.equal(textWidth('\x1b[31mred\x1b[39m'), 3);
  assert.equal(fit('abcdef', 6), 'abcdef');
  assert.equal(fit('abcdefg', 6), 'abcde…');
  assert.equal(fit('東京都庁', 5), '東京…');
});

test('output to a file is 100 columns wide, and a terminal between 60 and 160', () => {
  assert.equal(terminalWidth({}), 100);
  assert.equal(terminalWidth({ isTTY: false, columns: 40 }), 100);
  assert.equal(terminalWidth({ isTTY: true, columns: 40 }), 60);
  assert.equal(terminalWidth({ isTTY: true, columns: 80 }), 80);
  assert.equal(terminalWidth({ isTTY: true, columns: 300 }), 160);
});

test('a paragraph is wrapped at blanks, and a word that is too long is broken', () => {
  assert.equal(wrap('one two three four', 9), 'one two\nthree\nfour');
  assert.equal(wrap('abcdefghijklmnop', 8), 'abcdefgh\nijklmnop');
  assert.equal(wrap('download.update.example', 16), 'download.update.\nexample');
  assert.equal(wrap('a.bcdefghijklmno', 8), 'a.bcdefg\nhijklmno');
  assert.equal(wrap('- one two three', 10, '', '  '), '- one two\n  three');
  assert.equal(wrap('one two three', 12, '  '), '  one two\n  three');
  assert.equal(wrap('', 10), '');
});

test('colours are used on a terminal only, and not when NO_COLOR is set', () => {
  assert.equal(painter({ isTTY: true }, {})('red', 'x'), '\x1b[31mx\x1b[39m');
  assert.equal(painter({ isTTY: true }, { NO_COLOR: '1' }), noPaint);
  assert.equal(painter({ isTTY: true }, { TERM: 'dumb' }), noPaint);
  assert.equal(painter({}, {}), noPaint);
});

test('a table is as wide as it needs, and its widest column gives way', () => {
  const rows = [
    ['scan', '7', 'a host that tries the same port on many hosts'],
    ['beacon', '1,234', 'short'],
  ];
  assert.equal(
    textTable(['what', 'n', 'says'], rows, { width: 80, right: [1] }),
    `what        n  says
scan        7  a host that tries the same port on many hosts
beacon  1,234  short`,
  );
  assert.equal(
    textTable(['what', 'n', 'says'], rows, { width: 40, right: [1], indent: ' ' }),
    ` what        n  says
 scan        7  a host that tries the
                same port on many hosts
 beacon  1,234  short`,
  );
  assert.equal(
    textTable(['what', 'n', 'says'], rows, { width: 40, right: [1], overflow: 'cut' }),
    `what        n  says
scan        7  a host that tries the sa…
beacon  1,234  short`,
  );
});

test('a column gives way only as long as its words stay whole, while another can', () => {
  const rows = [['10.0.0.7 → download.update.example', 'a host that tries the same port']];
  assert.equal(
    textTable(['who', 'what'], rows, { width: 36 }),
    `who                      what
10.0.0.7 →               a host that
download.update.example  tries the
                         same port`,
  );
});

test('short columns keep their width, and two long ones share the rest for the fewest lines', () => {
  const rows = [
    ['03-24 17:15', '10.0.0.7', 'a host that behaves unlike itself'],
    ['03-24 17:15', '10.0.0.7 → a.very.long.name.example', 'one port tried on many hosts'],
    ['03-24 17:15', '10.0.0.7', 'a host that behaves unlike itself'],
  ];
  assert.equal(
    textTable(['when', 'who', 'what'], rows, { width: 76 }),
    `when         who                           what
03-24 17:15  10.0.0.7                      a host that behaves unlike itself
03-24 17:15  10.0.0.7 →                    one port tried on many hosts
             a.very.long.name.example
03-24 17:15  10.0.0.7                      a host that behaves unlike itself`,
  );
});

test('no line of a table is wider than it may be, and its cells cannot carry control characters', () => {
  const rows = [
    ['\x1b[31m10.0.0.7\nsecond', 'x'.repeat(300)],
    ['東京'.repeat(40), 'short'],
  ];
  const text = textTable(['who', 'what'], rows, { width: 70 });
  for (const line of text.split('\n')) assert.ok(textWidth(line) <= 70, line);
  assert.ok(!text.includes('\x1b'));
});

test('progress says bytes, events a second and the time left', () => {
  const state = {
    step: 'read',
    bytes_read: 25e6,
    bytes_total: 100e6,
    events: 50_000,
    file: 'conn.log',
  } as const;
  assert.equal(
    progressLine(state, 5),
    'reading  [###-------] 25 %  25 MB of 100 MB  10,000 events/s  15 s left  conn.log',
  );
  assert.equal(
    progressLine({ ...state, bytes_total: null, file: '-' }, 5),
    'reading  25 MB  10,000 events/s  -',
  );
  assert.equal(
    progressLine({ step: 'detect', detector: 'slow_scan', done: 2, of: 30 }, 9),
    'detecting  3 of 30  slow_scan',
  );
});

test('progress is drawn ten times a second at most, and nothing is written when nobody looks', () => {
  const written: string[] = [];
  let now = 0;
  const state = { step: 'read', bytes_read: 1, bytes_total: 2, events: 1, file: 'a\x1b[2Jb' } as const;
  const stream = { isTTY: true, columns: 60, write: (text: string) => written.push(text) };
  const progress = createProgress(stream, () => now);
  for (; now < 1000; now++) progress.update(state);
  assert.equal(written.length, 10);
  assert.ok(written.every((text) => textWidth(text.replace('\r\x1b[2K', '')) < 60 && !text.includes('[2Jb')));
  progress.done();
  progress.done();
  progress.update(state);
  assert.equal(written.length, 11);

  const silent = createProgress({ write: () => assert.fail('nobody looks') });
  silent.update(state);
  silent.done();
});

test('what comes too soon after a drawing is drawn a little later, and not after the end', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const written: string[] = [];
  const stream = { isTTY: true, columns: 80, write: (text: string) => written.push(text) };
  const { update, done } = createProgress(stream, () => 0);
  for (const [i, detector] of ['quick', 'quick_too', 'slow'].entries())
    update({ step: 'detect', detector, done: i, of: 3 });
  assert.deepEqual(written, ['\r\x1b[2Kdetecting  1 of 3  quick']);
  t.mock.timers.tick(100);
  assert.equal(written[1], '\r\x1b[2Kdetecting  3 of 3  slow');
  update({ step: 'detect', detector: 'late', done: 2, of: 3 });
  done();
  t.mock.timers.tick(100);
  assert.deepEqual(written.slice(2), ['\r\x1b[2K']);
});

test('the rate of a second pass over the input does not count the time of the first', () => {
  const written: string[] = [];
  let now = 0;
  const stream = { isTTY: true, columns: 120, write: (text: string) => written.push(text) };
  const progress = createProgress(stream, () => now);
  const read = (bytes_read: number, events: number): void =>
    progress.update({ step: 'read', bytes_read, bytes_total: 100, events, file: 'a' });
  read(0, 0);
  now = 10_000;
  read(100, 1000);
  now = 20_000;
  read(1, 1);
  now = 22_000;
  read(50, 500);
  progress.done();
  assert.match(written.at(-2)!, / 250 events\/s {2}2 s left /);
});

test('a cell of a table may have a style, which takes no room', () => {
  const options = {
    width: 40,
    right: [1],
    paint: painter({ isTTY: true }, {}),
    style: (row: number, column: number) => (row === 0 && column === 0 ? ('red' as const) : null),
  };
  assert.equal(
    textTable(
      ['severity', 'n'],
      [
        ['high', '1'],
        ['low', '2'],
      ],
      options,
    ),
    '\x1b[2mseverity  n\x1b[22m\n\x1b[31mhigh    \x1b[39m  1\nlow       2',
  );
});

test('a number and its unit stay on one line, and so do a day and its time', () => {
  assert.equal(wrap('it sent 12 MB and more', 11), 'it sent\n12 MB and\nmore');
  assert.equal(wrap('it sent 12 models', 10), 'it sent 12\nmodels');
  assert.equal(wrap('spread < 0.01 %', 10), 'spread\n< 0.01 %');
  assert.equal(wrap('from 2018-03-24 17:15:21', 20), 'from\n2018-03-24 17:15:21');
});
