import {
  endSmtp,
  feedSmtp,
  newSmtp,
  type SmtpMail,
  type SmtpSession,
  type SmtpSignIn,
} from '../protocols/smtp.ts';
import { type App, columns, type Flow, type Wants } from './app.ts';

export class SmtpApp implements App {
  private readonly session: SmtpSession = newSmtp();
  private time = 0;
  private flow: Flow | null = null;
  private readonly takes = {
    mail: (mail: SmtpMail): void => this.mail(mail),
    sign_in: (signIn: SmtpSignIn): void => this.signIn(signIn),
  };

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    this.flow = flow;
    if (this.time === 0 || (fromOrig && !this.session.open)) this.time = flow.time;
    const more = feedSmtp(this.session, fromOrig, b, from, upTo, this.takes);
    if (this.session.helo !== '') flow.confirm('smtp');
    if (this.session.tls) return 'detect';
    return more ? 'more' : 'nothing';
  }

  private mail(mail: SmtpMail): void {
    const flow = this.flow!;
    flow.emit({ kind: 'mail', time: this.time, ...columns(flow), ...mail });
  }

  private signIn(signIn: SmtpSignIn): void {
    const flow = this.flow!;
    flow.emit({
      kind: 'authentication',
      time: flow.time,
      ...columns(flow),
      protocol: 'smtp',
      username: signIn.username,
      domain: '',
      host: this.session.helo,
      target: '',
      success: signIn.success,
      attempts: 1,
      error: '',
      client: '',
      server: this.session.greeting,
      fingerprint: '',
      detail: signIn.mechanism,
    });
  }

  gap(): Wants {
    return 'nothing';
  }
  ended(): void {}
  close(flow: Flow): void {
    this.flow = flow;
    endSmtp(this.session, this.takes);
  }
}
