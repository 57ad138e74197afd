/**
 * The program of a driver: the model of `lib/runtime/driver/driver.ts` up to the log of a batch,
 * and after its commit.
 *
 *   call -> head -> [adopt] -> [load] -> lanes -> log -> (attempt.ts) -> commit -> [rest] -> head
 *                                          `-> wake -> head
 *
 * The lanes may also be read before the head, since the code reads both at the same time. After its
 * own write of the head, a driver goes on without reading the head.
 */
import { attemptSteps, outputOf, startsAttempt } from './attempt.ts'
import { isThere, missingOf, namesOf } from './garbage.ts'
import { allocate, isWaiting } from './lanes.ts'
import { errs, type Model } from './protocol.ts'
import {
  answered,
  driverAt,
  freshId,
  isAlive,
  readsHeadAgain,
  type Seat,
  type Step,
  stopped,
} from './step.ts'
import { recordsOf } from './store.ts'
import type { Driver, DriverAt, Head, Lane, Memory, BatchInput, World } from './world.ts'

type Lanes = readonly Lane[]
type SeenHead = Extract<DriverAt, { readonly before: 'adopt' | 'load' }>
type Logging = Extract<DriverAt, { readonly before: 'log' }>

/** Everything that a driver can do next. */
export const driverSteps = (model: Model, world: World, index: number): readonly Step[] => {
  const driver = world.drivers[index] as Driver
  const seat: Seat = { model, world, index, driver, who: `driver ${'ABC'[index]}` }
  const { at } = driver
  switch (at.before) {
    case 'call':
      return model.bounds.rests === true && !world.called
        ? []
        : [...readsHead(seat), ...readsLanesFirst(seat)]
    case 'head':
      if (at.wrote !== undefined) return [goesOnWith(seat, at.wrote)]
      return [...readsHead(seat, at.lanes), ...readsLanesFirst(seat, at.lanes)]
    case 'adopt':
      return [adopts(seat, at)]
    case 'load':
      return [loads(seat, at)]
    case 'lanes':
      return readsLanes(seat, at)
    case 'parents':
      return [readsParents(seat, at)]
    case 'wake':
      return [wakes(seat, at.seen)]
    case 'exhaust':
      return [exhausts(seat, at.seen)]
    case 'log':
      return [
        logs(seat, at),
        ...readsBesideLog(seat, at),
        ...(errs(model, 'output before log') ? [writesEarly(seat, at)] : []),
      ]
    default:
      return attemptSteps(seat, at)
  }
}

/**
 * It reads the head. The lease of a living attempt is over only if that attempt stands still for a
 * long time, which is a fault.
 */
const readsHead = (seat: Seat, lanes?: Lanes): readonly Step[] => {
  const { world, index, driver, who } = seat
  const taken = takingTrigger(seat)
  const { head } = world
  const text = `${who} reads the head`
  const goesOn = (): World =>
    meets(
      seat,
      taken.missed && driver.generation >= head.generation ? { ...taken, missed: false } : taken,
      head,
      lanes,
    )
  if (head.owner === null || !isAlive(world, head.owner)) return [{ text: text, goOn: goesOn }]
  return [
    {
      text: `${text}: another process holds the lease`,
      goOn: () => answered(taken, index, 'done'),
    },
    { text: `${text}, and the lease is over`, fault: 'standstills', goOn: goesOn },
  ]
}

const takingTrigger = ({ world, driver }: Seat): World =>
  driver.at.before === 'call' ? { ...world, called: false } : world

/**
 * `SnapshotReader`: the lanes may be read beside the head, and so before it. Where no lane changes,
 * the order makes no difference.
 */
const readsLanesFirst = (seat: Seat, lanes: Lanes = []): readonly Step[] => {
  const { model, world, index, who } = seat
  if (model.bounds.intakes === 0 || lanes.length === world.lanes.length) return []
  const goOn = (): World =>
    driverAt(takingTrigger(seat), index, { before: 'head', lanes: withNextRead(seat, lanes) })
  return [{ text: `${who} reads ${lanesText(seat, lanes)} beside the head`, goOn }]
}

/**
 * Where the second lane follows the first, they are read one after the other. Otherwise the order
 * makes no difference, and they are read at once.
 */
const withNextRead = ({ model, world }: Seat, lanes: Lanes): Lanes =>
  model.bounds.isFamily === true ? [...lanes, world.lanes[lanes.length] as Lane] : world.lanes

const lanesText = ({ model }: Seat, lanes: Lanes): string =>
  model.bounds.isFamily === true ? `lane ${'ab'[lanes.length]}` : 'the lanes'

/**
 * It may go on with the head that it has just written. If another process has changed the head
 * since, the condition of the next write is refused.
 */
const goesOnWith = (seat: Seat, wrote: Head): Step => ({
  text: `${seat.who} goes on with the head that it has written`,
  goOn: () => meets(seat, seat.world, wrote),
})

/** `currentHead` and `#actOn`: what to do with the head. */
const meets = (seat: Seat, world: World, head: Head, lanes?: Lanes): World => {
  const { model, index, driver } = seat
  const lower = driver.generation < head.generation
  if (lower && !errs(model, 'lower generation runs'))
    return {
      ...answered(world, index, 'done'),
      missed: world.missed || model.bounds.rests === true,
    }
  const snapshot = { seen: head, ...(lanes === undefined ? {} : { lanes }) }
  if (driver.generation > head.generation)
    return driverAt(world, index, { before: 'adopt', ...snapshot })
  if (head.status === 'failed' && !errs(model, 'failed application runs on'))
    return answered(world, index, 'done')
  if (
    driver.memory?.manifest === head.manifest.name ||
    (driver.memory && errs(model, 'memory not compared with the head'))
  )
    return works(seat, world, head, lanes)
  if (world.stored !== null) return driverAt(world, index, { before: 'load', ...snapshot })
  const memory = loaded(model, head)
  return works(seat, driverAt(world, index, driver.at, { memory }), head, lanes)
}

/** `leftAtStart`: where there are executors, the state is left to them. */
const isLeft = ({ bounds }: Model): boolean => bounds.executors !== undefined

const loaded = (model: Model, { manifest }: Head): Memory => ({
  manifest: manifest.name,
  records: isLeft(model) ? null : recordsOf(manifest.states),
  retired: [],
  deletable: [],
  sweepIsDue: true,
})

const works = (seat: Seat, world: World, head: Head, lanes?: Lanes): World => {
  const { model, index } = seat
  if (head.status === 'rest' || head.next === null || errs(model, 'retry allocates anew')) {
    // B12: at rest, only lanes that are read after the head count.
    if (head.status === 'rest' || lanes === undefined || isAboutToRest(world, head))
      return driverAt(world, index, { before: 'lanes', seen: head })
    if (lanes.length < world.lanes.length)
      return driverAt(world, index, { before: 'lanes', seen: head, lanes })
    return startsNext(seat, world, head, lanes) ?? answered(world, index, 'done')
  }
  if (
    head.attempts >= (model.bounds.attempts ?? Infinity) &&
    !errs(model, 'failed application runs on')
  )
    return driverAt(world, index, { before: 'exhaust', seen: head })
  return beforeLog(seat, world, head, head.input as BatchInput)
}

const beforeLog = ({ model, index }: Seat, world: World, seen: Head, input: BatchInput): World => {
  const by = errs(model, 'attempt id is the epoch')
    ? (`#${900 + seen.epoch}` as const)
    : freshId(world)
  return driverAt(world, index, { before: 'log', seen, input, by })
}

/**
 * `adopt` (B10). A logged batch stays logged. It starts again with the first attempt and with its
 * output, because the code may differ.
 */
const adopts = (seat: Seat, { seen, lanes }: SeenHead): Step => {
  const { model, index, driver, who, world } = seat
  const fresh = errs(model, 'adoption forgets the logged batch') ? { next: null, input: null } : {}
  const status = seen.status === 'failed' ? 'running' : seen.status
  const outputDone = seen.outputDone && errs(model, 'adoption keeps the output')
  const next: Head = {
    ...seen,
    generation: driver.generation,
    status,
    owner: null,
    attempts: 0,
    outputDone,
    ...fresh,
  }
  return {
    text: `${who} adopts the head for generation ${driver.generation}`,
    write: { to: 'head', kind: 'adopt', generation: driver.generation, seen, next },
    goOn: ({ written, world: after }) => {
      if (!written) return readsHeadAgain(seat, after)
      return errs(model, 'adoption does not read the lanes')
        ? answered(after, index, 'done')
        : meets(seat, after, next, lanes)
    },
    giveUp: (after) =>
      answered(after, index, 'called again', { memory: world.drivers[index]?.memory ?? null }),
  }
}

/** `#loadState`. A driver that does not find a segment reads the head again first (B11). */
const loads = (seat: Seat, { seen, lanes }: SeenHead): Step => {
  const { model, world, index, who } = seat
  const states = isLeft(model) ? [] : namesOf(seen.manifest.states)
  const found = isThere(world, [seen.manifest.name, ...states])
  const goOn = (): World => {
    if (found)
      return works(
        seat,
        driverAt(world, index, seat.driver.at, { memory: loaded(model, seen) }),
        seen,
        lanes,
      )
    const isCurrent =
      world.head.epoch === seen.epoch && world.head.manifest.name === seen.manifest.name
    if (isCurrent || errs(model, 'missing segment taken for lost')) return stopped(seat, world)
    return readsHeadAgain(seat, world, { memory: null })
  }
  return {
    text:
      `${who} reads ${isLeft(model) ? 'the manifest' : 'the state of'} ` +
      `${seen.manifest.name}${found ? '' : ': a segment is not there'}`,
    goOn,
  }
}

/**
 * At rest: the lanes are read again (B12). Otherwise: the offsets of the next batch, from the lanes
 * as they are now (B2).
 */
const readsLanes = (
  seat: Seat,
  { seen, lanes = [] }: Extract<DriverAt, { readonly before: 'lanes' }>,
): readonly Step[] => {
  const { model, world, index, who } = seat
  const goOn = (next: () => World): readonly Step[] => [
    { text: `${who} reads ${lanesText(seat, lanes)}`, goOn: next },
  ]
  if (seen.status === 'rest')
    return goOn(() =>
      isWaiting(model, world, seen.manifest.offsets)
        ? driverAt(world, index, { before: 'wake', seen })
        : answered(world, index, 'done'),
    )
  const read = withNextRead(seat, lanes)
  if (read.length < world.lanes.length)
    return goOn(() => driverAt(world, index, { before: 'lanes', seen, lanes: read }))
  const next = startsNext(seat, world, seen, read)
  if (next === undefined) return goOn(() => answered(world, index, 'done'))
  if (!isAboutToRest(world, seen)) return goOn(() => next)
  return [
    ...goOn(() => answered(world, index, 'done')),
    {
      text: `${who} reads the lanes, an interval after the last batch`,
      fault: 'standstills',
      goOn: () => next,
    },
  ]
}

/**
 * `#startNext`: the next batch takes what these lanes hold after the offsets. Undefined: the batch
 * is not due, or there is nothing to take.
 */
const startsNext = (seat: Seat, world: World, seen: Head, lanes: Lanes): World | undefined => {
  const { model, index } = seat
  const isNew =
    model.bounds.isFamily === true &&
    seen.manifest.offsets[1] === 0 &&
    !errs(model, 'parents not read again')
  return isNew
    ? driverAt(world, index, { before: 'parents', seen, lanes })
    : startsWith(seat, world, seen, lanes)
}

/**
 * `withParents`: before anything is taken from a lane for the first time, the lane that it follows
 * is read again.
 */
const readsParents = (
  seat: Seat,
  { seen, lanes }: Extract<DriverAt, { readonly before: 'parents' }>,
): Step => {
  const { world, index, who } = seat
  const goOn = (): World =>
    startsWith(seat, world, seen, lanes.with(0, world.lanes[0] as Lane)) ??
    answered(world, index, 'done')
  return { text: `${who} reads lane a again`, goOn }
}

const startsWith = (seat: Seat, world: World, seen: Head, lanes: Lanes): World | undefined => {
  const { model } = seat
  const { offsets } = seen.manifest
  const input = allocate(model, lanes, offsets, seen.done + 1)
  const isEmpty =
    input.blocks.length === 0 && input.offsets.every((offset, lane) => offset === offsets[lane])
  return isDue(seat, seen.done + 1) && (!isEmpty || model.bounds.rests === true)
    ? beforeLog(seat, world, seen, input)
    : undefined
}

const isDue = ({ model: { bounds }, world }: Seat, time: number): boolean =>
  world.now >= Math.min(time, bounds.clock ?? 0)

/**
 * Between an idle batch and the rest that follows it, no other batch is due unless its driver
 * stands still in between.
 */
const isAboutToRest = (world: World, seen: Head): boolean =>
  world.drivers.some(({ at }) => at.before === 'rest' && at.mine.done === seen.done)

/** `wake` by the driver itself. */
const wakes = (seat: Seat, seen: Head): Step => {
  const { driver, index, who } = seat
  return {
    text: `${who} wakes the head`,
    write: {
      to: 'head',
      kind: 'wake',
      generation: driver.generation,
      seen,
      next: { ...seen, status: 'running', woken: true },
    },
    goOn: ({ world }) => readsHeadAgain(seat, world),
    giveUp: (world) => answered(world, index, 'called again'),
  }
}

/** `#retryLogged`, when the batch has used up its attempts (B9). */
const exhausts = (seat: Seat, seen: Head): Step => {
  const { driver, index, who } = seat
  return {
    text: `${who} marks the application as FAILED`,
    write: {
      to: 'head',
      kind: 'exhaust',
      generation: driver.generation,
      seen,
      next: { ...seen, status: 'failed', owner: null },
    },
    goOn: ({ world }) => readsHeadAgain(seat, world),
    giveUp: (world) => answered(world, index, 'called again'),
  }
}

const logged = (seen: Head, input: BatchInput, by: NonNullable<Head['owner']>): Head => {
  const attempts = seen.next === null ? 1 : seen.attempts + 1
  return {
    ...seen,
    epoch: seen.epoch + 1,
    owner: by,
    next: seen.next ?? seen.done + 1,
    input,
    attempts,
  }
}

/**
 * `logBatch` (B2): lease and log in one write. A refusal that shows the writer's own attempt id is
 * a success whose answer was lost.
 */
const logs = (seat: Seat, { seen, input, by, missing }: Logging): Step => {
  const { driver, index, who } = seat
  const next = logged(seen, input, by)
  return {
    text: `${who} logs batch ${next.next} under epoch ${next.epoch}`,
    write: { to: 'head', kind: 'log', generation: driver.generation, seen, next },
    goOn: ({ world, written }) =>
      written || world.head.owner === by
        ? startsAttempt(seat, world, next, missing)
        : readsHeadAgain(seat, world),
    giveUp: (world) => answered(world, index, 'called again'),
  }
}

/** `readRecords`, beside the log: a missing block means nothing before the log is acknowledged. */
const readsBesideLog = (seat: Seat, at: Logging): readonly Step[] => {
  const { model, world, index, who } = seat
  if (world.stored === null || at.missing !== undefined) return []
  const missing = missingOf(world, namesOf(at.input.blocks))
  const isLost = missing.length > 0 && errs(model, 'block missing beside the log taken for lost')
  const text =
    `${who} reads the records beside the ` +
    `log${missing.length === 0 ? '' : `: ${missing.join(' ')} is not there`}`
  return [
    {
      text,
      goOn: () => (isLost ? stopped(seat, world) : driverAt(world, index, { ...at, missing })),
    },
  ]
}

/** The mistake: it does not wait for the answer of the log. */
const writesEarly = (seat: Seat, { seen, input, by }: Logging): Step => ({
  ...outputOf(seat, logged(seen, input, by)),
  goOn: ({ world }) => world,
})
