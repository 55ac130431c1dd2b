import type { Dns } from '../../../schema/event/dns.ts';
import {
  type DnsMessage,
  type DnsQuestion,
  dnsFrameLength,
  parseDnsMessage,
  parseNetbiosMessage,
} from '../protocols/dns.ts';
import { type App, columns, type Flow, PendingPair, type Wants } from './app.ts';

/** Queries of one flow that wait for an answer; more than this and the oldest is reported without one. */
const maxWaiting = 256;
/** An answer later than this belongs to nothing. */
const patience = 60_000_000;

interface Query {
  readonly time: number;
  readonly id: number;
  readonly question: DnsQuestion | null;
}

/** DNS, mDNS, LLMNR and NetBIOS names: one event a question, with the answer when one comes. */
export class DnsApp implements App {
  private readonly netbios: boolean;
  private readonly stream: boolean;
  private waiting: Query[] = [];
  private pending: PendingPair | null = null;
  private strangers = 0;

  constructor(kind: 'udp' | 'tcp' | 'netbios') {
    this.netbios = kind === 'netbios';
    this.stream = kind === 'tcp';
  }

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    if (!this.stream) {
      this.message(flow, b, from, upTo);
      return this.strangers > 4 ? 'nothing' : 'more';
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
    const { waiting } = this;
    while (waiting.length > 0 && flow.time - waiting[0]!.time > patience) this.report(flow, waiting.shift()!);
    const questions = message.questions.length === 0 ? [null] : message.questions;
    for (const question of questions) {
      if (waiting.length >= maxWaiting) this.report(flow, waiting.shift()!);
      waiting.push({ time: flow.time, id: message.id, question });
    }
  }

  private answer(flow: Flow, message: DnsMessage): void {
    const { waiting } = this;
    let answered = 0;
    for (const question of message.questions.length === 0 ? [null] : message.questions) {
      const i = waiting.findIndex(
        (q) =>
          q.id === message.id &&
          (question === null ||
            q.question === null ||
            (q.question.name === question.name && q.question.type === question.type)),
      );
      if (i >= 0) {
        const query = waiting[i]!;
        waiting.splice(i, 1);
        this.report(flow, { ...query, question: query.question ?? question }, message, true);
        answered++;
      } else if (question !== null) {
        this.report(flow, { time: flow.time, id: message.id, question }, message, false);
        answered++;
      }
    }
    // mDNS announces without having been asked
    if (answered === 0) {
      this.report(flow, { time: flow.time, id: message.id, question: null }, message, false);
    }
  }

  private report(flow: Flow, query: Query, message: DnsMessage | null = null, asked = false): void {
    const first = message?.answers[0];
    const event: Dns = {
      kind: 'dns',
      time: query.time,
      ...columns(flow),
      transaction_id: query.id,
      query: query.question?.name ?? first?.name ?? '',
      query_domain: '',
      generated_score: 0,
      query_type: query.question?.type_name ?? first?.type_name ?? '',
      response_code: message === null ? '' : message.rcode_name,
      answers: message === null ? [] : message.answers.map((answer) => answer.text),
      answer_ttl_s: message?.min_ttl_s ?? null,
      rtt_s: asked && flow.time >= query.time ? (flow.time - query.time) / 1_000_000 : null,
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
    for (const query of this.waiting.splice(0)) this.report(flow, query);
  }
}

/** SERVFAIL, NOTIMP, REFUSED, NOTAUTH */
const refusals: ReadonlySet<number> = new Set([2, 4, 5, 9]);
