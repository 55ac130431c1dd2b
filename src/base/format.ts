/** What is written where there is no number. */
const nothing = '–';

/** 1,234,567; one decimal below 10 when it is no whole number: 2.5. */
export function count(value: number): string {
  if (!Number.isFinite(value)) return nothing;
  const size = Math.abs(value);
  if (size >= 1e15) return value.toExponential(1);
  const whole = Number.isInteger(value) || size >= 10;
  const [integer = '', fraction] = (
    whole ? String(Math.round(value)) : value.toFixed(1).replace(/\.0$/, '')
  ).split('.');
  const grouped = integer.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** A number and its noun: 1 host, 2 hosts, 1,234 entries. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const byte_units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;

/** Decimal units as network people use them (1 kB = 1,000 B): 512 B, 4.1 GB, 56 MB. */
export function bytes(value: number): string {
  return scaled(value, byte_units);
}

const bit_units = ['bits', 'kbit', 'Mbit', 'Gbit', 'Tbit'] as const;

/** 3.2 bits, 12 kbit. */
export function bits(value: number): string {
  return scaled(value, bit_units).replace(/^1 bits$/, '1 bit');
}

function scaled(value: number, units: readonly string[]): string {
  if (!Number.isFinite(value)) return nothing;
  const size = Math.abs(value);
  let step = 0;
  // 999.6 kB is 1 MB: what is rounded to 1,000 belongs to the next unit.
  while (step < units.length - 1 && size >= 999.5 * 1000 ** step) step++;
  return `${significant(value / 1000 ** step)} ${units[step]}`;
}

/** Two digits below 10, whole numbers above, grouped: 0.013, 4.1, 56, 1,234. */
function significant(value: number): string {
  const size = Math.abs(value);
  if (size >= 9.95) return count(Math.round(value));
  if (size >= 0.995) return value.toFixed(1).replace(/\.0$/, '');
  if (size === 0) return '0';
  if (size < 1e-6) return value.toExponential(0);
  return value.toFixed(Math.min(8, 1 - Math.floor(Math.log10(size)))).replace(/0+$/, '');
}

/** A length of time, its two largest units: 12 ms, 0.5 s, 59 s, 1 min 3 s, 2 d 4 h. */
export function seconds(value: number): string {
  if (!Number.isFinite(value)) return nothing;
  if (value < 0) return `-${seconds(-value)}`;
  if (value === 0) return '0 s';
  if (value < 0.001) return `${significant(value * 1e6)} µs`;
  if (value < 0.1) return `${significant(value * 1e3)} ms`;
  if (value < 59.5) return `${significant(value)} s`;
  const whole = Math.round(value);
  if (whole < 3600) return pair(whole, 60, 'min', 1, 's');
  if (whole < 86_400) return pair(whole, 3600, 'h', 60, 'min');
  return pair(whole, 86_400, 'd', 3600, 'h');
}

function pair(whole: number, large: number, large_name: string, small: number, small_name: string): string {
  const in_small = Math.round(whole / small);
  const each = large / small;
  const first = Math.floor(in_small / each);
  const rest = in_small % each;
  if (first === 24 && large_name === 'h') return '1 d';
  if (first === 60 && large_name === 'min') return '1 h';
  return rest === 0 ? `${count(first)} ${large_name}` : `${count(first)} ${large_name} ${rest} ${small_name}`;
}

/** A share 0..1: 37 %, 99.7 %, 0.4 %. Never 0 % or 100 % for what is neither. */
export function share(value: number): string {
  if (!Number.isFinite(value)) return nothing;
  const percent = value * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent > 0 && percent < 0.01) return '< 0.01 %';
  if (percent > 99.9 && percent < 100) return '> 99.9 %';
  if (percent > 99 && percent < 100) return `${(Math.floor(percent * 10) / 10).toFixed(1)} %`;
  return `${significant(percent)} %`;
}

/** A plain number of two digits: 0.013, 3.2, 45, 1,234. */
export function ratio(value: number): string {
  return Number.isFinite(value) ? significant(value) : nothing;
}

/** µs since 1970 as UTC: 2018-03-24 17:15:21. */
export function instant(time_us: number): string {
  const ms = Math.floor(time_us / 1000);
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return nothing;
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** From one instant to another, what they share written once: 2018-03-24 17:15:21 to 18:02:11. */
export function timeRange(from_us: number, to_us: number): string {
  const from = instant(from_us);
  const to = instant(to_us);
  if (from === to) return from;
  return from.slice(0, 10) === to.slice(0, 10) ? `${from} to ${to.slice(11)}` : `${from} to ${to}`;
}

/** A range in one unit: 12 to 80 MB, 0.5 to 3 s, 4; one value when both read the same. */
export function range(low: number, high: number, unit: string): string {
  const from = formatUnit(low, unit);
  const to = formatUnit(high, unit);
  if (from === to || (low === 0 && to.startsWith('<'))) return to;
  const [, from_word = ''] = /^[\d.,]+( \S+)$/.exec(from) ?? [];
  return from_word !== '' && to.endsWith(from_word) && /^[\d.,]+ \S+$/.test(to)
    ? `${from.slice(0, -from_word.length)} to ${to}`
    : `${from} to ${to}`;
}

/** A probability in words: 1 in 40,000 (two digits). Below one in a billion no model can tell. */
export function pValueWords(p_value: number): string {
  if (!(p_value > 0)) return 'less than 1 in a billion';
  if (p_value < 1e-9) return 'less than 1 in a billion';
  if (p_value > 0.67) return 'nearly always';
  const n = 1 / p_value;
  const step = 10 ** Math.max(0, Math.floor(Math.log10(n)) - 1);
  return `1 in ${count(Math.round(n / step) * step)}`;
}

/** Characters of a text of the traffic that a sentence carries; what is longer ends in "…". */
const longest_text = 120;
/** Items of a list that a sentence carries. */
const longest_list = 5;

/**
 * A value as people write it; the units are those of schema/detector.ts, a number of any other unit is written as it is.
 * Texts and lists are shortened; they are not escaped: that is for whoever shows them.
 */
export function formatUnit(value: unknown, unit: string): string {
  if (Array.isArray(value)) return list(value);
  if (typeof value === 'string') return value === '' ? nothing : shortened(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'bigint') return formatUnit(Number(value), unit);
  if (typeof value !== 'number') return nothing;
  switch (unit) {
    case 'bytes':
      return bytes(value);
    case 'seconds':
      return seconds(value);
    case 'share':
      return share(value);
    case 'ratio':
      return ratio(value);
    case 'bits':
      return bits(value);
    case 'time':
      // Seconds or microseconds since 1970: no traffic is older than 1973 in µs or younger than the year 5138 in s.
      return instant(Math.abs(value) < 1e11 ? value * 1e6 : value);
    case 'count':
    case 'list':
      return count(value);
    default:
      return String(value);
  }
}

/** a, b and c; a, b, c, d, e and 12 more. */
export function list(values: readonly unknown[]): string {
  if (values.length === 0) return nothing;
  const shown = values.slice(0, longest_list).map((one) => shortened(String(one)));
  const rest = values.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${count(rest)} more`;
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

function shortened(text: string): string {
  if (text.length <= longest_text) return text;
  // A cut between two halves of one character leaves half a character.
  const end = /[\uD800-\uDBFF]/.test(text[longest_text - 2]!) ? longest_text - 2 : longest_text - 1;
  return `${text.slice(0, end)}…`;
}

/** Marks of places in a text that is being filled; no text that people or hosts write has them (private use). */
const missing = '\uE000';
const lone = '\uE001';

/**
 * Puts values into a text: "{src_ip} called {n} times" → "10.0.0.7 called 1,234 times". A value without a unit is written
 * as text when it is text, else as a count. A value that is not there takes the brackets around it along, or what it was
 * glued to; elsewhere it is "unknown". After a 1 stands one thing: "1 hosts" → "1 host". That the names of a detector's
 * texts exist is checked when content is loaded. An IPv6 address before a port stands in brackets.
 */
export function fillTemplate(
  template: string,
  values: Readonly<Record<string, unknown>>,
  units: Readonly<Record<string, string>>,
): string {
  const bracketed_v6 = template.replace(
    /\{([a-z_0-9]+)\}(?=:\{([a-z_0-9]+)\})/g,
    (place, ip: string, port: string) =>
      units[port] === 'port' && hasPort(values, port) && String(values[ip] ?? '').includes(':')
        ? `[${place}]`
        : place,
  );
  const filled = bracketed_v6.replace(/\{([a-z_0-9]+)\}/g, (_, name: string) => {
    const unit = Object.hasOwn(units, name) ? units[name]! : 'count';
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (unit === 'port' && !hasPort(values, name)) return missing;
    const written = formatUnit(value, unit).replace(/[\uE000\uE001]/g, '');
    if (written === nothing || written === '') return missing;
    return written === '1' && unit !== 'port' ? `${lone}1` : written;
  });
  return singular(withoutMissing(filled));
}

/** Port 0 is none: records that do not name one have it. What stands there for ICMP is its type. */
function hasPort(values: Readonly<Record<string, unknown>>, name: string): boolean {
  return Number(values[name] ?? 0) !== 0 && values.transport !== 'icmp';
}

/** A number and what it is, as a reason says it: "507 hosts at which it failed", "1 host at which it failed". */
export function numbered(value: number, unit: string, says: string): string {
  const written = formatUnit(value, unit);
  return singular(`${written === '1' ? lone : ''}${written} ${says}`);
}

function withoutMissing(text: string): string {
  if (!text.includes(missing)) return text;
  return text
    .replace(/ ?\(([^()]*\uE000[^()]*)\)/g, (_, inside: string) => bracketed(inside))
    .replace(/(?<=\S):\uE000/g, '')
    .replace(/(?<=[\p{L}\p{N}])\uE000+/gu, '')
    .replace(/\uE000+/g, 'unknown');
}

/** Of what stands in brackets, only the parts that have all their values; no brackets when there are none. */
function bracketed(inside: string): string {
  const whole = inside.split(/(?<=[;,]) /).filter((part) => !part.includes(missing));
  return whole.length === 0 ? '' : ` (${whole.join(' ').replace(/[;,]$/, '')})`;
}

/** Words up to the noun that a lone 1 counts, the noun, and a verb that must agree with it. */
const counted_noun =
  /\uE0011((?: (?!(?:a|an|the|of|in|on|at|to|from|by|for|with|and|or|past|is|was|has)\b)[\p{L}-]+){0,3}?) ([a-z]+(?:-[a-z]+)*s)\b((?: that| who)? (?:have|are|were|do)\b)?/gu;
/** Words that end like a plural and are none. */
const no_plural = /(?:ss|us|is)$|^(?:s|ms|its|as|this|was|has|does|less|times? of nearly|perhaps|always)$/;
const verbs: Readonly<Record<string, string>> = { have: 'has', are: 'is', were: 'was', do: 'does' };

/** One thing after a lone 1: "1 hosts have it" → "1 host has it". */
function singular(text: string): string {
  if (!text.includes(lone)) return text;
  return text
    .replace(counted_noun, (whole, before: string, noun: string, verb: string | undefined) =>
      no_plural.test(noun)
        ? whole
        : `1${before} ${one(noun)}${(verb ?? '').replace(/\w+$/, (last) => verbs[last] ?? last)}`,
    )
    .replaceAll(lone, '');
}

/** addresses → address, tries → try, hosts → host. */
function one(plural: string): string {
  if (/(?:ss|x|ch|sh)es$/.test(plural)) return plural.slice(0, -2);
  return plural.endsWith('ies') && plural !== 'series' ? `${plural.slice(0, -3)}y` : plural.slice(0, -1);
}
