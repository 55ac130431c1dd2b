import { parseRdpConfirm, parseRdpRequest, type RdpConfirm, type RdpRequest } from '../protocols/rdp.ts';
import { type App, columns, type Flow, Pending, type Wants } from './app.ts';

/** The first request and answer of RDP; after them TLS begins or everything is encrypted. */
export class RdpApp implements App {
  private readonly pending = [new Pending(), new Pending()] as const;
  private request: RdpRequest | null = null;
  private confirm: RdpConfirm | null = null;
  private time = 0;
  private done = false;

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    if (this.time === 0) this.time = flow.time;
    const pending = this.pending[fromOrig ? 0 : 1];
    pending.join(b, from, upTo);
    const { bytes, from: start, upTo: end } = pending;
    if (fromOrig) this.request ??= parseRdpRequest(bytes, start, end);
    else this.confirm ??= parseRdpConfirm(bytes, start, end);
    const found = fromOrig ? this.request !== null : this.confirm !== null;
    if (!found && end - start > 1500) return 'nothing';
    pending.keep(found ? end : start);
    if (this.request === null || this.confirm === null) return 'more';
    flow.confirm('rdp');
    return this.confirm.security === 'RDP' || this.confirm.security === '' ? 'nothing' : 'detect';
  }
  gap(): Wants {
    return 'nothing';
  }
  ended(): void {}
  close(flow: Flow): void {
    if (this.done || this.request === null) return;
    this.done = true;
    flow.emit({
      kind: 'authentication',
      time: this.time,
      ...columns(flow),
      protocol: 'rdp',
      username: this.request.cookie,
      domain: '',
      host: '',
      target: this.request.cookie,
      success: null,
      attempts: 0,
      error: this.confirm?.failure ?? '',
      client: '',
      server: '',
      fingerprint: '',
      detail: this.confirm?.security ?? '',
    });
  }
}
