/** Largest time that is exact as a JavaScript number of µs: 2255-06-05. */
export const lastTime = Number.MAX_SAFE_INTEGER;

/** Days from 1970-01-01 to a date of the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms"). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const of_era = y - era * 400;
  const of_year = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + of_era * 365 + Math.floor(of_era / 4) - Math.floor(of_era / 100) + of_year - 719_468;
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a date exists. */
export function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (month === 2 && leap ? 29 : monthDays[month - 1]!);
}

const iso = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|z|[+-]\d\d(?::?\d\d)?)?$/;

/**
 * ISO 8601 / RFC 3339 with seconds, in µs since 1970 UTC; null when it is none. Without an offset it is read as UTC.
 * Digits below the microsecond are cut; a leap second (:60) is the first instant of the next minute.
 */
export function parseIsoTime(text: string): number | null {
  return parseFixed(text) ?? parseAny(text);
}

/** The form that nearly all times have, without a pattern: 2018-03-24T17:15:20.613421 and Z or +0000. */
function parseFixed(text: string): number | null {
  if (text.length !== 27 && text.length !== 31) return null;
  if (text.charCodeAt(19) !== 46 || text.charCodeAt(10) !== 84) return null;
  const separated = text.charCodeAt(4) === 45 && text.charCodeAt(7) === 45;
  if (!separated || text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return null;
  let offset = 0;
  if (text.length === 27) {
    if (text.charCodeAt(26) !== 90) return null;
  } else {
    const sign = text.charCodeAt(26);
    const hours = digitsAt(text, 27, 2);
    const minutes = digitsAt(text, 29, 2);
    if ((sign !== 43 && sign !== 45) || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return null;
    offset = (sign === 45 ? -1 : 1) * (hours * 60 + minutes);
  }
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 2);
  const day = digitsAt(text, 8, 2);
  const hour = digitsAt(text, 11, 2);
  const minute = digitsAt(text, 14, 2);
  const second = digitsAt(text, 17, 2);
  const micros = digitsAt(text, 20, 6);
  if (year < 0 || hour < 0 || minute < 0 || second < 0 || micros < 0) return null;
  if (!isDate(year, month, day) || hour > 23 || minute > 59 || second > 60) return null;
  return (
    ((daysFromCivil(year, month, day) * 1440 + hour * 60 + minute - offset) * 60 + second) * 1_000_000 +
    micros
  );
}

/** Number of `length` digits, or -1. */
function digitsAt(text: string, from: number, length: number): number {
  let value = 0;
  for (let i = from; i < from + length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function parseAny(text: string): number | null {
  const m = iso.exec(text);
  if (m === null) return null;
  const [year, month, day] = [Number(m[1]), Number(m[2]), Number(m[3])];
  const [hour, minute, second] = [Number(m[4]), Number(m[5]), Number(m[6])];
  if (!isDate(year, month, day) || hour > 23 || minute > 59 || second > 60) return null;
  const micros = m[7] === undefined ? 0 : Number(m[7].slice(0, 6).padEnd(6, '0'));
  const offset = offsetMinutes(m[8]);
  if (offset === null) return null;
  const minutes = daysFromCivil(year, month, day) * 1440 + hour * 60 + minute - offset;
  return (minutes * 60 + second) * 1_000_000 + micros;
}

function offsetMinutes(zone: string | undefined): number | null {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = zone.length > 3 ? Number(zone.slice(-2)) : 0;
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

/** Seconds since 1970 of the last day of the year 9999: the largest number that is taken for seconds. */
const mostSeconds = 253_402_300_799;

/**
 * Time since 1970 in µs, whatever unit the number has: seconds up to the year 9999, else milliseconds (Zeek's
 * JSON::TS_MILLIS, Java, JavaScript), microseconds, nanoseconds. A time is taken for milliseconds from January 1978 on.
 */
export function epochMicros(value: number): number {
  const size = Math.abs(value);
  if (size <= mostSeconds) return Math.round(value * 1_000_000);
  if (size <= mostSeconds * 1e3) return Math.round(value * 1000);
  return Math.round(size <= mostSeconds * 1e6 ? value : value / 1000);
}

const decimal = /^(-?)(\d{1,16})(?:\.(\d{1,6}))?$/;
const real = /^-?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?$/;

/** Time since 1970 ('1521911720.865716', '2.385616957e+09', '1521911720865': see epochMicros) in µs; null when it is no number. */
export function parseEpochTime(text: string): number | null {
  const m = decimal.exec(text);
  if (m === null) return real.test(text) ? epochMicros(Number(text)) : null;
  if (Number(m[2]) > mostSeconds) return epochMicros(Number(text));
  const micros = Number(m[2]) * 1_000_000 + Number((m[3] ?? '').padEnd(6, '0'));
  return m[1] === '-' ? -micros : micros;
}

/**
 * Seconds rounded to the microsecond, ties to even as C's printf does it: the same interval written with six digits
 * (Zeek TSV) and as a double (Zeek JSON) gives the same number.
 */
export function roundMicros(seconds: number): number {
  const micros = seconds * 1_000_000;
  let whole = Math.round(micros);
  if (whole - micros === 0.5 && whole % 2 !== 0) whole--;
  return whole / 1_000_000;
}

/** An instant, µs since 1970, as ClickHouse reads it for a DateTime64(6): seconds with six decimals. */
export function instant(time: number): string {
  const whole = Math.floor(time / 1e6);
  // Fewer than ten digits before the point would be taken for a date.
  return `${String(whole).padStart(10, '0')}.${String(time - whole * 1e6).padStart(6, '0')}`;
}
