export { checkerNames, type CheckerName, type Violation } from './simulation/checkers.ts'
export { type FaultKind, faultKinds } from './simulation/faults.ts'
export { simulate, type SimulateOptions, type SimulationResult } from './simulation/simulate.ts'
