import { type KerberosMessage, kerberosFrameLength, parseKerberos } from '../protocols/kerberos.ts';
import { type App, columns, type Flow, Pending, type Wants } from './app.ts';

const limit = 64 * 1024;

/** Kerberos requests with their answers. */
export class KerberosApp implements App {
  private readonly stream: boolean;
  private readonly pending = [new Pending(), new Pending()] as const;
  private request: KerberosMessage | null = null;
  private time = 0;

  constructor(stream: boolean) {
    this.stream = stream;
  }

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    if (!this.stream) return this.message(flow, b, from, upTo) ? 'more' : 'nothing';
    const pending = this.pending[fromOrig ? 0 : 1];
    pending.join(b, from, upTo);
    let at = pending.from;
    while (at < pending.upTo) {
      const length = kerberosFrameLength(pending.bytes, at, pending.upTo);
      if (length > limit) return 'nothing';
      if (length === 0 || at + length > pending.upTo) break;
      if (!this.message(flow, pending.bytes, at + 4, at + length)) return 'nothing';
      at += length;
    }
    pending.keep(at);
    return 'more';
  }

  private message(flow: Flow, b: Uint8Array, from: number, upTo: number): boolean {
    const m = parseKerberos(b, from, upTo);
    if (m === null) return false;
    flow.confirm(this.stream ? 'krb_tcp' : 'krb');
    if (m.type === 'AS_REQ' || m.type === 'TGS_REQ') {
      if (this.request !== null) this.report(flow, null);
      this.request = m;
      this.time = flow.time;
    } else if (m.type !== 'AP_REQ') this.report(flow, m);
    return true;
  }

  private report(flow: Flow, answer: KerberosMessage | null): void {
    const request = this.request;
    this.request = null;
    const known = request ?? answer;
    if (known === null) return;
    flow.emit({
      kind: 'authentication',
      time: request === null ? flow.time : this.time,
      ...columns(flow),
      protocol: 'kerberos',
      username: (request?.client || answer?.client) ?? '',
      domain: (request?.realm || answer?.realm) ?? '',
      host: '',
      target: (request?.service || answer?.service) ?? '',
      success: answer === null ? null : answer.type === 'KRB_ERROR' ? 0 : 1,
      attempts: 1,
      error: answer?.error ?? '',
      client: '',
      server: '',
      fingerprint: '',
      detail:
        `${known.type.slice(0, 3) === 'TGS' ? 'TGS' : 'AS'} ${(answer ?? known).ciphers[0] ?? ''}`.trim(),
    });
  }

  gap(): Wants {
    return this.stream ? 'nothing' : 'more';
  }
  ended(): void {}
  close(flow: Flow): void {
    if (this.request !== null) this.report(flow, null);
  }
}
