/**
 * The world of the model: everything that is stored, and where each process stands, as plain data.
 * Two worlds that are equal as JSON are the same state.
 *
 * There is no time in it. A lease may be over at any moment. A process may stand still between any
 * two of its steps, for any number of steps of the others. A batch is due whenever a driver reads
 * the head (but see `Bounds.clock`). So what holds here holds for any clock.
 */

/**
 * The id of an attempt. In the code it is random and used once. Here it is the smallest number that
 * nothing in the world mentions, which serves as well.
 */
export type AttemptId = `#${number}`

/** One record: its lane and its position in the lane, for example `a1`. */
export type RecordId = string

/**
 * An immutable item with the records in it. No name is written twice, so a process that knows the
 * name may as well know the content.
 */
export interface Segment {
  readonly name: string
  readonly records: readonly RecordId[]
}

/** A segment of a lane; `at` is the position of its last record. */
export interface Block extends Segment {
  readonly at: number
}

/** A run of records in a lane, as `lib/state/lanes.ts` keeps them. */
export interface Entry {
  readonly first: number
  readonly last: number
  readonly blocks: readonly Block[]
  /** When intake took it, in batch intervals since the start. */
  readonly received: number
}

export interface Lane {
  readonly tail: number
  readonly by: AttemptId | null
  readonly entries: readonly Entry[]
}

/** How far each lane is consumed, in the order of the lanes. */
export type Offsets = readonly number[]

export interface Manifest {
  readonly name: string
  readonly time: number
  readonly offsets: Offsets
  readonly states: readonly Segment[]
  /**
   * The manifests before it that are still kept, newest first, each with the names of its states.
   */
  readonly previous: readonly { readonly name: string; readonly states: readonly string[] }[]
}

/** The input of a batch. */
export interface BatchInput {
  readonly blocks: readonly Block[]
  readonly offsets: Offsets
}

/**
 * The head as in `lib/state/head.ts`, without times. `next`, `input`, `attempts` and `outputDone`
 * are those of the logged batch.
 */
export interface Head {
  readonly generation: number
  readonly status: 'running' | 'rest' | 'failed'
  readonly epoch: number
  readonly owner: AttemptId | null
  readonly done: number
  readonly manifest: Manifest
  readonly offsets: Offsets
  /**
   * Whether the head was woken since the last commit. The code stores the time, `wakeMs`, and
   * writes 0 at rest.
   */
  readonly woken: boolean
  readonly next: number | null
  readonly input: BatchInput | null
  readonly attempts: number
  /** Whether a failed attempt has written the output: then the next attempt leaves it out. */
  readonly outputDone: boolean
}

/** What a batch makes of the state: the records that are counted in it then, and its segments. */
export interface Made {
  readonly records: readonly RecordId[]
  readonly states: readonly Segment[]
}

/** The memory of a driver between batches. */
export interface Memory {
  readonly manifest: string
  /**
   * Every record that is counted in the state, as many times as it is counted. Null: the state is
   * left to executors, and this driver has not read it.
   */
  readonly records: readonly RecordId[] | null
  /** Segments that the last commits retired, oldest first; then those that may be deleted now. */
  readonly retired: readonly (readonly string[])[]
  readonly deletable: readonly string[]
  readonly sweepIsDue: boolean
}

/** A driver stands before the named step. `mine` is the head that its attempt has logged. */
export type DriverAt =
  | { readonly before: 'call' }
  /**
   * With the lanes that it has read beside the head, or with the head that it has just written and
   * does not read again.
   */
  | { readonly before: 'head'; readonly lanes?: readonly Lane[]; readonly wrote?: Head }
  | { readonly before: 'adopt' | 'load'; readonly seen: Head; readonly lanes?: readonly Lane[] }
  | { readonly before: 'lanes'; readonly seen: Head; readonly lanes?: readonly Lane[] }
  | { readonly before: 'parents'; readonly seen: Head; readonly lanes: readonly Lane[] }
  | { readonly before: 'wake' | 'exhaust'; readonly seen: Head }
  /** `missing`: the records were read beside the log, and these blocks were not there. */
  | {
      readonly before: 'log'
      readonly seen: Head
      readonly input: BatchInput
      readonly by: AttemptId
      readonly missing?: readonly string[]
    }
  | { readonly before: 'read' | 'fail'; readonly mine: Head }
  /** Where there are executors: with an answer, once one has come. */
  | { readonly before: 'stage'; readonly mine: Head }
  | { readonly before: 'mapped'; readonly mine: Head; readonly answer?: readonly RecordId[] }
  | { readonly before: 'move'; readonly mine: Head; readonly mapped: readonly RecordId[] }
  | {
      readonly before: 'moved'
      readonly mine: Head
      readonly mapped: readonly RecordId[]
      readonly answer?: Made
    }
  /** `made`: what the tasks have given. Undefined: there are none, and it computes all at once. */
  | { readonly before: 'output' | 'state'; readonly mine: Head; readonly made?: Made | undefined }
  | { readonly before: 'again'; readonly mine: Head; readonly input: BatchInput }
  | { readonly before: 'sink'; readonly mine: Head; readonly found: Output | null }
  | { readonly before: 'manifest' | 'commit'; readonly mine: Head; readonly manifest: Manifest }
  | { readonly before: 'rest'; readonly mine: Head }

export interface Driver {
  readonly generation: number
  readonly memory: Memory | null
  /**
   * Garbage is collected beside the batch. `due`: it has to be searched for; a list: these segments
   * have to be deleted; null: neither.
   */
  readonly garbage: 'due' | readonly string[] | null
  readonly at: DriverAt
}

/**
 * The records of a lane, from `first` to `last`, that the source has given to an invocation of
 * intake.
 */
export interface Delivery {
  readonly lane: number
  readonly first: number
  readonly last: number
  /** The source has abandoned this invocation and delivers again: the invocation is a zombie. */
  readonly abandoned: boolean
}

export type IntakeAt =
  | { readonly before: 'event' }
  | {
      readonly before: 'deadLetters' | 'lane' | 'head' | 'trigger' | 'acknowledge'
      readonly delivery: Delivery
    }
  | {
      readonly before: 'block' | 'append'
      readonly delivery: Delivery
      readonly seen: number
      readonly next: Lane
    }
  | { readonly before: 'wake'; readonly delivery: Delivery; readonly seen: Head }

export interface Intake {
  /**
   * How far the lanes are consumed, by the last head that it has read. The next append drops
   * everything up to there from its lane.
   */
  readonly known: Offsets
  /** The lanes as its last append has left them: it does not read them again. */
  readonly left: readonly (Lane | null)[]
  readonly at: IntakeAt
}

/**
 * A call of an executor: what a request holds in `lib/runtime/tasks/task-request.ts`. `by` is the
 * attempt that waits for the answer.
 */
export type Call = {
  readonly by: AttemptId
  readonly generation: number
  readonly time: number
} & (
  | { readonly task: 'map'; readonly input: readonly Block[] }
  /** `before`: what is stored of the state. `mapped`: what comes to it. */
  | {
      readonly task: 'move'
      readonly before: readonly Segment[]
      readonly mapped: readonly RecordId[]
    }
)

export interface Executor {
  readonly generation: number
  /** The state as it was before the last move, what that move has added, and what it has named. */
  readonly held: {
    readonly records: readonly RecordId[]
    readonly added: readonly RecordId[]
    readonly after: readonly string[]
  } | null
}

/** An operator at the command line: `millrace resume` or `skip`. */
export type OperatorAt =
  | { readonly before: 'command' }
  | { readonly before: 'resume' | 'skip'; readonly seen: Head; readonly by: AttemptId }
  | { readonly before: 'manifest'; readonly seen: Head; readonly by: AttemptId }

/** The files of one batch at the sink. */
export interface Output {
  readonly generation: number
  readonly epoch: number
  readonly records: readonly RecordId[]
}

/** What can go wrong. The number of times is bounded. */
export type Fault =
  | 'crashes'
  | 'lostAnswers'
  | 'lateWrites'
  | 'standstills'
  | 'zombies'
  | 'rewinds'
  | 'failures'
  | 'skips'
  | 'losses'

export interface World {
  readonly head: Head
  readonly lanes: readonly Lane[]
  /** The position of each source in its lane: everything up to it has been acknowledged. */
  readonly sources: readonly number[]
  readonly drivers: readonly Driver[]
  readonly intakes: readonly Intake[]
  readonly operator: OperatorAt
  readonly executors: readonly Executor[]
  /** Calls that no executor has answered. Their drivers may have gone on, or be gone. */
  readonly calls: readonly Call[]
  /** By batch time, from 1 on. */
  readonly outputs: readonly (Output | null)[]
  /**
   * The names of all stored segments, in order. Null: the model deletes no segments, and need not
   * know them.
   */
  readonly stored: readonly string[] | null
  readonly deadLetters: readonly RecordId[]
  /** A trigger for the driver waits in its queue. */
  readonly called: boolean
  /** Batch intervals since the start. */
  readonly now: number
  /** Writes whose writers were told that they failed, and which may still arrive. */
  readonly late: readonly Write[]
  /** How many more faults of each kind may happen. */
  readonly left: Readonly<Record<Fault, number>>
  /** Blocks that are gone although they are needed. */
  readonly lost: readonly Block[]
  /**
   * Only for the checkers: the result of each committed batch (null: it was skipped), and the
   * records of skipped batches.
   */
  readonly committed: readonly (Output | null)[]
  readonly skipped: readonly RecordId[]
  /** The highest position of each source that was ever acknowledged. */
  readonly acknowledged: readonly number[]
  /** A superseded driver has answered the last call, which was meant for the newer driver. */
  readonly missed: boolean
  /** A process has stopped for good, with this message. */
  readonly alarm: string | null
}

/**
 * The attributes of the head that a conditional write can compare. `next` is the time of the logged
 * batch; `logged` is everything that is logged of it.
 */
export type HeadField =
  | 'epoch'
  | 'done'
  | 'generation'
  | 'status'
  | 'owner'
  | 'next'
  | 'logged'
  | 'woken'

export type HeadWriteKind =
  | 'log'
  | 'again'
  | 'commit'
  | 'fail'
  | 'rest'
  | 'wake'
  | 'adopt'
  | 'exhaust'
  | 'operate'

/**
 * A call of the store, the sink or a queue that changes something. It is data, so that it can
 * arrive later than its writer expects.
 */
export type Write =
  | {
      readonly to: 'head'
      readonly kind: HeadWriteKind
      /** The generation of the writer; null: an operator or intake, which have none. */
      readonly generation: number | null
      readonly seen: Head
      readonly next: Head
    }
  | { readonly to: 'lane'; readonly lane: number; readonly seen: number; readonly next: Lane }
  | {
      readonly to: 'output'
      readonly time: number
      readonly by: AttemptId
      readonly output: Output
      readonly found?: Output | null
    }
  | { readonly to: 'segments'; readonly put?: string; readonly delete?: readonly string[] }
  | { readonly to: 'deadLetters'; readonly records: readonly RecordId[] }
  | { readonly to: 'triggers' }
  | { readonly to: 'executors'; readonly call: Call }
  | { readonly to: 'source'; readonly lane: number; readonly upTo: number }

/** The bounds of a search. */
export interface Bounds {
  /** Records in the source of each lane. */
  readonly records: readonly number[]
  /** The generation of each driver. */
  readonly drivers: readonly number[]
  /**
   * Invocations of intake at the same time. None: all records are in the lanes from the beginning,
   * one entry each.
   */
  readonly intakes: number
  /** The most records in a delivery, in an entry, in a batch. */
  readonly delivery: number
  readonly entry: number
  readonly batch: number
  readonly faults: Partial<Readonly<Record<Fault, number>>>
  /** Attempts at a batch before the application is FAILED. */
  readonly attempts?: number
  /**
   * Drivers wait for triggers, and the application rests when there is nothing to do. Otherwise no
   * empty batch runs.
   */
  readonly rests?: boolean
  /**
   * Segments are deleted, so the model has to know which are there. `kept`: manifests that are
   * kept. `merged`: segments of a state before they are merged.
   */
  readonly garbage?: { readonly kept: number; readonly merged: number }
  /** The generation of each executor. None: drivers compute everything. */
  readonly executors?: readonly number[]
  /**
   * Batch t is due after t intervals; the clock stops at this many. 0: a batch is due at any time.
   */
  readonly clock?: number
  /**
   * The second lane follows the first, like a child of a split shard: its source delivers when
   * everything of the first is acknowledged.
   */
  readonly isFamily?: boolean
  /** This record cannot be read and is put aside. */
  readonly bad?: RecordId
}

export const recordId = (lane: number, position: number): RecordId => `${'abc'[lane]}${position}`

const NOTHING: Readonly<Record<Fault, number>> = {
  crashes: 0,
  lostAnswers: 0,
  lateWrites: 0,
  standstills: 0,
  zombies: 0,
  rewinds: 0,
  failures: 0,
  skips: 0,
  losses: 0,
}

/** The first world: a head of the oldest generation, and no batch yet. */
export const firstWorld = (bounds: Bounds): World => {
  const zeros = bounds.records.map(() => 0)
  const isFed = bounds.intakes > 0
  return {
    head: {
      generation: Math.min(...bounds.drivers),
      status: 'running',
      epoch: 0,
      owner: null,
      done: 0,
      manifest: { name: 'm0', time: 0, offsets: zeros, states: [], previous: [] },
      offsets: zeros,
      woken: false,
      next: null,
      input: null,
      attempts: 0,
      outputDone: false,
    },
    lanes: bounds.records.map((count, lane) =>
      isFed ? { tail: 0, by: null, entries: [] } : fullLane(lane, count),
    ),
    sources: isFed ? zeros : bounds.records,
    drivers: bounds.drivers.map((generation) => ({
      generation,
      memory: null,
      garbage: null,
      at: { before: 'call' },
    })),
    intakes: Array.from({ length: bounds.intakes }, () => ({
      known: zeros,
      left: bounds.records.map(() => null),
      at: { before: 'event' },
    })),
    operator: { before: 'command' },
    executors: (bounds.executors ?? []).map((generation) => ({ generation, held: null })),
    calls: [],
    outputs: [],
    stored:
      bounds.garbage === undefined
        ? null
        : isFed
          ? ['m0']
          : ['m0', ...bounds.records.flatMap((count, lane) => blockNames(lane, count))].sort(),
    deadLetters: [],
    called: false,
    now: 0,
    late: [],
    left: { ...NOTHING, ...bounds.faults },
    lost: [],
    committed: [],
    skipped: [],
    acknowledged: isFed ? zeros : bounds.records,
    missed: false,
    alarm: null,
  }
}

const blockNames = (lane: number, count: number): readonly string[] =>
  fullLane(lane, count).entries.flatMap(({ blocks }) => blocks.map(({ name }) => name))

const fullLane = (lane: number, count: number): Lane => ({
  tail: count,
  by: null,
  entries: Array.from({ length: count }, (_, index) => {
    const at = index + 1
    return {
      first: at,
      last: at,
      blocks: [{ name: `b${recordId(lane, at)}`, at, records: [recordId(lane, at)] }],
      received: 0,
    }
  }),
})
