import type { Decoder } from '../schema/reading.ts';
import { deepest } from './json.ts';
import { excerptLength, longestLine } from './lines.ts';

export interface RecordHandler {
  /** One record: a JSON object as it stands, or a line of other text. `spread`: inside a list, or on several lines. */
  record(text: string, line: number, offset: number, spread: boolean): void;
  /** One that cannot be cut out. */
  refused(reason: string, line: number, offset: number, excerpt: string): void;
  finished(): void;
}

const FEED = 10;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Names of the list in an answer or export whose members are the records: Elasticsearch, Splunk, cloud exports. */
const listOfRecords = /"(?:hits|results|records|Records)"\s*:\s*$/;

/**
 * Cuts bytes into records: JSON objects one a line, spread over lines, in one list, or in the list of an answer
 * ({"hits":{"hits":[…]}}), and lines of other text. A list may be of any length: its members are given one by one, and
 * memory is bounded by the longest record. Nothing is recursive. A record that is cut short costs itself, not the next.
 */
export class RecordCutter implements Decoder {
  private readonly handler: RecordHandler;
  /** between records, in an object, in a line of text, or in what follows the list of records in its answer */
  private state: 'between' | 'object' | 'line' | 'rest' = 'between';
  private parts: Buffer[] = [];
  private size = 0;
  private too_long = false;
  /** what is open: 1 an object, 2 a list */
  private readonly open = new Uint8Array(deepest + 1);
  private depth = 0;
  private in_string = false;
  private escaped = false;
  /** last byte that is no white space, and whether a line began after it */
  private last = 0;
  private new_line = true;
  private line = 1;
  private offset = 0;
  private start_line = 1;
  private start_offset = 0;
  private list_depth = 0;
  /** how deep the answer is whose list is being read; 0: none */
  private around = 0;
  private list_expected = false;

  constructor(handler: RecordHandler) {
    this.handler = handler;
  }

  push(chunk: Buffer): void {
    let from = 0;
    let at = 0;
    if (this.offset === 0 && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) at = 3;
    for (; at < chunk.length; at++) {
      const code = chunk[at]!;
      switch (this.state) {
        case 'between':
          if (this.between(code, at)) from = at;
          break;
        case 'line':
          if (code === FEED) {
            this.keep(chunk.subarray(from, at));
            this.give(false);
          }
          break;
        case 'object': {
          const end = this.inside(code);
          if (end === 'record') {
            this.keep(chunk.subarray(from, at + 1));
            this.give(this.list_depth > 0 || this.around > 0 || this.line !== this.start_line);
          } else if (end === 'list' && this.isListOfRecords(chunk.subarray(from, at))) {
            this.list_expected = true;
          } else if (end === 'member') {
            this.around = this.depth - 1;
            this.begin('object', at);
            from = at;
            this.openOne(1);
          } else if (end === 'broken') {
            // what was begun ends before this byte, which begins another record
            this.keep(chunk.subarray(from, at));
            this.give(false);
            if (code !== FEED && this.between(code, at)) from = at;
          }
          break;
        }
        case 'rest':
          this.skip(code);
          break;
      }
      if (code === FEED) {
        this.line++;
        this.new_line = true;
      } else if (code > 0x20) this.new_line = false;
    }
    if (this.state === 'object' || this.state === 'line') this.keep(chunk.subarray(from));
    this.offset += chunk.length;
  }

  end(): void {
    if (this.state === 'object' || this.state === 'line') this.give(false);
    this.handler.finished();
  }

  /** A byte outside of records; true when it begins one. */
  private between(code: number, at: number): boolean {
    if (code <= 0x20 || code === COMMA) return false;
    if (code === OPEN_LIST && this.list_depth === 0 && this.around === 0) {
      this.list_depth = 1;
      return false;
    }
    if (code === CLOSE_LIST && (this.list_depth > 0 || this.around > 0)) {
      this.list_depth = 0;
      if (this.around > 0) {
        this.state = 'rest';
        this.depth = this.around;
        this.around = 0;
      }
      return false;
    }
    if (code === OPEN) {
      this.begin('object', at);
      this.openOne(1);
    } else this.begin('line', at);
    return true;
  }

  private begin(state: 'object' | 'line', at: number): void {
    this.state = state;
    this.parts = [];
    this.size = 0;
    this.too_long = false;
    this.depth = 0;
    this.in_string = false;
    this.escaped = false;
    this.last = OPEN;
    this.list_expected = false;
    this.start_line = this.line;
    this.start_offset = this.offset + at;
  }

  private openOne(kind: 1 | 2): void {
    this.depth++;
    // deeper ones are refused by the parser; here only the outermost are told apart
    if (this.depth <= deepest) this.open[this.depth] = kind;
  }

  /** A byte inside an object: whether the record ends with it, or begins a list that may be one of records. */
  private inside(code: number): 'record' | 'list' | 'member' | 'broken' | null {
    if (this.in_string) {
      if (this.escaped) this.escaped = false;
      else if (code === BACKSLASH) this.escaped = true;
      else if (code === QUOTE) this.in_string = false;
      // RFC 8259, section 7: a string holds no line feed
      else if (code === FEED) return 'broken';
      return null;
    }
    if (code <= 0x20) return null;
    const { last, list_expected } = this;
    this.last = code;
    this.list_expected = false;
    switch (code) {
      case QUOTE:
        this.in_string = true;
        return null;
      case OPEN:
        if (list_expected) return 'member';
        // no object stands here in JSON: the record before was cut
        if (this.new_line && this.depth <= deepest && this.open[this.depth] === 1 && last !== COLON)
          return 'broken';
        this.openOne(1);
        return null;
      case OPEN_LIST:
        this.openOne(2);
        return this.depth <= 4 ? 'list' : null;
      case CLOSE:
      case CLOSE_LIST:
        this.depth--;
        return this.depth === 0 ? 'record' : null;
      default:
        return null;
    }
  }

  private isListOfRecords(part: Buffer): boolean {
    if (this.size + part.length > 65_536 || this.list_depth > 0 || this.around > 0) return false;
    return listOfRecords.test(Buffer.concat([...this.parts, part]).toString('latin1'));
  }

  /** What follows the list in the answer that holds it: stepped over to where the answer ends. */
  private skip(code: number): void {
    if (this.in_string) {
      if (this.escaped) this.escaped = false;
      else if (code === BACKSLASH) this.escaped = true;
      else if (code === QUOTE) this.in_string = false;
      return;
    }
    if (code === QUOTE) this.in_string = true;
    else if (code === OPEN || code === OPEN_LIST) this.depth++;
    else if ((code === CLOSE || code === CLOSE_LIST) && --this.depth === 0) this.state = 'between';
  }

  /** Holds what belongs to the record; copied, because the chunk is the caller's. */
  private keep(part: Buffer): void {
    if (this.too_long || part.length === 0) return;
    this.too_long = this.size + part.length > longestLine;
    const more = this.too_long ? part.subarray(0, excerptLength) : part;
    this.parts.push(Buffer.from(more));
    this.size += more.length;
    if (this.parts.length > 64) this.parts = [Buffer.concat(this.parts)];
  }

  private give(spread: boolean): void {
    const bytes = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts);
    const { start_line, start_offset, handler } = this;
    this.state = 'between';
    this.in_string = false;
    this.parts = [];
    if (this.too_long)
      handler.refused(
        `the record is longer than ${longestLine} bytes`,
        start_line,
        start_offset,
        bytes.toString('utf8', 0, excerptLength),
      );
    else handler.record(bytes.toString('utf8').replace(/\r?\n?$/, ''), start_line, start_offset, spread);
  }
}
