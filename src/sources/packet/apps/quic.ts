import { feedQuic, newQuic } from '../protocols/quic.ts';
import type { App, Flow, Wants } from './app.ts';
import { tlsEvent } from './tls.ts';

export class QuicApp implements App {
  private readonly session = newQuic();
  private time = 0;
  private done = false;

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    const { session } = this;
    const more = feedQuic(session, fromOrig, b, from, upTo);
    if (session.client_hello !== null) {
      if (this.time === 0) this.time = flow.time;
      if (flow.place.dst_name === '') flow.place.dst_name = session.client_hello.server_name;
    }
    return more ? 'more' : 'nothing';
  }

  gap(): Wants {
    return 'more';
  }
  ended(): void {}

  close(flow: Flow): void {
    const { session } = this;
    if (this.done) return;
    this.done = true;
    if (session.version !== 0 && session.state !== 'no') flow.confirm('quic');
    if (session.client_hello === null && session.server_hello === null) return;
    flow.confirm('ssl');
    flow.emit(
      tlsEvent(flow, this.time === 0 ? flow.time : this.time, session.client_hello, session.server_hello, {
        protocol: 'q',
        established: session.established,
        resumed: session.server_hello?.has_psk ?? false,
        chain: [],
      }),
    );
  }
}
