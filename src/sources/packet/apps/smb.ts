import { findNtlm, type NtlmMessage } from '../protocols/ntlm.ts';
import { ntStatusName, parseSmb, smbFrameLength } from '../protocols/smb.ts';
import { type App, columns, type Flow, Pending, type Wants } from './app.ts';

/** A frame's headers and names are in its first bytes; file data after them is passed over. */
const headBytes = 4096;
const maxWaiting = 256;
const moreProcessing = 0xc0000016;

interface Side {
  readonly pending: Pending;
  skip: number;
}

interface Mapping {
  readonly time: number;
  readonly path: string;
}

/** SMB: shares that are mapped, and NTLM sign-ins inside session set-ups. */
export class SmbApp implements App {
  private readonly sides: readonly [Side, Side] = [
    { pending: new Pending(), skip: 0 },
    { pending: new Pending(), skip: 0 },
  ];
  private readonly mappings = new Map<number, Mapping>();
  private challenge: Extract<NtlmMessage, { type: 'challenge' }> | null = null;
  private signIn: { message: Extract<NtlmMessage, { type: 'authenticate' }>; time: number } | null = null;

  data(flow: Flow, fromOrig: boolean, b: Uint8Array, from: number, upTo: number): Wants {
    const side = this.sides[fromOrig ? 0 : 1];
    let start = from;
    if (side.skip > 0) {
      const step = Math.min(side.skip, upTo - start);
      side.skip -= step;
      start += step;
      if (start === upTo) return 'more';
    }
    const { pending } = side;
    pending.join(b, start, upTo);
    let at = pending.from;
    while (at < pending.upTo) {
      const length = smbFrameLength(pending.bytes, at, pending.upTo);
      const there = pending.upTo - at;
      if (length === 0 || (there < length && there < headBytes)) break;
      if (!this.frame(flow, pending.bytes, at, Math.min(at + length, pending.upTo))) return 'nothing';
      if (there < length) {
        side.skip = length - there;
        at = pending.upTo;
      } else at += length;
    }
    pending.keep(at);
    return 'more';
  }

  /** False when it is not SMB, or encrypted: then nothing more can be read. */
  private frame(flow: Flow, b: Uint8Array, from: number, upTo: number): boolean {
    if (b[from] !== 0) return b[from] === 0x81 || b[from] === 0x82 || b[from] === 0x85; // NetBIOS session service
    if (upTo - from <= 4) return true;
    const messages = parseSmb(b, from, upTo);
    if (messages.length === 0) return false;
    for (const message of messages) {
      if (message.version === 3) return false;
      flow.confirm('smb');
      if (message.command === 'TREE_CONNECT') {
        if (!message.response) {
          if (this.mappings.size < maxWaiting) {
            this.mappings.set(message.message_id, { time: flow.time, path: message.path });
          }
        } else this.mapped(flow, message.message_id, message.status, message.share_type);
      } else if (message.command === 'SESSION_SETUP')
        this.setUp(flow, b, from, upTo, message.response, message.status);
    }
    return true;
  }

  private mapped(flow: Flow, id: number, status: number, shareType: string): void {
    const mapping = this.mappings.get(id);
    if (mapping === undefined || status === moreProcessing) return;
    this.mappings.delete(id);
    this.report(flow, mapping, shareType, true);
  }

  private report(flow: Flow, mapping: Mapping, shareType: string, answered: boolean): void {
    flow.emit({
      kind: 'remote_call',
      time: mapping.time,
      ...columns(flow),
      protocol: 'smb',
      endpoint: shareType,
      operation: 'tree_connect',
      path: mapping.path,
      rtt_s: answered && flow.time >= mapping.time ? (flow.time - mapping.time) / 1_000_000 : null,
    });
  }

  private setUp(
    flow: Flow,
    b: Uint8Array,
    from: number,
    upTo: number,
    response: boolean,
    status: number,
  ): void {
    const ntlm = findNtlm(b, from, upTo);
    if (ntlm?.type === 'challenge') this.challenge = ntlm;
    if (!response && ntlm?.type === 'authenticate') this.signIn = { message: ntlm, time: flow.time };
    if (response && status !== moreProcessing && this.signIn !== null) this.signedIn(flow, status);
  }

  private signedIn(flow: Flow, status: number | null): void {
    const { message, time } = this.signIn!;
    this.signIn = null;
    flow.emit({
      kind: 'authentication',
      time,
      ...columns(flow),
      protocol: 'ntlm',
      username: message.username,
      domain: message.domain,
      host: message.host,
      target: this.challenge?.nb_computer || this.challenge?.target || '',
      success: status === null ? null : status === 0 ? 1 : 0,
      attempts: 1,
      error: status === null || status === 0 ? '' : ntStatusName(status),
      client: '',
      server: '',
      fingerprint: '',
      detail: message.ntlm_v1 ? 'NTLMv1' : '',
    });
  }

  gap(_flow: Flow, fromOrig: boolean, length: number): Wants {
    const side = this.sides[fromOrig ? 0 : 1];
    if (length > 0 && length <= side.skip) {
      side.skip -= length;
      return 'more';
    }
    return 'nothing';
  }
  ended(): void {}
  close(flow: Flow): void {
    for (const mapping of this.mappings.values()) this.report(flow, mapping, '', false);
    this.mappings.clear();
    if (this.signIn !== null) this.signedIn(flow, null);
  }
}
