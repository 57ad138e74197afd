/**
 * What the history keeps of a batch. The page, listeners of other processes, the bill and the
 * command line all read this. Nothing in the protocol depends on it.
 *
 * What is not known is left out: 0 means that there was none.
 */
import type { Usage } from '../../base/prices.ts'
import type { FailureReason } from '../head.ts'
import type { Amounts } from '../load.ts'

/**
 * `completed`: the batch is committed. `failed`: an attempt failed. `skipped`: an operator has
 * skipped the batch, or given up a source.
 */
export type BatchStatus = 'completed' | 'failed' | 'skipped'

/** What a batch took from a lane. */
export interface LaneTaken {
  readonly lane: string
  /** The positions of the first and the last record. */
  readonly first: string
  readonly last: string
  readonly records: number
  /** How old its oldest record was when the attempt began, since intake took it. */
  readonly lagMs?: number
}

/** What a batch took from a source. */
export interface SourceTaken extends Amounts {
  /** The id of the source node. */
  readonly id: string
  /** The appends of intake that brought the records. */
  readonly appends?: number
  readonly lanes?: readonly LaneTaken[]
  /** The first names of the objects or files. */
  readonly names?: readonly string[]
  /** What was there and did not fit into the batch. */
  readonly waiting?: Amounts
}

/** A run of an output. Times are relative to the start of the attempt. */
export interface OutputRun {
  /** The id of the output node. */
  readonly id: string
  readonly startMs: number
  readonly ms: number
  /** Why it failed: the first line. Left out: it has not. */
  readonly error?: string
}

/** A stage that has run. Times are relative to the start of the attempt. */
export interface StageRun {
  /** The id of the node. */
  readonly node: string
  readonly side: string
  readonly tasks: number
  readonly startMs: number
  readonly ms: number
  /** How many keys its tasks gave together. Left out: it is not known. */
  readonly keys?: number
  /** How many tasks ran in executors, by their numbers. Left out: all ran in the driver. */
  readonly executors?: Readonly<Record<string, number>>
}

/** The state or the window of an operator after the batch. */
export interface StateSize {
  /** The id of the state. */
  readonly id: string
  /** How many keys it has. Left out: it is a window, or an executor has a part of it. */
  readonly keys?: number
  readonly bytes: number
  readonly segments: number
  /** By how many bytes it grew in this batch. */
  readonly growth: number
  /** How many keys have ended so far, because they were idle. */
  readonly expired?: number
}

/** What the process had that ran an attempt. */
export interface RunnerSize {
  /** The share of its memory that was in use at the end, from 0 to 1. Left out: unknown. */
  readonly memoryShare?: number
  /** The memory that it may use, in megabytes. Left out: unknown. */
  readonly memoryMb?: number
  /** The time-out of its invocation. Left out: it may run for ever. */
  readonly timeoutMs?: number
  /** How many executors it could call. Left out: none. */
  readonly executors?: number
}

/** The lists of a record that may be cut, to keep it small. */
export type CutList = 'sources' | 'lanes' | 'names' | 'outputs' | 'stages' | 'states'

/** One batch, or one attempt at a batch that failed. */
export interface BatchRecord extends Amounts {
  /** The batch time. Of a source that was given up: the time of the command. */
  readonly timeMs: number
  readonly status: BatchStatus
  /** The number of the attempt, from 1. 0: a source was given up, and no batch. */
  readonly attempt: number
  readonly deadLetters: number
  /** Keys that ended because they had no record for too long. */
  readonly expired: number
  /** Records that no longer existed. */
  readonly lost: number
  /** From the start of the attempt to its commit, or its failure. */
  readonly processingMs: number
  /** When the attempt began. Left out: an earlier version has not noted it. */
  readonly startedMs?: number
  /** Batch times that were left out before this one, while the pipeline was at rest. */
  readonly skippedTimes?: number
  /** Whether the application has stopped after this attempt. */
  readonly isFinal?: true
  /**
   * Why it failed. Of a completed batch: why its attempt before failed. Of a skipped batch: why it
   * could not run.
   */
  readonly reason?: FailureReason
  /** Of a skipped batch: what it contained, in words. */
  readonly held?: string
  readonly generation?: number
  /** The hash of the plan. */
  readonly plan?: string
  readonly sources?: readonly SourceTaken[]
  readonly outputs?: readonly OutputRun[]
  readonly stages?: readonly StageRun[]
  readonly states?: readonly StateSize[]
  /** The process that ran the attempt. Left out: nothing is known of it. */
  readonly runner?: RunnerSize
  /** How many attempts at the batch have handed it on. Left out: none. */
  readonly handedOn?: number
  /** What it has added to accumulators, by name, where that is a number. Left out: nothing. */
  readonly added?: Readonly<Record<string, number>>
  /** How many dead letters there were, by their codes. */
  readonly codes?: Readonly<Record<string, number>>
  /**
   * How many items or messages the service of an output refused for a moment, by the places of
   * outputs. They were sent again. Left out: none.
   */
  readonly throttled?: Readonly<Record<string, number>>
  /** What the driver and its executors have used since the record before this one. */
  readonly usage?: Usage
  /**
   * What intake had used in all when the batch was allocated. It falls when a lane is removed. Two
   * records say what was used between them. Left out: it is not known.
   */
  readonly intakeUsage?: Usage
  /** How many entries of a list were left out, because the record would have been too large. */
  readonly cut?: Readonly<Partial<Record<CutList, number>>>
}

/** What is known of each batch, also of those that earlier versions have noted. */
export type BatchCounts = Pick<
  BatchRecord,
  | 'timeMs'
  | 'attempt'
  | 'records'
  | 'bytes'
  | 'objects'
  | 'deadLetters'
  | 'expired'
  | 'lost'
  | 'processingMs'
>

/** The times and delays of a batch, as Spark has them. Left out: they are not known. */
export interface BatchTimings {
  /** When the batch could begin: at its batch time, or before if it did not wait for the clock. */
  readonly submittedMs?: number
  readonly startedMs?: number
  readonly endedMs?: number
  readonly schedulingDelayMs?: number
  readonly totalDelayMs?: number
}

/** The times and delays of a batch. */
export const timingsOf = ({
  timeMs,
  startedMs,
  processingMs,
}: Pick<BatchRecord, 'timeMs' | 'startedMs' | 'processingMs'>): BatchTimings => {
  if (startedMs === undefined) return {}
  const submittedMs = Math.min(timeMs, startedMs)
  const schedulingDelayMs = startedMs - submittedMs
  return {
    submittedMs,
    startedMs,
    endedMs: startedMs + processingMs,
    schedulingDelayMs,
    totalDelayMs: schedulingDelayMs + processingMs,
  }
}
