export { memoryItemStore } from '../adapters/memory/memory-item-store.ts'
export {
  memoryObjectStore,
  type MemoryObjectStore,
} from '../adapters/memory/memory-object-store.ts'
export { memoryObjects, type MemoryObjects } from '../adapters/memory/memory-objects.ts'
export { memoryFiles, type MemoryFiles } from '../adapters/memory/memory-files.ts'
export { memoryPrinter, type MemoryPrinter } from '../adapters/memory/memory-printer.ts'
export { memoryTable, type MemoryTable } from '../adapters/memory/memory-table.ts'
export {
  checkerPromises,
  type CheckerName,
  type Violation,
} from './simulation/checkers/violations.ts'
export { type RuntimeEvent } from '../runtime/events.ts'
export {
  type TestBatch,
  type TestDeadLetter,
  type TestFailure,
  type TestOutput,
  type TestRun,
} from './harness/test-batch.ts'
export { type TestChange } from './harness/feeds/dynamodb-stream.ts'
export { type TestPost } from './harness/feeds/http.ts'
export { type TestTopicRecord } from './harness/feeds/kafka.ts'
export { type TestRecord } from './harness/feeds/kinesis.ts'
export { type TestTopicMessage } from './harness/feeds/mqtt.ts'
export { type TestInput } from './harness/test-input.ts'
export { type TestStream, testStream } from './harness/test-stream.ts'
export type { RestartOptions, TestStreamOptions } from './harness/test-options.ts'
export { type FaultKind, faultKinds } from './simulation/faults.ts'
export { simulate, type SimulateOptions, type SimulationResult } from './simulation/simulate.ts'
export { type RecoveryPath, recoveryPaths, type SightingCounts } from './simulation/sightings.ts'
