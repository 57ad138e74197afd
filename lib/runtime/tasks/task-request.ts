/** What a driver asks of an executor, and what it answers. */
import { decode, encode } from '../../base/codec.ts'
import { codeOf } from '../../base/errors.ts'
import { errorText } from '../../base/error-text.ts'
import type { CountedPart } from '../sources/source-reader.ts'
import type { PlacedAdds } from '../../rdd/adds/adding.ts'
import type { StageName } from '../../rdd/tasks.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import {
  ColumnsPart,
  columnsOfPart,
  type PackedElements,
  type PackedResult,
  type PairColumns,
} from './columns.ts'
import type { Moved, PartitionTimer } from '../../dstream/plan-node.ts'
import type { ExchangePart } from '../../rdd/exchange.ts'
import type { BroadcastVersions } from '../../state/broadcasts.ts'
import type { MovedAway } from '../../state/away-partition.ts'
import type { PackedPartition } from '../../state/manifest.ts'
import type { SegmentRef } from '../../state/segments.ts'

/** The batch of a task. The same for all of its tasks. */
export interface TaskBatch {
  readonly app: string
  readonly generation: number
  /** The hash of the plan. */
  readonly plan: string
  readonly timeMs: number
  readonly zeroMs: number
  /** The epoch of the attempt. With the input, it names what an executor has already read. */
  readonly epoch: number
  /** The input as the head stores it. */
  readonly input: string | SegmentRef
  /** What the driver has found where it read the input: see `foundText`. */
  readonly found: string
  /** The watermarks before the batch, by operator. Left out: no operator has one. */
  readonly watermarks?: Readonly<Record<string, number>>
  /** The versions of broadcast values. Left out: the plan has none. */
  readonly broadcasts?: BroadcastVersions
  /** The span of the call, if it is traced. Nothing else depends on it. */
  readonly traceparent?: string
}

/** A task: plain data, from which any process with the same code can compute it. */
export interface TaskRequest extends TaskBatch, StageName {
  /** The number of the task in its stage, from 0, and how many tasks the stage has. */
  readonly index: number
  readonly count: number
  /**
   * The node whose elements the task begins with: see given.ts. They come beside the request. Left
   * out: it reads the input.
   */
  readonly given?: string
}

/**
 * The move of one partition of an operator: see `StateMove`. What the exchange brings comes beside
 * it, as the bytes of `encodeParts`.
 */
export interface StateRequest
  extends Omit<TaskBatch, 'input' | 'found' | 'watermarks'>, PartitionTimer {
  /** The id of the operator, and the number of the partition. */
  readonly node: string
  readonly partition: number
  /** Names the segments. */
  readonly attemptId: string
  /**
   * What is stored of the partition before the batch, as a manifest holds it: of its state, then of
   * its panes.
   */
  readonly before: readonly PackedPartition[]
}

/** What a driver asks of an executor. */
export type ExecutorRequest = TaskRequest | StateRequest

export const isStateRequest = (request: ExecutorRequest): request is StateRequest =>
  'partition' in request

/** The number of a task in its stage, or of a partition. */
export const numberOf = (request: ExecutorRequest): number =>
  isStateRequest(request) ? request.partition : request.index

/** What an exchange brings, as bytes. */
export const encodeParts = (parts: readonly ExchangePart[]): Uint8Array =>
  encode(parts.map(columnsOfPart))

/** The parts of `encodeParts`. */
export const decodeParts = (bytes: Uint8Array): readonly ExchangePart[] =>
  (decode(bytes) as readonly PairColumns[]).map((columns) => new ColumnsPart(columns))

/** Why an executor gives no result. */
export type Refusal =
  /** It has another generation or another plan. */
  | 'differs'
  /** Its plan has no such stage, or one with another number of tasks. */
  | 'unknown'
  /** It has found something else than the driver: an object is gone since, or is there again. */
  | 'changed'
  /** The result has values that cannot be sent. */
  | 'unsupported'
  /** The task threw. The driver runs it again, and so gets the error where it belongs. */
  | 'failed'

/** What an executor has made of the state of a partition, or of its panes. */
export interface PackedMade extends Omit<MovedAway, 'stored'> {
  readonly stored: PackedPartition
}

/** What an executor has made of a partition of an operator. */
export interface MovedAnswer extends Omit<Moved, 'elements'> {
  readonly kind: 'moved'
  /** Of its state, then of its panes. */
  readonly made: readonly PackedMade[]
  readonly elements: PackedElements
  readonly deadLetters: readonly DeadLetter[]
  /** As in {@link DoneAnswer}. */
  readonly adds?: readonly PlacedAdds[] | undefined
}

/** The result of a task. */
export interface DoneAnswer {
  readonly kind: 'done'
  readonly data: PackedResult
  /** The partitions of sources that were read. */
  readonly counted: readonly CountedPart[]
  readonly deadLetters: readonly DeadLetter[]
  /** What was added to accumulators. Left out: the plan has none. */
  readonly adds?: readonly PlacedAdds[] | undefined
}

/** There is no result. */
export interface RefusedAnswer {
  readonly kind: 'refused'
  readonly why: Refusal
  readonly message: string
}

/** The answer of an executor. */
export type TaskAnswer = DoneAnswer | MovedAnswer | RefusedAnswer

/** The answer as bytes. */
export const encodeAnswer = (answer: TaskAnswer): Uint8Array => {
  try {
    return encode(answer)
  } catch (error) {
    return encode(
      refused(codeOf(error, 'BATCH_FAILED') === UNSUPPORTED ? 'unsupported' : 'failed', error),
    )
  }
}

const UNSUPPORTED = 'VALUE_UNSUPPORTED'

/** The answer of `encodeAnswer`. */
export const decodeAnswer = (bytes: Uint8Array): TaskAnswer => decode(bytes) as TaskAnswer

/** A refusal for a reason. */
export const refused = (why: Refusal, reason: unknown): RefusedAnswer => ({
  kind: 'refused',
  why,
  message: typeof reason === 'string' ? reason : errorText(reason),
})
