export { type OpenedState, openState, type StatePlace } from './access/open-state.ts'
export { type Duration, hours, milliseconds, minutes, seconds } from './base/duration.ts'
export { type ErrorCode, errorCodes, MillraceError } from './base/errors.ts'
export type { SchemaOutput, StandardSchema } from './base/standard-schema.ts'
export { readObjects } from './formats/object-lines.ts'
export { type Time, timeOf } from './base/time.ts'
export type { DStream } from './dstream/dstream.ts'
export { type EventTimeOptions, EventTimeStream } from './dstream/operators/event-time.ts'
export type { PartitionAttempt } from './dstream/operators/foreach-partition.ts'
export type { ForeachFunction } from './dstream/operators/foreach-rdd.ts'
export type {
  BinaryRecordsStreamOptions,
  FileStreamOptions,
  FormatStreamOptions,
  TextFileStreamOptions,
} from './dstream/sources/file-options.ts'
export type { FileReader } from './dstream/sources/file-selection.ts'
export type {
  KinesisRecord,
  KinesisStart,
  KinesisStreamOptions,
  KinesisTextStreamOptions,
} from './dstream/sources/kinesis.ts'
export type { Queue, QueueStreamOptions } from './dstream/sources/queue.ts'
export type { Receive, Receiving } from './dstream/sources/receiver.ts'
export type { StreamSource } from './dstream/sources/stream-source.ts'
export type { MapWithStateStream } from './dstream/operators/map-with-state.ts'
export {
  type EventResults,
  KeyedWindows,
  type WindowResultOptions,
} from './dstream/operators/timed-windows.ts'
export type { LateRecord, WindowResult } from './dstream/operators/windowed-partition.ts'
export type { Window } from './state/operator/time-spans.ts'
export type { InverseWindowOptions } from './dstream/operators/reduce-by-key-and-window.ts'
export type { PrintOptions } from './dstream/operators/print.ts'
export type { FormatFileOptions } from './dstream/operators/save-as-files.ts'
export type { PartitionColumns } from './formats/hive-directory.ts'
export type { FileOptions } from './dstream/operators/save-files.ts'
export type {
  KeyVisit,
  UpdateStateByKeyOptions,
  UpdateStateOptions,
} from './dstream/operators/state-node.ts'
export type {
  TransformFunction,
  TransformOptions,
  TransformWithFunction,
} from './dstream/operators/transform.ts'
export type {
  TimedUpdateFunction,
  UpdateFunction,
} from './dstream/operators/update-state-by-key.ts'
export type { PartitionUpdateFunction } from './dstream/operators/update-state-by-partition.ts'
export type {
  Accumulator,
  AccumulatorSpec,
  CollectionAccumulator,
  CollectionAccumulatorOptions,
  NumberAccumulator,
} from './dstream/shared/accumulators.ts'
export type { Broadcast, BroadcastOptions } from './dstream/shared/broadcasts.ts'
export type { State } from './dstream/key-state.ts'
export {
  type InitialState,
  type StateFunction,
  StateSpec,
  type StateSpecSettings,
} from './dstream/state-spec.ts'
export type { RDDsOf } from './dstream/streaming-context.ts'
export type { Histogram, Stats } from './rdd/operations/numbers.ts'
export type { BatchRow } from './dstream/listening/batch-rows.ts'
export {
  type SeriesBin,
  type SeriesPoint,
  StreamingProgress,
} from './dstream/listening/streaming-progress.ts'
export type {
  BatchInfo,
  OutputOperationInfo,
  ReceiverInfo,
  StreamingListener,
  StreamInputInfo,
} from './dstream/listening/streaming-listener.ts'
export type { SortOptions } from './rdd/operations/ordering.ts'
export type { SampleOptions } from './rdd/operations/sampling.ts'
export type { Attempt } from './dstream/plan-node.ts'
export type { BackpressureOptions, RateOptions } from './dstream/rate.ts'
export { isPipeline, type Pipeline, stream, type StreamOptions } from './dstream/stream.ts'
export type { StreamingContext } from './dstream/streaming-context.ts'
export { parallelize } from './rdd/parallelize.ts'
export type { PartitionFunction } from './rdd/partition-function.ts'
export type { RDD, ShuffleOptions } from './rdd/rdd.ts'
export type {
  Message,
  MessageOptions,
  Row,
  SinkDeclaration,
  TableOptions,
} from './rdd/sink-declaration.ts'
