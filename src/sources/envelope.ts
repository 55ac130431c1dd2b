import { fieldOf, suricataOf, zeekOf } from './ecs.ts';
import { type JsonObject, objectOf, parseJsonObject } from './json.ts';

/** What was found inside an envelope. */
export type Inner =
  /** `path`: the log, where the envelope names it; `text`: the record as it was sent */
  | { readonly kind: 'zeek'; readonly object: JsonObject; readonly text: string; readonly path: string }
  | { readonly kind: 'suricata'; readonly object: JsonObject; readonly text: string }
  /** A line of a Zeek log with tabs, or of its header. `stream` tells those of different logs apart. */
  | { readonly kind: 'tsv'; readonly text: string; readonly stream: string; readonly path: string }
  | { readonly kind: 'other'; readonly reason: string }
  | { readonly kind: 'broken'; readonly reason: string; readonly text: string };

/** Envelopes in each other: syslog in Filebeat in Elasticsearch, and one to spare. */
const deepestEnvelope = 5;
/** Fields in which shippers put the line they read, in the order in which they are believed. */
const textFields = [
  'event.original',
  'message',
  '_raw',
  'log',
  'MESSAGE',
  'msg',
  'line',
  'event',
  'raw',
  'data',
];
/** Fields in which exports put the record. */
const objectFields = ['_source', 'result', 'event', 'log', 'message', 'json', 'data', 'payload', 'record'];

/** Takes the envelopes off a record, in a loop: what shippers, syslog, Splunk and Elasticsearch put around it. */
export function unwrap(text: string): Inner {
  let inside: string | JsonObject = text;
  let path = '';
  let stream = '';
  let latest = text;
  for (let depth = 0; depth <= deepestEnvelope; depth++) {
    if (typeof inside === 'string') {
      latest = inside.trimStart();
      if (latest.startsWith('{')) {
        const parsed = parseJsonObject(latest);
        if (typeof parsed === 'string') return { kind: 'broken', reason: parsed, text: latest };
        inside = parsed;
      } else {
        const tsv = tabbed(latest);
        if (tsv !== null) return { kind: 'tsv', text: tsv, stream, path };
        const syslog = withoutSyslog(latest);
        if (syslog === null) return { kind: 'other', reason: 'line of another kind' };
        path = syslog.tag || path;
        stream = `${stream}|${syslog.tag}`;
        inside = syslog.rest;
        continue;
      }
    }
    const object: JsonObject = inside;
    const found = recordIn(object, latest, path);
    if (found !== null) return found;
    const file = fieldOf(object, 'log.file.path') ?? object.file ?? object.source ?? object.path;
    if (typeof file === 'string') {
      stream = file;
      path = file;
    }
    const next = nextIn(object);
    if (next === null) return { kind: 'other', reason: 'record of another kind' };
    inside = next;
  }
  return { kind: 'other', reason: `more than ${deepestEnvelope} envelopes around a record` };
}

/** The record, when the object is one, or a document made of one. */
function recordIn(object: JsonObject, text: string, path: string): Inner | null {
  if (typeof object.event_type === 'string' && object.timestamp !== undefined)
    return { kind: 'suricata', object, text };
  const named = object._path ?? object['@stream'] ?? object['@path'];
  if (typeof named === 'string' && named !== '') return { kind: 'zeek', object, text, path: named };
  if (object.ts !== undefined && looksLikeZeek(object)) return { kind: 'zeek', object, text, path };
  const original = lineIn(object);
  if (original !== null) return null;
  const zeek = zeekOf(object);
  if (zeek !== null && Object.keys(zeek.object).length > 3)
    return { kind: 'zeek', object: zeek.object, text, path: zeek.path };
  const suricata = suricataOf(object);
  return suricata === null ? null : { kind: 'suricata', object: suricata, text };
}

function looksLikeZeek(object: JsonObject): boolean {
  const has = (name: string): boolean => object[name] !== undefined;
  return has('uid') || has('id.orig_h') || has('id_orig_h') || has('fuid') || lineIn(object) === null;
}

/** The line that a shipper read, when it can hold a record. */
function lineIn(object: JsonObject): string | null {
  for (const name of textFields) {
    const value = fieldOf(object, name);
    if (
      typeof value === 'string' &&
      /^\s*(?:\{|<\d|\d+\.\d+(?:\t|#011)|#|1 \d{4}-|\d{4}-\d\d-\d\dT|[A-Z][a-z]{2} [ \d]\d )/.test(value)
    )
      return value;
  }
  return null;
}

function nextIn(object: JsonObject): string | JsonObject | null {
  const line = lineIn(object);
  if (line !== null) return line;
  for (const name of objectFields) {
    const value = objectOf(object[name]);
    if (value !== null && Object.keys(value).length > 0 && !isMeta(name, value)) return value;
  }
  return null;
}

/** ECS has objects of these names that describe the event and hold no record: event.module, log.file. */
function isMeta(name: string, value: JsonObject): boolean {
  if (name !== 'event' && name !== 'log') return false;
  const names = Object.keys(value);
  return ['module', 'dataset', 'file', 'offset', 'level', 'kind'].some((one) => names.includes(one));
}

/** A line of a Zeek log with tabs (rsyslog writes them as #011), or null. */
function tabbed(text: string): string | null {
  const line = text.includes('\t') ? text : text.replaceAll('#011', '\t');
  if (/^#(?:separator|set_separator|empty_field|unset_field|path|open|close|fields|types)[ \t]/.test(line))
    return line;
  return /^\d{1,16}(?:\.\d{1,9})?\t[^\t]*\t/.test(line) ? line : null;
}

/** RFC 6587, 3.4.1: the length in front of a message. */
const octets = /^\d{1,7} (?=<\d{1,3}>)/;
/** RFC 5424, section 6; the priority may have been taken off. */
const rfc5424 =
  /^(?:<\d{1,3}>)?1 (?:-|\d{4}-\d\d-\d\dT\S{8,40}) \S{1,255} (\S{1,48}) \S{1,128} \S{1,32} (?:-|(?:\[(?:[^\]\\]|\\.)*\]){1,64})(?: |$)/;
/** RFC 3164, section 4, and with the time of RFC 3339 as rsyslog writes files; a tag that was set without its colon, before a record */
const rfc3164 =
  /^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d{1,9})?|\d{4}-\d\d-\d\dT\S{8,40}) (?:\S{1,255} )?([^\s:[\]{}]{1,64})(?:\[[^\]]{0,64}\])?(?:: ?| (?=\{|#|\d{1,16}\.\d{1,9}(?:\t|#011)))/;
const bare = /^<\d{1,3}>(?:\d{1,10}: )?/;

/** What syslog carries, and the program that it names; null when the line is none of syslog. */
function withoutSyslog(text: string): { readonly rest: string; readonly tag: string } | null {
  const line = text.replace(octets, '');
  const m = rfc5424.exec(line) ?? rfc3164.exec(line) ?? bare.exec(line);
  if (m === null) return null;
  const rest = line
    .slice(m[0].length)
    .replace(/^\uFEFF/, '')
    .replace(/^@cee: ?/i, '');
  return rest === '' ? null : { rest, tag: m[1] ?? '' };
}
