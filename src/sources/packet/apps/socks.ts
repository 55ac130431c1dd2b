import { feedSocks, newSocks } from '../protocols/socks.ts';
import type { App, Flow, Wants } from './app.ts';

/** SOCKS: the name asked for becomes the connection's; what follows is looked at afresh. */
export class SocksApp implements App {
  private readonly session = newSocks();
  rest = -1;

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    const stop = feedSocks(this.session, fromOrig, b, from, upTo);
    if (this.session.reply !== -1) flow.confirm('socks');
    if (this.session.host !== '' && flow.place.dst_name === '') flow.place.dst_name = this.session.host;
    switch (this.session.state) {
      case 'open':
        return 'more';
      case 'tunnel':
        this.rest = stop;
        return 'detect';
      default:
        return 'nothing';
    }
  }
  gap(): Wants {
    return 'nothing';
  }
  ended(): void {}
  close(): void {}
}
