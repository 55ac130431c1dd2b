import { endFtp, type FtpExchange, feedFtp, newFtp } from '../protocols/ftp.ts';
import { type App, columns, type Flow, type Wants } from './app.ts';

export class FtpApp implements App {
  private readonly session = newFtp();

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    const more = feedFtp(this.session, fromOrig, b, from, upTo, (exchange) => this.take(flow, exchange));
    return this.session.tls ? 'detect' : more ? 'more' : 'nothing';
  }

  private take(flow: Flow, exchange: FtpExchange): void {
    flow.confirm('ftp');
    flow.emit({
      kind: 'ftp',
      time: flow.time,
      ...columns(flow),
      username: exchange.username,
      command: exchange.command,
      argument: exchange.argument,
      reply_code: exchange.reply_code,
      reply: exchange.reply,
      file_bytes: 0,
    });
    if (exchange.signed_in === null) return;
    flow.emit({
      kind: 'authentication',
      time: flow.time,
      ...columns(flow),
      protocol: 'ftp',
      username: exchange.username,
      domain: '',
      host: '',
      target: '',
      success: exchange.signed_in,
      attempts: 1,
      error: exchange.signed_in === 0 ? `${exchange.reply_code}` : '',
      client: '',
      server: this.session.greeting,
      fingerprint: '',
      detail: '',
    });
  }

  gap(): Wants {
    return 'nothing';
  }
  ended(): void {}
  close(flow: Flow): void {
    endFtp(this.session, (exchange) => this.take(flow, exchange));
  }
}
