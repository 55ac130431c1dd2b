export { byFirstTime, findInputs, type Input, notAmong } from './inputs.ts';
export { type Journal, type JournalState, openJournal, sync_bounds_s } from './journal/index.ts';
export { type CaptureOptions, captureInput } from './live/capture.ts';
export { type FollowOptions, followInput } from './live/follow.ts';
export { type HttpInput, httpInput } from './live/http.ts';
export type { Deliver, Delivery, InputState, LiveInput, Position } from './live/input.ts';
export { type SyslogInput, syslogInput } from './live/syslog.ts';
export {
  defaultLimits,
  headBytes,
  type InputProblem,
  type OpenInput,
  type OpenLimits,
  openInput,
  peekInput,
} from './open.ts';
