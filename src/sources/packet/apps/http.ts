import type { Http } from '../../../schema/event/http.ts';
import {
  bodyLength,
  type HttpBody,
  type HttpRequestHead,
  type HttpResponseHead,
  parseHttpRequest,
  parseHttpResponse,
  skipBody,
  skipLostBody,
} from '../protocols/http.ts';
import { type App, type Flow, Pending, type Wants } from './app.ts';

const maxWaiting = 64;

interface Exchange {
  readonly time: number;
  readonly request: HttpRequestHead | null;
  readonly requestBody: HttpBody | null;
  response: HttpResponseHead | null;
  responseBody: HttpBody | null;
  next: Exchange | null;
}

/** HTTP/1 over the whole life of a connection: heads are read, bodies counted. */
export class HttpApp implements App {
  private readonly clientIsOrig: boolean;
  private client: Pending | null = null;
  private server: Pending | null = null;
  private requestBody: HttpBody | null = null;
  /** requests whose answer is not complete, oldest first */
  private first: Exchange | null = null;
  private last: Exchange | null = null;
  private waiting = 0;
  private answering: Exchange | null = null;
  private clientLost = false;
  private serverLost = false;
  private tunnel = false;

  constructor(clientIsOrig: boolean) {
    this.clientIsOrig = clientIsOrig;
  }

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    if (fromOrig === this.clientIsOrig) this.fromClient(flow, b, from, upTo);
    else this.fromServer(flow, b, from, upTo);
    return this.wants();
  }

  private wants(): Wants {
    if (this.tunnel) return 'detect';
    return this.clientLost && this.serverLost ? 'nothing' : 'more';
  }

  private fromClient(flow: Flow, b: Uint8Array, start: number, end: number): void {
    if (this.clientLost) return;
    let bytes = b;
    let from = start;
    let upTo = end;
    const held = this.client;
    if (held !== null) {
      held.join(b, start, end);
      ({ bytes, from, upTo } = held);
      this.client = null;
    }
    while (from < upTo) {
      if (this.requestBody !== null && !this.requestBody.done) {
        from = skipBody(this.requestBody, bytes, from, upTo);
        if (!this.requestBody.done) break;
        continue;
      }
      const head = parseHttpRequest(bytes, from, upTo);
      if (head === 'no') {
        this.clientLost = true;
        break;
      }
      if (head === 'more') {
        this.client = kept(bytes, from, upTo);
        return;
      }
      from += head.head_bytes;
      this.requestBody = bodyLength(head);
      if (this.waiting >= maxWaiting) this.finish(flow, this.next()!);
      const exchange = newExchange(flow.time, head, this.requestBody);
      if (this.last === null) this.first = exchange;
      else this.last.next = exchange;
      this.last = exchange;
      this.waiting++;
      if (flow.place.dst_name === '') flow.place.dst_name = head.host;
      flow.confirm('http');
    }
  }

  private fromServer(flow: Flow, b: Uint8Array, start: number, end: number): void {
    if (this.serverLost) return;
    let bytes = b;
    let from = start;
    let upTo = end;
    const held = this.server;
    if (held !== null) {
      held.join(b, start, end);
      ({ bytes, from, upTo } = held);
      this.server = null;
    }
    while (from < upTo && !this.tunnel) {
      const body = this.answering?.responseBody ?? null;
      if (body !== null && !body.done) {
        from = skipBody(body, bytes, from, upTo);
        if (body.done) this.answered(flow);
        continue;
      }
      const head = parseHttpResponse(bytes, from, upTo);
      if (head === 'no') {
        this.serverLost = true;
        break;
      }
      if (head === 'more') {
        this.server = kept(bytes, from, upTo);
        return;
      }
      from += head.head_bytes;
      flow.confirm('http');
      if (head.status_code >= 100 && head.status_code < 200 && head.status_code !== 101) continue;
      const exchange = this.next() ?? newExchange(flow.time, null, null);
      exchange.response = head;
      exchange.responseBody = bodyLength(head, exchange.request?.method ?? '');
      this.answering = exchange;
      if (exchange.responseBody.kind === 'tunnel') {
        this.tunnel = true;
        this.answered(flow);
      } else if (exchange.responseBody.done) this.answered(flow);
    }
  }

  private next(): Exchange | null {
    const { first } = this;
    if (first === null) return null;
    this.first = first.next;
    if (this.first === null) this.last = null;
    this.waiting--;
    return first;
  }

  private answered(flow: Flow): void {
    const exchange = this.answering;
    this.answering = null;
    if (exchange !== null) this.finish(flow, exchange);
  }

  private finish(flow: Flow, exchange: Exchange): void {
    const { request, response } = exchange;
    const { place } = flow;
    const event: Http = {
      kind: 'http',
      time: exchange.time,
      uid: place.uid,
      src_ip: place.src_ip,
      src_port: place.src_port,
      dst_ip: place.dst_ip,
      dst_port: place.dst_port,
      transport: place.transport,
      src_local: false,
      dst_local: false,
      direction: '',
      method: request?.method ?? '',
      host: request?.host ?? '',
      host_domain: '',
      uri: request?.target ?? '',
      version: request?.version ?? response?.version ?? '',
      user_agent: request?.user_agent ?? '',
      referrer: request?.referrer ?? '',
      status_code: response?.status_code ?? 0,
      request_bytes: exchange.requestBody?.seen_bytes ?? 0,
      response_bytes: exchange.responseBody?.seen_bytes ?? 0,
      request_mime: request?.content_type ?? '',
      response_mime: response?.content_type ?? '',
      username: request?.username ?? '',
      authorization: request?.authorization ?? '',
      proxied: request?.proxied ?? '',
    };
    flow.emit(event);
  }

  gap(flow: Flow, fromOrig: boolean, length: number): Wants {
    if (fromOrig === this.clientIsOrig) {
      if (length === 0 || this.requestBody === null || !skipLostBody(this.requestBody, length)) {
        this.clientLost = true;
      }
    } else {
      const body = this.answering?.responseBody ?? null;
      if (length === 0 || body === null || !skipLostBody(body, length)) {
        this.serverLost = true;
        this.answered(flow);
      } else if (body.done) this.answered(flow);
    }
    return this.wants();
  }

  ended(flow: Flow, fromOrig: boolean): void {
    if (fromOrig !== this.clientIsOrig) this.answered(flow);
  }

  close(flow: Flow): void {
    this.answered(flow);
    for (let exchange = this.next(); exchange !== null; exchange = this.next()) this.finish(flow, exchange);
  }
}

function newExchange(time: number, request: HttpRequestHead | null, requestBody: HttpBody | null): Exchange {
  return { time, request, requestBody, response: null, responseBody: null, next: null };
}

function kept(bytes: Uint8Array, from: number, upTo: number): Pending {
  const pending = new Pending();
  pending.join(bytes, from, upTo);
  pending.keep(from);
  return pending;
}
