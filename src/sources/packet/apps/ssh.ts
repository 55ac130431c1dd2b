import type { Authentication } from '../../../schema/event/authentication.ts';
import { hassh, parseSsh, parseSshBanner, type SshSide } from '../protocols/ssh.ts';
import { type App, columns, type Flow, Pending, type Wants } from './app.ts';

/** Bytes of a side that are read: banner lines and the key exchange offer. */
const limit = 40_000;

/** SSH: software and fingerprint of both sides. Whether the sign-in went well cannot be seen. */
export class SshApp implements App {
  private readonly origIsClient: boolean;
  private readonly pending = [new Pending(), new Pending()] as const;
  private readonly sides: (SshSide | null)[] = [null, null];
  private readonly finished = [false, false];
  private time = 0;
  private done = false;

  constructor(origIsClient = true) {
    this.origIsClient = origIsClient;
  }

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    const side = fromOrig ? 0 : 1;
    if (this.time === 0) this.time = flow.time;
    if (this.finished[side]) return this.wants();
    const pending = this.pending[side];
    pending.join(b, from, upTo);
    const parsed = parseSsh(pending.bytes, pending.from, pending.upTo);
    if (parsed === 'more') {
      if (pending.upTo - pending.from > limit) this.settle(side, pending);
      else pending.keep(pending.from);
    } else {
      this.finished[side] = true;
      if (parsed !== 'no') this.sides[side] = parsed;
      pending.keep(Number.MAX_SAFE_INTEGER);
    }
    if (this.sides[0] !== null && this.sides[1] !== null) flow.confirm('ssh');
    return this.wants();
  }

  private settle(side: 0 | 1, pending: Pending): void {
    const banner = parseSshBanner(pending.bytes, pending.from, pending.upTo);
    if (typeof banner !== 'string') this.sides[side] = banner;
    this.finished[side] = true;
    pending.keep(Number.MAX_SAFE_INTEGER);
  }

  private wants(): Wants {
    return this.finished[0] && this.finished[1] ? 'nothing' : 'more';
  }

  gap(_flow: Flow, fromOrig: boolean): Wants {
    const side = fromOrig ? 0 : 1;
    const pending = this.pending[side];
    if (!this.finished[side]) {
      pending.join(new Uint8Array(0), 0, 0);
      this.settle(side, pending);
    }
    return this.wants();
  }

  ended(): void {}

  close(flow: Flow): void {
    if (this.done) return;
    this.done = true;
    for (const side of [0, 1] as const) {
      const pending = this.pending[side];
      if (!this.finished[side] && pending.length > 0) {
        pending.join(new Uint8Array(0), 0, 0);
        this.settle(side, pending);
      }
    }
    const client = this.sides[this.origIsClient ? 0 : 1] ?? null;
    const server = this.sides[this.origIsClient ? 1 : 0] ?? null;
    if (client === null && server === null) return;
    const event: Authentication = {
      kind: 'authentication',
      time: this.time,
      ...columns(flow),
      protocol: 'ssh',
      username: '',
      domain: '',
      host: '',
      target: '',
      success: null,
      attempts: 0,
      error: '',
      client: client?.software ?? '',
      server: server?.software ?? '',
      fingerprint: client?.kex == null ? '' : hassh(client.kex),
      detail: server === null ? '' : `SSH ${server.version}`,
    };
    flow.emit(event);
  }
}
