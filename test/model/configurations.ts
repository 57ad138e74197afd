/**
 * The bounds of the search. One small world for each part of the protocol finds more than one world
 * that is too small for every part. `test` is for `npm test` and takes seconds; `program` is for
 * `npm run model` and takes minutes.
 */
import type { Bounds, Fault } from './world.ts'

type Faults = Partial<Readonly<Record<Fault, number>>>

export interface Configuration {
  readonly name: string
  /** What it covers. */
  readonly focus: string
  readonly test: Bounds
  readonly program: Bounds
}

const ONE_EACH = { delivery: 1, entry: 1, batch: 1 } as const

/** A batch leaves its state in one segment, and what it has read and replaced is deleted soon. */
const WITH_EXECUTORS = {
  intakes: 0,
  ...ONE_EACH,
  garbage: { kept: 1, merged: 1 },
  executors: [1, 2],
} as const

/** The same small world, with few faults and with more. */
const both = (
  bounds: Omit<Bounds, 'faults'>,
  test: Faults,
  program: Faults,
  more: Partial<Bounds> = {},
): Pick<Configuration, 'test' | 'program'> => ({
  test: { ...bounds, faults: test },
  program: { ...bounds, ...more, faults: program },
})

export const configurations = {
  leases: {
    name: 'leases',
    focus: 'two drivers, two batches: lease, log, output, commit',
    ...both(
      { records: [2], drivers: [1, 1], intakes: 0, ...ONE_EACH },
      { crashes: 1, lostAnswers: 1, standstills: 1 },
      { crashes: 1, lostAnswers: 1, lateWrites: 1, standstills: 2 },
    ),
  },
  crowd: {
    name: 'crowd',
    focus: 'three drivers at one batch',
    ...both(
      { records: [1], drivers: [1, 1, 1], intakes: 0, ...ONE_EACH },
      { crashes: 1, standstills: 1 },
      { crashes: 1, lateWrites: 1, standstills: 2 },
    ),
  },
  lanes: {
    name: 'lanes',
    focus: 'intake, its zombie and a driver on one lane; a bad record',
    ...both(
      { records: [2], drivers: [1], intakes: 2, delivery: 2, entry: 2, batch: 1, bad: 'a2' },
      { zombies: 1 },
      { zombies: 1, crashes: 1, lostAnswers: 1 },
    ),
  },
  checkpoints: {
    name: 'checkpoints',
    focus: 'a source that begins again at its first record',
    ...both(
      { records: [2], drivers: [1], intakes: 2, delivery: 2, entry: 2, batch: 2 },
      { rewinds: 1 },
      { rewinds: 1, zombies: 1 },
    ),
  },
  delays: {
    name: 'delays',
    focus: 'appends that arrive after their writer has moved on',
    ...both(
      { records: [2], drivers: [1], intakes: 2, delivery: 2, entry: 2, batch: 2 },
      { lateWrites: 1 },
      { lateWrites: 1, zombies: 1 },
    ),
  },
  clock: {
    name: 'clock',
    focus: 'batches that are due by a clock, entries that grow before they are taken',
    ...both(
      { records: [3], drivers: [1], intakes: 2, delivery: 2, entry: 2, batch: 2, clock: 2 },
      {},
      { zombies: 1 },
    ),
  },
  sources: {
    name: 'sources',
    focus: 'two lanes in one batch',
    ...both(
      { records: [2, 1], drivers: [1], intakes: 2, delivery: 2, entry: 2, batch: 2 },
      {},
      { zombies: 1 },
    ),
  },
  family: {
    name: 'family',
    focus: 'a lane that comes after another, as after the split of a shard',
    ...both(
      {
        records: [2, 1],
        drivers: [1],
        intakes: 2,
        delivery: 1,
        entry: 1,
        batch: 2,
        isFamily: true,
      },
      {},
      { zombies: 1, crashes: 1 },
    ),
  },
  rest: {
    name: 'rest',
    focus: 'rest, wake and triggers between two drivers and intake',
    ...both(
      { records: [1], drivers: [1, 1], intakes: 1, rests: true, ...ONE_EACH },
      {},
      { crashes: 1, standstills: 1 },
    ),
  },
  naps: {
    name: 'naps',
    focus: 'rests and wakes that arrive late',
    ...both(
      { records: [1], drivers: [1], intakes: 1, rests: true, ...ONE_EACH },
      { lateWrites: 1 },
      { crashes: 1, lateWrites: 1 },
    ),
  },
  wakes: {
    name: 'wakes',
    focus: 'two invocations of intake wake one driver, more than once',
    ...both(
      { records: [2], drivers: [1], intakes: 2, rests: true, ...ONE_EACH },
      {},
      { zombies: 1 },
    ),
  },
  generations: {
    name: 'generations',
    focus: 'three deployments at once: adoption in the middle of a batch',
    ...both(
      { records: [1], drivers: [1, 2, 3], intakes: 0, ...ONE_EACH },
      { crashes: 1, standstills: 1 },
      { crashes: 1, standstills: 2, lostAnswers: 1, failures: 1 },
    ),
  },
  deployment: {
    name: 'deployment',
    focus: 'a deployment while intake wakes the application',
    ...both(
      { records: [1], drivers: [1, 2], intakes: 1, rests: true, ...ONE_EACH },
      {},
      { crashes: 1 },
    ),
  },
  garbage: {
    name: 'garbage',
    focus: 'sweeps, merges and stale runners',
    ...both(
      { records: [3], drivers: [1, 1], intakes: 0, ...ONE_EACH, garbage: { kept: 2, merged: 2 } },
      { standstills: 1 },
      { standstills: 1, crashes: 1 },
      { records: [4] },
    ),
  },
  blocks: {
    name: 'blocks',
    focus: 'blocks of intake and of its zombie, swept up to the offset',
    ...both(
      { records: [2], drivers: [1], intakes: 2, ...ONE_EACH, garbage: { kept: 2, merged: 2 } },
      { zombies: 1 },
      { zombies: 1, crashes: 1 },
    ),
  },
  losses: {
    name: 'losses',
    focus: 'blocks that are gone when their batch is run, and runners that do not know of it',
    ...both(
      {
        records: [2],
        drivers: [1, 1],
        intakes: 0,
        delivery: 1,
        entry: 1,
        batch: 2,
        garbage: { kept: 2, merged: 2 },
      },
      { losses: 1, standstills: 1 },
      { losses: 1, standstills: 2, crashes: 1, lostAnswers: 1 },
    ),
  },
  commands: {
    name: 'commands',
    focus: 'failing batches, FAILED, resume and skip beside running drivers',
    ...both(
      { records: [2], drivers: [1, 1], intakes: 0, ...ONE_EACH, attempts: 2 },
      { failures: 1, skips: 1, standstills: 1 },
      { failures: 2, skips: 1, standstills: 2, lostAnswers: 1 },
    ),
  },
  executors: {
    name: 'executors',
    focus: 'tasks in executors that lose their memory, and calls that come late or twice',
    ...both(
      { ...WITH_EXECUTORS, records: [3], drivers: [1] },
      { crashes: 1 },
      {
        crashes: 1,
        failures: 1,
        lostAnswers: 1,
      },
    ),
  },
  shared: {
    name: 'shared',
    focus: 'two drivers that share executors',
    ...both(
      { ...WITH_EXECUTORS, records: [2], drivers: [1, 1] },
      {},
      { standstills: 1 },
      { records: [3] },
    ),
  },
} as const satisfies Readonly<Record<string, Configuration>>
