/**
 * Where a sensor stands: for some networks it sees only one direction (asymmetric routing, a mirror of one side). A
 * network is the /24 of an IPv4 address, the /64 of an IPv6 address, as text.
 */

/** Which end of a connection lies in the network. */
export type Way = 'src' | 'dst';

/**
 * From `since` on, answers to connections of one way and direction of a network are not seen: that nothing came back
 * says nothing there. It is decided anew each day.
 */
export interface UnseenAnswers {
  readonly network: string;
  readonly way: Way;
  /** outbound, inbound, internal or external */
  readonly direction: string;
  /** the day it holds on, since 1970 */
  readonly day: number;
  /** seconds since 1970: the evidence sufficed by then, from events before it alone */
  readonly since_s: number;
}

/** What was seen of a network's TCP connections, for people. Only of those that show that both sides spoke. */
export interface Vantage {
  readonly network: string;
  /** of which of its connections: those with hosts outside, those with local hosts, or all */
  readonly scope: 'outside' | 'inside' | 'all';
  /** connections of which only what its hosts send is seen */
  readonly sends_only: number;
  /** ... only what its hosts receive */
  readonly receives_only: number;
  /** ... both directions */
  readonly both: number;
}
