export { byFirstTime, findInputs, type Input, notAmong } from './inputs.ts';
export type { Deliver, Delivery, InputState, LiveInput, Position } from './live/input.ts';
export {
  defaultLimits,
  headBytes,
  type InputProblem,
  type OpenInput,
  type OpenLimits,
  openInput,
  peekInput,
} from './open.ts';
