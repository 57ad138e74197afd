/**
 * What the server of the page answers. All of it is JSON. Texts in it may come from anywhere: names
 * of objects, keys, messages of errors. So the page writes them as text only, never as HTML.
 */

/** What the application does at this moment. */
export type AppStatus = 'none' | 'running' | 'rest' | 'retrying' | 'failed' | 'stopped'

/** An error as the page shows it. */
export interface ReasonAnswer {
  readonly code: string
  readonly message: string
  readonly operator?: string
  readonly declaredAt?: string
  readonly thrownAt?: string
}

/** What changes from batch to batch: sent when the page opens, and with each event. */
export interface StatusAnswer {
  readonly status: AppStatus
  /** The status in a sentence. */
  readonly text: string
  /** What is wrong and what to do about it, in sentences. Empty: nothing is known to be wrong. */
  readonly advice: readonly string[]
  /** A command that helps with it. */
  readonly command?: string
  readonly reason?: ReasonAnswer
  readonly nowMs: number
  readonly doneMs?: number
  readonly generation?: number
  /** The hash of the plan that runs. */
  readonly planHash?: string
  /** The batch that has begun and is not finished. */
  readonly running?: {
    readonly timeMs: number
    readonly attempts: number
    readonly firstMs: number
  }
  /** How many later batch times are already due. */
  readonly queued: number
}

/** A node of the plan. */
export interface NodeAnswer {
  readonly id: string
  readonly kind: string
  readonly role: 'source' | 'operator' | 'output'
  readonly parents: readonly string[]
  /** Whether its parents' elements are divided anew, by key. */
  readonly shuffles: boolean
  readonly keeps?: 'state' | 'batches'
  /** What it is called in bindings, or where it writes. */
  readonly name?: string
  /** The module and the line that declare it. */
  readonly declaredAt?: string
}

/** The application: what does not change while the page is open. */
export interface AppAnswer {
  readonly app: string
  /** Where it is, for people. */
  readonly where: string
  readonly how: 'run' | 'stored' | 'deployed'
  /** The option of commands that names the application. */
  readonly target: string
  /** Left out: it is not known before two batches have run. */
  readonly intervalMs?: number
  /** Left out: nobody has given the module. */
  readonly plan?: { readonly hash: string; readonly nodes: readonly NodeAnswer[] }
  readonly status: StatusAnswer
}

/** A batch as a row of the table. */
export interface BatchRow {
  readonly timeMs: number
  readonly status: 'completed' | 'failed' | 'skipped'
  readonly attempt: number
  readonly records: number
  readonly bytes: number
  readonly objects: number
  readonly deadLetters: number
  readonly processingMs: number
  readonly schedulingDelayMs?: number
  readonly totalDelayMs?: number
  readonly generation?: number
  /** The first line of why it failed. */
  readonly error?: string
}

/** A page of the table, the newest batch first. */
export interface BatchesAnswer {
  readonly batches: readonly BatchRow[]
  /** Earlier batches: ask for those before this time. Left out: there are none. */
  readonly before?: number
}

/** Records and bytes, and how many objects or files. */
export interface AmountsAnswer {
  readonly records: number
  readonly bytes: number
  readonly objects: number
}

/** What a batch took from a source. */
export interface SourceAnswer extends AmountsAnswer {
  readonly id: string
  readonly appends?: number
  readonly lanes?: readonly {
    readonly lane: string
    readonly first: string
    readonly last: string
    readonly records: number
    readonly lagMs?: number
  }[]
  readonly names?: readonly string[]
  readonly waiting?: AmountsAnswer
}

/** One attempt at a batch, with all that is known of it. */
export interface AttemptAnswer extends BatchRow {
  readonly expired: number
  readonly lost: number
  readonly startedMs?: number
  readonly endedMs?: number
  readonly skippedTimes?: number
  readonly isFinal?: true
  readonly reason?: ReasonAnswer
  readonly held?: string
  readonly plan?: string
  readonly sources?: readonly SourceAnswer[]
  readonly outputs?: readonly {
    readonly id: string
    readonly startMs: number
    readonly ms: number
    readonly error?: string
  }[]
  readonly stages?: readonly {
    readonly node: string
    readonly side: string
    readonly tasks: number
    readonly startMs: number
    readonly ms: number
    readonly keys?: number
    readonly executors?: Readonly<Record<string, number>>
  }[]
  readonly states?: readonly StateAnswer[]
  readonly added?: Readonly<Record<string, number>>
  readonly codes?: Readonly<Record<string, number>>
  readonly throttled?: Readonly<Record<string, number>>
  readonly usage?: object
  /** How many entries the history has left out, by list. */
  readonly cut?: Readonly<Record<string, number>>
}

/** The state or the window of an operator after a batch. */
export interface StateAnswer {
  readonly id: string
  readonly keys?: number
  readonly bytes: number
  readonly segments: number
  readonly growth: number
  readonly expired?: number
}

/** All attempts at one batch, the first one first. */
export interface BatchAnswer {
  readonly timeMs: number
  readonly attempts: readonly AttemptAnswer[]
  /** The batches beside it. */
  readonly earlierMs?: number
  readonly laterMs?: number
}

/** The figures of many batches by column, the oldest first. Null: not known. */
export interface SeriesAnswer {
  readonly timesMs: readonly number[]
  readonly processingMs: readonly (number | null)[]
  readonly schedulingDelayMs: readonly (number | null)[]
  readonly totalDelayMs: readonly (number | null)[]
  /** Records of each source, by its id. A batch without records of a source has 0. */
  readonly sources: Readonly<Record<string, readonly number[]>>
  /** Failed attempts, and batches that were skipped. */
  readonly failedMs: readonly number[]
  /** When another generation began to run: its first batch time. */
  readonly deployments: readonly { readonly timeMs: number; readonly generation: number }[]
  /** The generation of the last batch. */
  readonly generation?: number
}

/** What the known batches cost. All amounts are dollars. */
export interface BillAnswer {
  readonly fromMs?: number
  readonly toMs?: number
  readonly batches: number
  readonly records: number
  readonly dollars: number
  readonly dollarsPerDay?: number
  readonly dollarsPerMillionRecords?: number
  /** How much of each kind was used. */
  readonly usage: Readonly<Record<string, number>>
  readonly items: Readonly<Record<string, number>>
  readonly parts: Readonly<Record<string, number>>
  /** What kinds and parts are called. */
  readonly names: Readonly<Record<string, string>>
  /** Whose list prices they are. */
  readonly region: string
  readonly notCounted: string
  /** What the driver used for each batch, the oldest first, and intake since the one before. */
  readonly timesMs: readonly number[]
  readonly batchDollars: readonly number[]
}

/** The state of a key. */
export interface KeyAnswer {
  /** The id of the state. */
  readonly state: string
  /** The key as it was read, and what is stored for it: as JSON. */
  readonly key: string
  /** Left out: it has no state. */
  readonly value?: string
  /** How many characters of the value are left out. */
  readonly cut?: number
  readonly partition: number
  readonly partitions: number
  /** The batch after which it was so. */
  readonly batchMs: number
  /** When its last record came. */
  readonly touchedMs?: number
  readonly timerMs?: number
  readonly expiresMs?: number
  /** How the key was read, if it could have been meant otherwise. */
  readonly hint?: string
}

/** What the tabs of input, state and dead letters show. It costs some reads. */
export interface OverviewAnswer {
  readonly lanes: readonly {
    readonly source: string
    readonly lane: string
    readonly tail: string
    readonly waitingRecords: number
    readonly oldestMs?: number
  }[]
  /** How many lanes are left out, because there are so many. Those with most records are shown. */
  readonly lanesLeftOut: number
  readonly files: readonly {
    readonly source: string
    readonly taken?: number
    readonly pending?: number
  }[]
  readonly states: readonly {
    readonly id: string
    readonly kind: string
    /** `keys`: a state for each key, which can be looked up. */
    readonly holds: 'keys' | 'window'
    readonly segments: number
    readonly bytes: number
    readonly idleMs?: number
    readonly expired?: number
    /** Of the last batch that says it. */
    readonly keys?: number
    readonly growth?: number
  }[]
  readonly accumulators: readonly {
    readonly name: string
    readonly kind: string
    /** As JSON, shortened. */
    readonly value: string
  }[]
  readonly deadLetters: {
    readonly sinceMs: number
    readonly count: number
    readonly byCode: Readonly<Record<string, number>>
    readonly some: readonly {
      readonly at: string
      readonly code: string
      readonly message: string
    }[]
  }
  readonly nowMs: number
}

/** An answer that is none. */
export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string }
}

/** A live event: the status, and the attempts that are new, the oldest first. */
export interface LiveEvent {
  readonly status: StatusAnswer
  readonly batches: readonly (BatchRow & { readonly sources: Readonly<Record<string, number>> })[]
}
