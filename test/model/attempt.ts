/**
 * The program of one attempt at a logged batch: the model of `attempt.ts`, `run.ts`, `commit.ts`,
 * `head-writes.ts` and `rest.ts` in `lib/runtime/driver/`.
 *
 *   [read] -> [tasks] -> output -> [state -> manifest] -> commit -> [rest] -> head
 *                `--------- fail ----------------'    (tasks: see tasks.ts)
 *             [sweep -> delete]
 *
 * Garbage is searched for and deleted beside the rest, from the read to the commit or the failure,
 * which wait for it. Steps in brackets are left out where the bounds exclude them: then no process
 * could see the difference.
 */
import {
  afterCommit,
  garbageFor,
  manifestAfter,
  missingOf,
  namesOf,
  stateAfter,
} from './garbage.ts'
import { isWaiting } from './lanes.ts'
import { errs } from './protocol.ts'
import { answered, cold, driverAt, readsHeadAgain, type Seat, type Step } from './step.ts'
import { taskSteps } from './tasks.ts'
import type {
  AttemptId,
  Driver,
  DriverAt,
  Head,
  Made,
  Manifest,
  Memory,
  Output,
  BatchInput,
  World,
  Write,
} from './world.ts'

type Attempt = Extract<DriverAt, { readonly mine: Head }>

/** The first step of an attempt, once its log is acknowledged. */
export const startsAttempt = (
  seat: Seat,
  world: World,
  mine: Head,
  missing?: readonly string[],
): World => {
  if (errs(seat.model, 'commit before output'))
    return driverAt(world, seat.index, committing(seat, mine))
  if (world.stored === null) return withRecords(seat, world, mine)
  return missing === undefined
    ? driverAt(world, seat.index, { before: 'read', mine })
    : settlesLosses(seat, world, mine, missing)
}

/** The records are read. */
const withRecords = (seat: Seat, world: World, mine: Head): World => {
  const garbage = world.stored === null ? null : 'due'
  return seat.model.bounds.executors === undefined
    ? withResults(seat, world, mine, { garbage })
    : driverAt(world, seat.index, { before: 'stage', mine }, { garbage })
}

/** The batch is computed. An output that an earlier attempt has finished is left out. */
const withResults = (
  seat: Seat,
  world: World,
  mine: Head,
  change: Partial<Driver>,
  made?: Made,
): World => {
  const next: DriverAt = mine.outputDone
    ? committing(seat, mine, made)
    : { before: 'output', mine, made }
  return driverAt(world, seat.index, next, change)
}

/**
 * `reconcileLosses`. Missing blocks are lost if this attempt still holds the lease: the write that
 * logs the smaller input tells.
 */
const settlesLosses = (seat: Seat, world: World, mine: Head, missing: readonly string[]): World => {
  if (missing.length === 0) return withRecords(seat, world, mine)
  const { blocks, offsets } = mine.input as BatchInput
  return driverAt(world, seat.index, {
    before: 'again',
    mine,
    input: { blocks: blocks.filter(({ name }) => !missing.includes(name)), offsets },
  })
}

/** Everything that a driver can do next in the middle of an attempt. */
export const attemptSteps = (seat: Seat, at: Attempt): readonly Step[] => {
  const { garbage } = seat.driver
  if (garbage === null) return ownSteps(seat, at)
  const collects = garbage === 'due' ? sweeps(seat, at) : deletes(seat, at, garbage)
  return at.before === 'commit' || at.before === 'fail'
    ? [collects]
    : [collects, ...ownSteps(seat, at)]
}

const ownSteps = (seat: Seat, at: Attempt): readonly Step[] => {
  switch (at.before) {
    case 'read':
      return [readsBlocks(seat, at.mine)]
    case 'again':
      return [logsAgain(seat, at.mine, at.input)]
    case 'output':
      return [
        errs(seat.model, 'sink reads, then writes')
          ? looksAtSink(seat, at.mine)
          : outputOf(seat, at.mine, { made: at.made }),
        throws(seat, at.mine),
      ]
    case 'sink':
      return [outputOf(seat, at.mine, { found: at.found })]
    case 'state':
      return [putsState(seat, at.mine, at.made)]
    case 'manifest':
      return [putsManifest(seat, at.mine, at.manifest)]
    case 'commit':
      return [commits(seat, at.mine, at.manifest), throws(seat, at.mine)]
    case 'rest':
      return [rests(seat, at.mine)]
    case 'fail':
      return [fails(seat, at.mine)]
    default:
      return taskSteps(seat, at, (made, change) =>
        withResults(seat, seat.world, at.mine, change, made),
      )
  }
}

/**
 * `Garbage.collect`: only the holder of the lease starts it, but it may have lost the lease since.
 */
const sweeps = (seat: Seat, at: Attempt): Step => {
  const { model, world, index, driver, who } = seat
  const names = garbageFor(model, world, at.mine, driver.memory)
  const memory = driver.memory && { ...driver.memory, deletable: [], sweepIsDue: false }
  const garbage = names.length === 0 ? null : names
  return {
    text: `${who} searches for garbage: ${names.join(' ') || 'none'}`,
    goOn: () => driverAt(world, index, at, { memory, garbage }),
  }
}

const deletes = ({ index, who }: Seat, at: Attempt, names: readonly string[]): Step => ({
  text: `${who} deletes ${names.join(' ')}`,
  write: { to: 'segments', delete: names },
  goOn: ({ world }) => driverAt(world, index, at, { garbage: null }),
})

/** `readRecords`, when they were not read beside the log. */
const readsBlocks = (seat: Seat, mine: Head): Step => {
  const { model, world, who } = seat
  const names = namesOf((mine.input as BatchInput).blocks)
  const missing = missingOf(world, names)
  const write: Write | undefined = errs(model, 'blocks deleted when logged')
    ? { to: 'segments', delete: names }
    : undefined
  return {
    text:
      `${who} reads the records of batch ` +
      `${mine.next}${missing.length === 0 ? '' : `: ${missing.join(' ')} is not there`}`,
    ...(write && missing.length === 0 ? { write } : {}),
    goOn: (answer) => settlesLosses(seat, answer.world, mine, missing),
  }
}

/** `logAgain`: logs the batch without the lost blocks, before any output. */
const logsAgain = (seat: Seat, mine: Head, input: BatchInput): Step => {
  const { driver, index, who } = seat
  const next: Head = { ...mine, input, outputDone: false }
  return {
    text: `${who} logs batch ${mine.next} again, without what is lost`,
    write: { to: 'head', kind: 'again', generation: driver.generation, seen: mine, next },
    goOn: ({ world, written }) =>
      written || world.head.owner === mine.owner
        ? withRecords(seat, world, next)
        : readsHeadAgain(seat, world, cold(seat)),
    giveUp: (world) => driverAt(world, index, { before: 'fail', mine }, cold(seat)),
  }
}

/** The result of an attempt, computed by the driver at once. */
const computed = ({ model, driver }: Seat, mine: Head): Made =>
  stateAfter(model, mine, driver.memory?.records ?? [])

/** What an output is made of, and what the mistaken sink has found before. */
interface Outputting {
  readonly made?: Made | undefined
  readonly found?: Output | null
}

/** B4: the output of a batch, under the fence (generation, epoch). */
export const outputOf = (seat: Seat, mine: Head, { made, found }: Outputting = {}): Step => {
  const { model, index, driver, who } = seat
  const { records } = made ?? computed(seat, mine)
  const output: Output = { generation: driver.generation, epoch: mine.epoch, records }
  const time = mine.next as number
  return {
    text:
      `${who} writes the output of batch ${time} under the fence ` +
      `${output.generation}.${output.epoch}`,
    write: {
      to: 'output',
      time,
      by: mine.owner as AttemptId,
      output,
      ...(found === undefined ? {} : { found }),
    },
    goOn: ({ world, written }) => {
      if (!written) return driverAt(world, index, { before: 'fail', mine }, cold(seat))
      if (errs(model, 'commit before output')) return readsHeadAgain(seat, world)
      const kept = errs(model, 'state kept after a failed attempt')
      return driverAt(
        world,
        index,
        committing(seat, { ...mine, outputDone: true }, made),
        kept ? { memory: { ...(driver.memory as Memory), records } } : {},
      )
    },
    giveUp: (world) =>
      driverAt(world, index, { before: 'fail', mine: doubtful(seat, mine) }, cold(seat)),
  }
}

/** It is not known whether the write has arrived, so the output does not count as done. */
const doubtful = ({ model }: Seat, mine: Head): Head =>
  errs(model, 'output counts before it is written') ? { ...mine, outputDone: true } : mine

const looksAtSink = ({ world, index, who }: Seat, mine: Head): Step => ({
  text: `${who} reads the output of batch ${mine.next}`,
  goOn: () =>
    driverAt(world, index, {
      before: 'sink',
      mine,
      found: world.outputs[(mine.next as number) - 1] ?? null,
    }),
})

const throws = (seat: Seat, mine: Head): Step => ({
  text:
    `batch ${mine.next} fails ${mine.outputDone ? 'after' : 'before'} its output, run by ` +
    `${seat.who}`,
  fault: 'failures',
  goOn: () => driverAt(seat.world, seat.index, { before: 'fail', mine }, cold(seat)),
})

/** The next step between the output and the commit. */
const committing = (seat: Seat, mine: Head, made?: Made): DriverAt => {
  if (seat.world.stored !== null) return { before: 'state', mine, made }
  const { states } = made ?? computed(seat, mine)
  return { before: 'commit', mine, manifest: manifestAfter(seat.model, seat.world, mine, states) }
}

/**
 * Order of writes: the state, then the manifest that names the state, then the head that names the
 * manifest.
 */
const putsState = (seat: Seat, mine: Head, made: Made = computed(seat, mine)): Step => {
  const { model, index, driver, who } = seat
  const manifest = manifestAfter(model, seat.world, mine, made.states)
  const name = manifest.states
    .map((state) => state.name)
    .find((state) => !mine.manifest.states.some((old) => old.name === state))
  const isForgotten =
    driver.memory?.records === null && errs(model, 'segment of an executor not written')
  const at = {
    before: errs(model, 'manifest not written') ? ('commit' as const) : ('manifest' as const),
    mine,
    manifest,
  }
  return {
    text: `${who} writes the state ${name ?? '(none has changed)'}`,
    ...(name === undefined || isForgotten ? {} : { write: { to: 'segments', put: name } }),
    goOn: ({ world }) => driverAt(world, index, at),
  }
}

const putsManifest = ({ index, who }: Seat, mine: Head, manifest: Manifest): Step => ({
  text: `${who} writes the manifest ${manifest.name}`,
  write: { to: 'segments', put: manifest.name },
  goOn: ({ world }) => driverAt(world, index, { before: 'commit', mine, manifest }),
})

/** `commitBatch` (B5), and the steps after it. */
const commits = (seat: Seat, mine: Head, manifest: Manifest): Step => {
  const { model, driver, index, who } = seat
  const next: Head = {
    ...mine,
    done: manifest.time,
    manifest,
    offsets: manifest.offsets,
    woken: false,
    owner: null,
    next: null,
    input: null,
    attempts: 0,
    outputDone: false,
  }
  const isMine = ({ head }: World): boolean =>
    head.done === manifest.time && head.manifest.name === manifest.name
  return {
    text: `${who} commits batch ${manifest.time}`,
    write: { to: 'head', kind: 'commit', generation: driver.generation, seen: mine, next },
    goOn: ({ world, written }) => {
      if (!written && !isMine(world)) return readsHeadAgain(seat, world, cold(seat))
      const memory = afterCommit(model, mine, manifest, driver.memory as Memory)
      if (errs(model, 'commit before output'))
        return driverAt(world, index, { before: 'output', mine })
      return mayRest(seat, world, mine)
        ? driverAt(world, index, { before: 'rest', mine: next }, { memory })
        : readsHeadAgain(seat, world, { memory }, next)
    },
    giveUp: (world) => driverAt(world, index, { before: 'fail', mine }, cold(seat)),
  }
}

const mayRest = ({ model }: Seat, world: World, mine: Head): boolean => {
  if (model.bounds.rests !== true || (mine.input as BatchInput).blocks.length > 0) return false
  return (
    !errs(model, 'lanes read again before rest') ||
    !isWaiting(model, world, (mine.input as BatchInput).offsets)
  )
}

/**
 * `goToRest` (B12). Afterwards the driver reads the head again, finds it at rest, and reads the
 * lanes.
 */
const rests = (seat: Seat, committed: Head): Step => {
  const { model, driver, index, who } = seat
  const next: Head = { ...committed, status: 'rest', woken: false }
  const endsHere =
    errs(model, 'lanes not read again after rest') || errs(model, 'lanes read again before rest')
  return {
    text: `${who} puts the head to rest`,
    write: { to: 'head', kind: 'rest', generation: driver.generation, seen: committed, next },
    goOn: ({ world, written }) =>
      endsHere
        ? answered(world, index, 'done')
        : readsHeadAgain(seat, world, {}, written ? next : undefined),
    // The code would now try to release the lease. Nothing holds it, so that write is always
    // refused.
    giveUp: (world) => readsHeadAgain(seat, world, cold(seat)),
  }
}

/** `failBatch` (B9): releases the lease. The batch stays logged. */
const fails = ({ model, driver, index, who }: Seat, mine: Head): Step => {
  const isExhausted = mine.attempts >= (model.bounds.attempts ?? Infinity)
  const next: Head = { ...mine, owner: null, status: isExhausted ? 'failed' : mine.status }
  return {
    text:
      `${who} releases the lease, batch ${mine.next} ` +
      `${isExhausted ? 'has failed for good' : 'is to be tried again'}`,
    write: { to: 'head', kind: 'fail', generation: driver.generation, seen: mine, next },
    goOn: ({ world }) => answered(world, index, 'done'),
    giveUp: (world) => answered(world, index, 'called again'),
  }
}
