import type { Dns } from '../../../schema/event/dns.ts';
import {
  type DnsAnswer,
  type DnsMessage,
  type DnsQuestion,
  dnsFrameLength,
  parseDnsMessage,
  parseNetbiosMessage,
} from '../protocols/dns.ts';
import { type App, type Flow, PendingPair, type Wants } from './app.ts';

/** Queries of one flow that wait for an answer; more than this and the oldest is reported without one. */
const maxWaiting = 256;
/** An answer later than this belongs to nothing. */
const patience = 60_000_000;

interface Query {
  readonly time: number;
  readonly id: number;
  readonly question: DnsQuestion | null;
  next: Query | null;
}

/** DNS, mDNS, LLMNR and NetBIOS names: one event a question, with the answer when one comes. */
export class DnsApp implements App {
  private readonly netbios: boolean;
  private readonly stream: boolean;
  /** oldest first; nearly always one, so a chain is cheaper than an array */
  private first: Query | null = null;
  private last: Query | null = null;
  private waiting = 0;
  private pending: PendingPair | null = null;
  private strangers = 0;

  constructor(kind: 'udp' | 'tcp' | 'netbios') {
    this.netbios = kind === 'netbios';
    this.stream = kind === 'tcp';
  }

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    if (!this.stream) {
      this.message(flow, b, from, upTo);
      if (this.strangers > 4) return 'nothing';
      return this.waiting === 0 && this.strangers === 0 ? 'idle' : 'more';
    }
    this.pending ??= new PendingPair();
    const pending = this.pending.of(fromOrig);
    pending.join(b, from, upTo);
    let at = pending.from;
    while (at < pending.upTo) {
      const length = dnsFrameLength(pending.bytes, at, pending.upTo);
      if (length === 0 || at + length > pending.upTo) break;
      this.message(flow, pending.bytes, at + 2, at + length);
      at += length;
      if (this.strangers > 0) return 'nothing';
    }
    pending.keep(at);
    return 'more';
  }

  private message(flow: Flow, b: Uint8Array, from: number, upTo: number): void {
    const message = this.netbios ? parseNetbiosMessage(b, from, upTo) : parseDnsMessage(b, from, upTo);
    if (message === null) {
      this.strangers++;
      return;
    }
    flow.confirm('dns');
    if (!message.response) this.ask(flow, message);
    else this.answer(flow, message);
  }

  private ask(flow: Flow, message: DnsMessage): void {
    const { time } = flow;
    while (this.first !== null && time - this.first.time > patience) this.giveUp(flow);
    const { questions } = message;
    for (let i = 0; i < (questions.length || 1); i++) {
      if (this.waiting >= maxWaiting) this.giveUp(flow);
      const query: Query = { time, id: message.id, question: questions[i] ?? null, next: null };
      if (this.last === null) this.first = query;
      else this.last.next = query;
      this.last = query;
      this.waiting++;
    }
  }

  /** Reports the oldest query without an answer. */
  private giveUp(flow: Flow): void {
    const query = this.first!;
    this.takeOut(null, query);
    this.report(flow, query.time, query.id, query.question, null, false);
  }

  private takeOut(before: Query | null, query: Query): void {
    if (before === null) this.first = query.next;
    else before.next = query.next;
    if (this.last === query) this.last = before;
    this.waiting--;
  }

  private answer(flow: Flow, message: DnsMessage): void {
    const { questions } = message;
    let answered = 0;
    for (let i = 0; i < (questions.length || 1); i++) {
      const question = questions[i] ?? null;
      let before: Query | null = null;
      let query = this.first;
      while (query !== null && !answers(query, message.id, question)) {
        before = query;
        query = query.next;
      }
      if (query !== null) {
        this.takeOut(before, query);
        this.report(flow, query.time, query.id, query.question ?? question, message, true);
        answered++;
      } else if (question !== null) {
        this.report(flow, flow.time, message.id, question, message, false);
        answered++;
      }
    }
    // mDNS announces without having been asked
    if (answered === 0) this.report(flow, flow.time, message.id, null, message, false);
  }

  private report(
    flow: Flow,
    time: number,
    id: number,
    question: DnsQuestion | null,
    message: DnsMessage | null,
    asked: boolean,
  ): void {
    // An announcement is told by the address of its host where it has one, else by what it begins with.
    const first = question === null ? (message?.answers.find(isAddress) ?? message?.answers[0]) : undefined;
    const { place } = flow;
    const event: Dns = {
      kind: 'dns',
      time,
      uid: place.uid,
      src_ip: place.src_ip,
      src_port: place.src_port,
      dst_ip: place.dst_ip,
      dst_port: place.dst_port,
      transport: place.transport,
      src_local: false,
      dst_local: false,
      direction: '',
      transaction_id: id,
      query: question?.name ?? first?.name ?? '',
      query_domain: '',
      generated_score: 0,
      query_type: question?.type_name ?? first?.type_name ?? '',
      response_code: message === null ? '' : message.rcode_name,
      answers: message === null ? [] : texts(message),
      answer_ttl_s: message?.min_ttl_s ?? null,
      rtt_s: asked && flow.time >= time ? (flow.time - time) / 1_000_000 : null,
      authoritative: message?.authoritative ?? false,
      rejected: message !== null && refusals.has(message.rcode),
    };
    flow.emit(event);
  }

  gap(_flow: Flow, _fromOrig: boolean): Wants {
    return this.stream ? 'nothing' : 'more';
  }

  ended(): void {}

  close(flow: Flow): void {
    while (this.first !== null) this.giveUp(flow);
  }
}

function answers(query: Query, id: number, question: DnsQuestion | null): boolean {
  return (
    query.id === id &&
    (question === null ||
      query.question === null ||
      (query.question.name === question.name && query.question.type === question.type))
  );
}

function isAddress({ type }: DnsAnswer): boolean {
  return type === 1;
}

function texts(message: DnsMessage): string[] {
  const { answers } = message;
  const list: string[] = new Array<string>(answers.length);
  for (let i = 0; i < answers.length; i++) list[i] = answers[i]!.text;
  return list;
}

/** SERVFAIL, NOTIMP, REFUSED, NOTAUTH */
const refusals: ReadonlySet<number> = new Set([2, 4, 5, 9]);
