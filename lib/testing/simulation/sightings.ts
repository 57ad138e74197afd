/**
 * Recoveries from faults, and rare paths of the protocol, that a run of seeds must have seen:
 * without them it has proved little.
 */
export const recoveryPaths = [
  'a batch tried again',
  'a batch tried again by a cold process',
  'a commit refused',
  'a log refused',
  'a lost answer recognised by its attempt id',
  'a zombie back after its lease',
  'an expired lease taken',
  'an output written by two attempts',
  'an output written by two attempts with other bytes',
  'an output written by an older attempt than one before',
  'a head adopted',
  'a batch logged by one generation and committed by another',
  'an older generation turned away',
  'a deployment that asked for its number twice',
  'a driver turned away by the lease',
  'a skewed clock turned away',
  'batches that go on behind their clock',
  'a segment not found by a process that read an old head',
  'a rest',
  'a wake by intake',
  'a wake by the driver',
  'batch times skipped by a rest',
  'records dropped as redelivered',
  'an append overtaken',
  'entries coalesced',
  'entries moved to a page',
  'pages moved to a page',
  'a page used up by a batch',
  'a batch filled to its cap',
  'a batch beyond its first limits',
  'limits that shrink',
  'a lane too full',
  'the deltas of a state merged',
  'a merge beside batches named',
  'a page of segments',
  'garbage deleted',
  'an input too large for the head',
  'a large segment in a bucket',
  'a record put aside',
  'a batch skipped by an operator',
  'a state reset by an operator',
  'a source given up by an operator',
  'a state imported by an operator',
  'a reader of state overtaken by batches',
  'a plan refused',
  'records of an unknown source refused',
  'state carried over',
  'a record redriven',
  'a block of dead letters',
  'a redrive completed that another one had begun',
  'an object put aside as a whole',
  'a whole file redriven',
  'an object missing',
  'an object replaced',
  'an object left pending',
  'an object found by listing',
  'a malformed message beside good ones',
  'a notification of an object already taken',
  'a child shard read after its parent',
  'a lane emptied',
  'an append to an emptied lane',
  'an offset left out',
  'a message put aside in its dead-letter queue',
  'an item expired',
  'a lost block read again from its shard',
  'a batch run without lost records',
  'a block found lost while its batch ran',
  'records combined by intake',
  'a combined block taken',
  'a combined block of other code read again',
  'a block of earlier code taken',
  'an application resumed',
  'a task done by an executor',
  'a task refused by an executor',
  'a task of a lost executor',
  'an answer to a call that was given up',
  'an executor that has lost its memory',
  'a dead letter of an executor',
  'a part written by an executor',
  'a part of an executor that was late for its output',
  'a state moved in an executor',
  'a window moved in an executor',
  'tasks kept',
  'a batch handed on',
  'a batch committed with tasks that were kept',
  'a batch committed without tasks that earlier code had kept',
  'an invocation out of time',
  'a warm process used again',
  'a request sent after its caller stopped waiting',
  'a request sent hours after its caller stopped waiting',
] as const

/** One of {@link recoveryPaths}. */
export type RecoveryPath = (typeof recoveryPaths)[number]

/** The path that a command of an operator has taken, by the name of its process. */
export const operationSeen = (name: string): RecoveryPath => {
  if (name.startsWith('reset')) return 'a state reset by an operator'
  if (name.startsWith('skipSource')) return 'a source given up by an operator'
  if (name.startsWith('import')) return 'a state imported by an operator'
  return 'a batch skipped by an operator'
}

/** How often each fault struck and each recovery took place, by name. */
export type SightingCounts = Readonly<Record<string, number>>

export class Sightings {
  readonly #counts = new Map<string, number>()

  /** Counts something that has happened. */
  see(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  counts(): SightingCounts {
    return Object.fromEntries(this.#counts)
  }
}
