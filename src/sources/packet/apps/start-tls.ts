import { looksLikeTls } from '../protocols/tls.ts';
import type { App, Flow, Wants } from './app.ts';
import { type SeenCertificates, TlsApp } from './tls.ts';

/** Bytes in clear after which no TLS is expected any more. */
const limit = 16 * 1024;

/** A protocol that is named but not read and that may go on with TLS: IMAP, POP3, IRC, XMPP, MySQL. */
export class StartTlsApp implements App {
  private readonly seen: SeenCertificates;
  private tls: TlsApp | null = null;
  private left = limit;

  constructor(seen: SeenCertificates) {
    this.seen = seen;
  }

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    let at = from;
    if (this.tls === null) {
      // MySQL puts a short packet before the hello
      if (looksLikeTls(b, from, upTo)) at = from;
      else if (upTo - from > 42 && looksLikeTls(b, from + 36, upTo)) at = from + 36;
      else {
        this.left -= upTo - from;
        return this.left > 0 ? 'more' : 'nothing';
      }
      this.tls = new TlsApp(this.seen);
    }
    return this.tls.data(flow, fromOrig, b, at, upTo);
  }

  gap(flow: Flow, fromOrig: boolean, length: number): Wants {
    return this.tls === null ? 'nothing' : this.tls.gap(flow, fromOrig, length);
  }
  ended(): void {}
  close(flow: Flow): void {
    this.tls?.close(flow);
  }
}
