import type { HeldBy } from '../state/load.ts'
import type { Behind, LeftOut } from './sources/source-reader.ts'

/** What the runtime reports to its listener. Nothing depends on the listener. */
export type RuntimeEvent =
  | {
      readonly event: 'batchStarted'
      readonly timeMs: number
      readonly attempt: number
      /** 0 where they are not known before reading. */
      readonly records: number
      readonly bytes: number
      readonly objects: number
      /** Time since the batch time: Spark's scheduling delay. */
      readonly delayMs: number
      /** What did not fit into this batch and waits for later ones. */
      readonly behind: Behind
    }
  | {
      readonly event: 'batchCompleted'
      readonly timeMs: number
      readonly attempt: number
      readonly records: number
      readonly bytes: number
      readonly objects: number
      readonly deadLetters: number
      /** Keys that ended because they had no record for too long. */
      readonly expired: number
      /** Records that intake accepted, and that no longer existed. */
      readonly lost: number
      /** Batch times that were left out before this one, while the pipeline was at rest. */
      readonly skippedTimes: number
      readonly processingMs: number
      /** What it has added to accumulators, by name, where that is a number. Left out: nothing. */
      readonly added?: Readonly<Record<string, number>>
    }
  /** A batch does not fit into an invocation. The next one goes on from its finished tasks. */
  | {
      readonly event: 'handedOn'
      readonly timeMs: number
      readonly attempt: number
      /** How many tasks need not run again. */
      readonly tasksKept: number
      /** How many are left of the stages that have begun. */
      readonly tasksLeft: number
    }
  | {
      readonly event: 'batchFailed'
      readonly timeMs: number
      readonly attempt: number
      readonly code: string
      readonly message: string
      /** The operator that failed, and where it is declared. */
      readonly operator?: string
      readonly declaredAt?: string
      /** Where it threw, in the user's module. */
      readonly thrownAt?: string
      readonly retryMs: number
    }
  | {
      readonly event: 'failed'
      readonly timeMs: number
      readonly code: string
      readonly message: string
      readonly operator?: string
      readonly declaredAt?: string
      readonly thrownAt?: string
    }
  | {
      readonly event: 'deadLetter'
      readonly source: string
      readonly position: string
      readonly code: string
      readonly message: string
      /** The operator that threw, and where it is declared. */
      readonly operator?: string
      readonly declaredAt?: string
      /** Where it threw, in the user's module. */
      readonly thrownAt?: string
    }
  /**
   * Records are gone from the store and from their source, and the batch continues without them.
   * Reported in each attempt.
   */
  | {
      readonly event: 'dataLost'
      readonly source: string
      readonly lane: string
      readonly first: string
      readonly last: string
      readonly records: number
      readonly reason: string
    }
  | {
      readonly event: 'objectSkipped'
      readonly source: string
      readonly object: string
      readonly reason: string
    }
  /**
   * What was there before the first start is listed, with `existing: 'all'`. Reported in each batch
   * that lists.
   */
  | {
      readonly event: 'backfill'
      readonly source: string
      /** How many names were listed. */
      readonly listed: number
      /** How many of them are new. */
      readonly found: number
      readonly isDone: boolean
      /** The last name that was listed. Names are listed in their order. */
      readonly after?: string
    }
  /**
   * The clock of a store is not that of the driver. Reported once a minute, of more than 5 s.
   * Modification times are by the clock of the store.
   */
  | {
      readonly event: 'clockSkew'
      readonly source: string
      /** By how much the clock of the store is ahead. Negative: it is behind. */
      readonly aheadMs: number
    }
  /** What waits does not shrink, though batches take all they can. Reported at most every 15 s. */
  | {
      readonly event: 'fallingBehind'
      readonly timeMs: number
      readonly delayMs: number
      /** What waits. */
      readonly records: number
      readonly bytes: number
      readonly objects: number
      /** How much more waits each second. */
      readonly perSecond: Behind
      readonly heldBy: HeldBy
    }
  /**
   * An output asked more of a service than it takes, and has sent something again. Reported once
   * for an output in each attempt at a batch.
   */
  | {
      readonly event: 'throttled'
      readonly timeMs: number
      /** The place of the output: `sqs://orders/messages`. */
      readonly place: string
      /** How many items or messages were refused. One may be refused several times. */
      readonly count: number
    }
  /** Reported by functions every minute. */
  | {
      readonly event: 'lag'
      readonly lagMs: number
      /** By the id of each source. Left out: there is one source, or none. */
      readonly sources?: Readonly<Record<string, number>>
    }
  | { readonly event: 'rest'; readonly timeMs: number }
  | { readonly event: 'wake'; readonly wakeMs: number }
  | {
      readonly event: 'adopted'
      readonly generation: number
      /** State that was stored in another way than this plan stores it, in words. */
      readonly carriedOver: readonly string[]
    }
  /**
   * Files that no batch takes. With `--once` for each reason, at the end of the run; `tooOld` and
   * `renamed` also when they are found.
   */
  | {
      readonly event: 'leftOut'
      readonly source: string
      readonly reason: LeftOut['reason']
      readonly count: number
      readonly first: string
    }
  /** All input has been processed. Reported once, until more input arrives. */
  | { readonly event: 'waiting' }
  /** Nothing runs before the next batch time. Reported once, of the first wait of more than 2 s. */
  | { readonly event: 'due'; readonly atMs: number; readonly inMs: number }
  /** A message of a receiver: connected, connection lost, connecting again. */
  | {
      readonly event: 'receiver'
      readonly source: string
      readonly message: string
      /** The error, if the message is about one. Left out: it is not. */
      readonly failure?: string
    }
  | { readonly event: 'warning'; readonly code: string; readonly message: string }

/** Takes events. Must not throw. */
export type Listener = (event: RuntimeEvent) => void
