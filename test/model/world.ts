/**
 * The world of the model: all that is stored anywhere, and where every process stands, as plain
 * data. Two worlds that are equal as JSON are the same state.
 *
 * There is no time in it. A lease may be over at any moment, a process may stand still between any
 * two of its steps for as long as the others like, and a batch is due whenever a driver looks (but
 * see `Bounds.clock`). What holds here holds whatever any clock says.
 */

/**
 * Who tries. Random in the code, and used once; here the smallest number that nothing in the world
 * mentions, which is as good.
 */
export type AttemptId = `#${number}`

/** One record: its lane and its position in it, as `a1`. */
export type RecordId = string

/**
 * An immutable item with the records in it. Since nobody writes a name twice, whoever knows the
 * name may as well know what is in it.
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
  /** When intake took it, in batch intervals. */
  readonly received: number
}

export interface Lane {
  readonly tail: number
  readonly by: AttemptId | null
  readonly entries: readonly Entry[]
}

/** How far each lane is consumed, in the order of the lanes. */
export type Cuts = readonly number[]

export interface Manifest {
  readonly name: string
  readonly time: number
  readonly cuts: Cuts
  readonly states: readonly Segment[]
  /**
   * The manifests before it that are still kept, newest first, each with the names of its states.
   */
  readonly previous: readonly { readonly name: string; readonly states: readonly string[] }[]
}

/** What a batch consists of. */
export interface Plan {
  readonly blocks: readonly Block[]
  readonly cuts: Cuts
}

/**
 * As `lib/state/head.ts` keeps it, without the times. `next`, `plan`, `attempts` and `outputDone`
 * are those of the logged batch.
 */
export interface Head {
  readonly generation: number
  readonly status: 'running' | 'rest' | 'failed'
  readonly epoch: number
  readonly owner: AttemptId | null
  readonly done: number
  readonly manifest: Manifest
  readonly cuts: Cuts
  /**
   * It has been woken since the last commit: the code keeps the moment, `wakeMs`, and writes 0 at
   * rest.
   */
  readonly woken: boolean
  readonly next: number | null
  readonly plan: Plan | null
  readonly attempts: number
  /** A failed attempt has written the output: the next one leaves it out. */
  readonly outputDone: boolean
}

/** What a driver keeps in memory between batches. */
export interface Memory {
  readonly manifest: string
  /** Every record that is counted in the state, as often as it is. */
  readonly records: readonly RecordId[]
  /** What the last commits retired, oldest first; then what may be deleted by now. */
  readonly retired: readonly (readonly string[])[]
  readonly deletable: readonly string[]
  readonly sweepIsDue: boolean
}

/**
 * A driver stands before the step that is named. `mine` is the head as its attempt has logged it.
 */
export type DriverAt =
  | { readonly before: 'call' }
  /**
   * With the lanes as it has read them beside the head, or the head as it has just written it,
   * which it does not read again.
   */
  | { readonly before: 'look'; readonly lanes?: readonly Lane[]; readonly wrote?: Head }
  | { readonly before: 'adopt' | 'load'; readonly seen: Head; readonly lanes?: readonly Lane[] }
  | { readonly before: 'lanes'; readonly seen: Head; readonly lanes?: readonly Lane[] }
  | { readonly before: 'parents'; readonly seen: Head; readonly lanes: readonly Lane[] }
  | { readonly before: 'wake' | 'exhaust'; readonly seen: Head }
  /** `missing`: the records were read beside the log, and these blocks were not there. */
  | {
      readonly before: 'log'
      readonly seen: Head
      readonly plan: Plan
      readonly by: AttemptId
      readonly missing?: readonly string[]
    }
  | { readonly before: 'read' | 'output' | 'state' | 'fail'; readonly mine: Head }
  | { readonly before: 'again'; readonly mine: Head; readonly plan: Plan }
  | { readonly before: 'sink'; readonly mine: Head; readonly found: Output | null }
  | { readonly before: 'manifest' | 'commit'; readonly mine: Head; readonly manifest: Manifest }
  | { readonly before: 'rest'; readonly mine: Head }

export interface Driver {
  readonly generation: number
  readonly memory: Memory | null
  /**
   * Garbage is collected beside the batch: it is to be looked for, or this is to be deleted; null:
   * neither.
   */
  readonly garbage: 'due' | readonly string[] | null
  readonly at: DriverAt
}

/**
 * What the source has handed to an invocation of intake: the records of a lane from `first` to
 * `last`.
 */
export interface Delivery {
  readonly lane: number
  readonly first: number
  readonly last: number
  /** The source has given this invocation up and delivers again: it is a zombie. */
  readonly givenUp: boolean
}

export type IntakeAt =
  | { readonly before: 'event' }
  | {
      readonly before: 'letters' | 'lane' | 'head' | 'wind' | 'acknowledge'
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
   * How far the lanes are consumed, by the last head it has read: what is behind is dropped from a
   * lane with the next append.
   */
  readonly known: Cuts
  /** The lanes as it has left them with its last append: it does not read them again. */
  readonly left: readonly (Lane | null)[]
  readonly at: IntakeAt
}

/** Somebody at the command line: `millrace resume` or `skip`. */
export type PersonAt =
  | { readonly before: 'command' }
  | { readonly before: 'resume' | 'skip'; readonly seen: Head; readonly by: AttemptId }
  | { readonly before: 'manifest'; readonly seen: Head; readonly by: AttemptId }

/** The files of one batch at the sink. */
export interface Output {
  readonly generation: number
  readonly epoch: number
  readonly records: readonly RecordId[]
}

/** What can go wrong; how often is bounded. */
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
  /** What each source holds as its place in its lane: up to there it has been acknowledged. */
  readonly sources: readonly number[]
  readonly drivers: readonly Driver[]
  readonly intakes: readonly Intake[]
  readonly person: PersonAt
  /** By batch time, from 1 on. */
  readonly outputs: readonly (Output | null)[]
  /**
   * The names of all segments that are there, in order; null where the model lets none be deleted,
   * and so need not know.
   */
  readonly stored: readonly string[] | null
  readonly letters: readonly RecordId[]
  /** A tick for the driver lies in its queue. */
  readonly called: boolean
  /** Batch intervals gone by. */
  readonly now: number
  /** Writes whose writers have been told that they failed, and which may still arrive. */
  readonly late: readonly Write[]
  /** How many more faults of each kind there may be. */
  readonly left: Readonly<Record<Fault, number>>
  /** Blocks that are gone though they are needed. */
  readonly lost: readonly Block[]
  /**
   * Kept for the checkers alone: what each committed batch has computed (null: it was skipped), and
   * what was given up with those skipped.
   */
  readonly committed: readonly (Output | null)[]
  readonly givenUp: readonly RecordId[]
  /** The most of each source that was ever acknowledged. */
  readonly acknowledged: readonly number[]
  /**
   * A superseded driver has answered the last call, which was meant for the one that superseded it.
   */
  readonly missed: boolean
  /** A process has stopped for good, with this cry. */
  readonly alarm: string | null
}

/**
 * The attributes of the head that a conditional write can compare: `next` is the time of the logged
 * batch, `logged` all that is logged of it.
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
 * A call of the store, the sink or a queue that changes something: data, so that it can arrive
 * later than its writer thinks.
 */
export type Write =
  | {
      readonly to: 'head'
      readonly kind: HeadWriteKind
      /** The generation of the writer; null: a person or intake, which have none. */
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
  | { readonly to: 'letters'; readonly records: readonly RecordId[] }
  | { readonly to: 'triggers' }
  | { readonly to: 'source'; readonly lane: number; readonly upTo: number }

/** How much of everything there is. */
export interface Bounds {
  /** Records in the source of each lane. */
  readonly records: readonly number[]
  /** The generation of each driver. */
  readonly drivers: readonly number[]
  /**
   * Invocations of intake at once. None: all records are in the lanes from the beginning, an entry
   * each.
   */
  readonly intakes: number
  /** Records in a delivery, in an entry, in a batch, at most. */
  readonly delivery: number
  readonly entry: number
  readonly batch: number
  readonly faults: Partial<Readonly<Record<Fault, number>>>
  /** Attempts at a batch before the application stands as failed. */
  readonly attempts?: number
  /**
   * Drivers wait for ticks, and the application rests when there is nothing to do; else no empty
   * batch is run.
   */
  readonly rests?: boolean
  /**
   * Segments are deleted, so that it matters which are there: manifests kept, and segments of a
   * state before they are merged.
   */
  readonly garbage?: { readonly kept: number; readonly merged: number }
  /** Batch t is due when so many intervals have gone by, up to this many; 0: at any time. */
  readonly clock?: number
  /**
   * The second lane comes after the first: its source is delivered when all of the first's is
   * acknowledged, as of a shard that was split.
   */
  readonly isFamily?: boolean
  /** This record cannot be read, and is put aside. */
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

/** Where it all begins: a head of the oldest generation, no batch yet. */
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
      manifest: { name: 'm0', time: 0, cuts: zeros, states: [], previous: [] },
      cuts: zeros,
      woken: false,
      next: null,
      plan: null,
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
    person: { before: 'command' },
    outputs: [],
    stored:
      bounds.garbage === undefined
        ? null
        : isFed
          ? ['m0']
          : ['m0', ...bounds.records.flatMap((count, lane) => blockNames(lane, count))].sort(),
    letters: [],
    called: false,
    now: 0,
    late: [],
    left: { ...NOTHING, ...bounds.faults },
    lost: [],
    committed: [],
    givenUp: [],
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
