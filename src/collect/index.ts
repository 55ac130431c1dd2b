export { byFirstTime, findInputs, type Input, notAmong } from './inputs.ts';
export {
  defaultLimits,
  headBytes,
  type InputProblem,
  type OpenInput,
  type OpenLimits,
  openInput,
  peekInput,
} from './open.ts';
