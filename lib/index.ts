export { type Duration, hours, milliseconds, minutes, seconds } from './base/duration.ts'
export { type ErrorCode, errorCodes, MillraceError } from './base/errors.ts'
export type { Time } from './base/time.ts'
export type { DStream } from './dstream/dstream.ts'
export type { ForeachFunction } from './dstream/operators/foreach-rdd.ts'
export type {
  KinesisStreamOptions,
  KinesisTextStreamOptions,
  QueueStreamOptions,
  TextFileStreamOptions,
} from './dstream/operators/sources.ts'
export type { TransformFunction, TransformOptions } from './dstream/operators/transform.ts'
export type { UpdateFunction } from './dstream/operators/update-state-by-key.ts'
export type { Attempt } from './dstream/plan-node.ts'
export type { KinesisRecord, KinesisStart, Queue } from './dstream/source-declaration.ts'
export { isPipeline, type Pipeline, stream, type StreamOptions } from './dstream/stream.ts'
export type { StreamingContext } from './dstream/streaming-context.ts'
export { parallelize } from './rdd/parallelize.ts'
export type { PartitionFunction, RDD, ShuffleOptions } from './rdd/rdd.ts'
