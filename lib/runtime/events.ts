/** What the runtime tells those who watch. Nothing depends on anybody listening. */
export type RuntimeEvent =
  | {
      readonly event: 'batchStarted'
      readonly timeMs: number
      readonly attempt: number
      readonly records: number
      /** How long after its batch time: Spark's scheduling delay. */
      readonly delayMs: number
    }
  | {
      readonly event: 'batchCompleted'
      readonly timeMs: number
      readonly attempt: number
      readonly records: number
      readonly bytes: number
      readonly objects: number
      readonly deadLetters: number
      /** Records that were taken in and were nowhere any more. */
      readonly lost: number
      /** Batch times left out before this one, while the pipeline rested. */
      readonly skippedTimes: number
      readonly processingMs: number
    }
  | {
      readonly event: 'batchFailed'
      readonly timeMs: number
      readonly attempt: number
      readonly code: string
      readonly message: string
      readonly retryMs: number
    }
  | {
      readonly event: 'failed'
      readonly timeMs: number
      readonly code: string
      readonly message: string
    }
  | {
      readonly event: 'deadLetter'
      readonly source: string
      readonly position: string
      readonly code: string
      readonly message: string
    }
  /**
   * Records are gone from the store and from their source, and the batch goes on without them; said
   * at each attempt.
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
  /** Said by functions each minute. */
  | { readonly event: 'lag'; readonly lagMs: number }
  | { readonly event: 'rest'; readonly timeMs: number }
  | { readonly event: 'wake'; readonly wakeMs: number }
  | { readonly event: 'adopted'; readonly generation: number }
  /** Said once, when all there is has been processed, until there is something again. */
  | { readonly event: 'waiting' }
  /** What a receiver has to say: connected, lost, connecting again. */
  | { readonly event: 'receiver'; readonly source: string; readonly message: string }
  | { readonly event: 'warning'; readonly code: string; readonly message: string }

/** Takes events. Must not throw. */
export type Listener = (event: RuntimeEvent) => void
