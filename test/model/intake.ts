/**
 * Sources, and the program of an invocation of intake: the model of `lib/runtime/intake/intake.ts`
 * and of the handler around it.
 *
 *   event -> [deadLetters] -> lane -> [block] -> append -> head -> [wake -> trigger] -> acknowledge
 *
 * A source delivers the records after the position that it holds, in deliveries of any length up to
 * the bound. It delivers again what was not acknowledged: when the invocation has crashed, or when
 * it only seems so (`zombies`). It may also begin again at an earlier position, as after a lost
 * checkpoint (`rewinds`).
 */
import { appended, freshRecords } from './lanes.ts'
import { errs, type Model } from './protocol.ts'
import { freshId, intakeAt, type Step } from './step.ts'
import {
  type Delivery,
  type Head,
  type Intake,
  type IntakeAt,
  type Lane,
  recordId,
  type World,
} from './world.ts'

/** One invocation of intake in its world. */
interface Invocation {
  readonly model: Model
  readonly world: World
  readonly index: number
  readonly intake: Intake
  readonly who: string
}

/** Everything that an invocation of intake can do next. An idle one can be given a delivery. */
export const intakeSteps = (model: Model, world: World, index: number): readonly Step[] => {
  const intake = world.intakes[index] as Intake
  const seat: Invocation = { model, world, index, intake, who: `intake ${index + 1}` }
  const { at } = intake
  switch (at.before) {
    case 'event':
      return isFirstIdle(world, index)
        ? world.sources.flatMap((_, lane) => deliveries(seat, lane))
        : []
    case 'deadLetters':
      return [putsDeadLetters(seat, at.delivery)]
    case 'lane':
      return [readsLane(seat, at.delivery)]
    case 'block':
      return [putsBlock(seat, at)]
    case 'append':
      return [appends(seat, at)]
    case 'head':
      return [readsHead(seat, at.delivery)]
    case 'wake':
      return [wakes(seat, at.delivery, at.seen)]
    case 'trigger':
      return [sendsTrigger(seat, at.delivery)]
    case 'acknowledge':
      return [acknowledges(seat, at.delivery)]
  }
}

/** It makes no difference which idle invocation is given a delivery. */
const isFirstIdle = ({ intakes }: World, index: number): boolean =>
  intakes.findIndex(({ at }) => at.before === 'event') === index

const deliveries = (seat: Invocation, lane: number): readonly Step[] => {
  const { model, world, index, who } = seat
  const place = world.sources[lane] as number
  const underWay = world.intakes.flatMap(({ at }) =>
    'delivery' in at && at.delivery.lane === lane && !at.delivery.abandoned ? [at.delivery] : [],
  )
  const behind = errs(model, 'two feeders of a lane')
    ? Math.max(place, ...underWay.map(({ last }) => last))
    : place
  const isRepeated = underWay.length > 0 && behind === place
  const isOpen =
    model.bounds.isFamily !== true ||
    lane === 0 ||
    world.acknowledged[0] === model.bounds.records[0]
  const rest = isOpen ? (model.bounds.records[lane] as number) - behind : 0
  return Array.from({ length: Math.min(rest, model.bounds.delivery) }, (_, count): Step => {
    const delivery: Delivery = {
      lane,
      first: behind + 1,
      last: behind + 1 + count,
      abandoned: false,
    }
    return {
      text:
        `the source delivers ${textOf(delivery)} to ` +
        `${who}${isRepeated ? ', though the invocation before is still alive' : ''}`,
      ...(isRepeated ? { fault: 'zombies' } : {}),
      goOn: () =>
        intakeAt(isRepeated ? withZombies(world, lane) : world, index, {
          before: firstStep(model, delivery),
          delivery,
        }),
    }
  })
}

const textOf = ({ lane, first, last }: Delivery): string =>
  first === last ? recordId(lane, first) : `${recordId(lane, first)} to ${recordId(lane, last)}`

const withZombies = (world: World, lane: number): World => ({
  ...world,
  intakes: world.intakes.map((intake) => {
    const { at } = intake
    return 'delivery' in at && at.delivery.lane === lane
      ? { ...intake, at: { ...at, delivery: { ...at.delivery, abandoned: true } } }
      : intake
  }),
})

const hasBad = ({ bounds }: Model, { lane, first, last }: Delivery): boolean =>
  Array.from({ length: last - first + 1 }, (_, index) => recordId(lane, first + index)).includes(
    bounds.bad ?? '',
  )

/**
 * The order of the steps is the protocol: dead letters, append, head, acknowledge. Each mistake
 * swaps two of them.
 */
const firstStep = (
  model: Model,
  delivery: Delivery,
): 'acknowledge' | 'deadLetters' | 'head' | 'lane' => {
  if (errs(model, 'acknowledged before append')) return 'acknowledge'
  if (hasBad(model, delivery) && !errs(model, 'dead letter after append')) return 'deadLetters'
  return errs(model, 'wake before append') ? 'head' : 'lane'
}

const afterAppend = (model: Model, delivery: Delivery): 'deadLetters' | 'acknowledge' | 'head' => {
  if (hasBad(model, delivery) && errs(model, 'dead letter after append')) return 'deadLetters'
  return errs(model, 'wake before append') ? 'acknowledge' : 'head'
}

const afterHead = (model: Model): 'lane' | 'acknowledge' =>
  errs(model, 'wake before append') ? 'lane' : 'acknowledge'

const putsDeadLetters = ({ model, index, who }: Invocation, delivery: Delivery): Step => ({
  text: `${who} puts ${model.bounds.bad} aside`,
  write: { to: 'deadLetters', records: [model.bounds.bad as string] },
  goOn: ({ world }) =>
    intakeAt(world, index, {
      before: errs(model, 'dead letter after append') ? 'head' : 'lane',
      delivery,
    }),
  giveUp: (world) => failed(world, index),
})

/** It throws, and the source delivers again. */
const failed = (world: World, index: number): World => intakeAt(world, index, { before: 'event' })

/**
 * It does not read a lane again that it has appended to itself. If another process has appended
 * since, the condition of the append is refused.
 */
const readsLane = (seat: Invocation, delivery: Delivery): Step => {
  const { world, intake, who } = seat
  const left = intake.left[delivery.lane] ?? undefined
  const goOn = (): World =>
    meets(seat, world, delivery, left ?? (world.lanes[delivery.lane] as Lane))
  return {
    text: `${who} ${left === undefined ? 'reads' : 'remembers'} lane ${'abc'[delivery.lane]}`,
    goOn,
  }
}

/**
 * B1: records at or below the tail are dropped; the others are appended after the tail that was
 * read.
 */
const meets = (seat: Invocation, world: World, delivery: Delivery, seen: Lane): World => {
  const { model, index, intake } = seat
  if (delivery.last <= seen.tail && !errs(model, 'redelivered records not dropped'))
    return intakeAt(
      world,
      index,
      { before: afterAppend(model, delivery), delivery },
      leaving(seat, delivery, seen),
    )
  const next = appended(
    model,
    seen,
    delivery,
    { known: intake.known, received: world.now },
    freshId(world),
  )
  const hasBlock = world.stored !== null && freshRecords(model, delivery, seen.tail).length > 0
  const forgets = leaving(
    seat,
    delivery,
    errs(model, 'lane remembered before it is appended to') ? next : null,
  )
  return intakeAt(
    world,
    index,
    { before: hasBlock ? 'block' : 'append', delivery, seen: seen.tail, next },
    forgets,
  )
}

const leaving = (
  { intake }: Invocation,
  { lane }: Delivery,
  left: Lane | null,
): Pick<Intake, 'left'> => ({
  left: intake.left.with(lane, left),
})

type Appending = Extract<IntakeAt, { readonly next: Lane }>

const blockOf = ({ next }: Appending): string => next.entries.at(-1)?.blocks.at(-1)?.name ?? ''

const putsBlock = ({ index, who }: Invocation, at: Appending): Step => ({
  text: `${who} writes the block ${blockOf(at)}`,
  write: { to: 'segments', put: blockOf(at) },
  goOn: ({ world }) => intakeAt(world, index, { ...at, before: 'append' }),
})

/**
 * The append. A refusal that shows the writer's own attempt id is a success whose answer was lost.
 */
const appends = (seat: Invocation, { delivery, seen, next }: Appending): Step => {
  const { model, index, who } = seat
  const after = afterAppend(model, delivery)
  return {
    text:
      `${who} appends ${textOf({ ...delivery, first: Math.max(delivery.first, seen + 1) })} ` +
      `after ${recordId(delivery.lane, seen)}`,
    write: { to: 'lane', lane: delivery.lane, seen, next },
    goOn: ({ world, written }) => {
      const isMine = written || world.lanes[delivery.lane]?.by === next.by
      if (isMine)
        return intakeAt(world, index, { before: after, delivery }, leaving(seat, delivery, next))
      return meets({ ...seat, world }, world, delivery, world.lanes[delivery.lane] as Lane)
    },
    giveUp: (world) => failed(world, index),
  }
}

/** B12: after the append. What this head has consumed will be dropped from the lanes. */
const readsHead = ({ model, world, index, who }: Invocation, delivery: Delivery): Step => ({
  text: `${who} reads the head`,
  goOn: () => {
    const { head } = world
    const change = { known: head.offsets }
    if (head.status === 'rest')
      return intakeAt(world, index, { before: 'wake', delivery, seen: head }, change)
    return intakeAt(world, index, { before: afterHead(model), delivery }, change)
  },
})

/**
 * When it is refused, it goes on: the process that changed the head reads the lanes. The code also
 * recognises its own wake in a refusal, and then sends a trigger. The model does not, which is the
 * worse case.
 */
const wakes = ({ model, index, who }: Invocation, delivery: Delivery, seen: Head): Step => ({
  text: `${who} wakes the head`,
  write: {
    to: 'head',
    kind: 'wake',
    generation: null,
    seen,
    next: { ...seen, status: 'running', woken: true },
  },
  goOn: ({ world, written }) =>
    intakeAt(world, index, { before: written ? 'trigger' : afterHead(model), delivery }),
  giveUp: (world) => failed(world, index),
})

const sendsTrigger = ({ model, index, who }: Invocation, delivery: Delivery): Step => ({
  text: `${who} sends a trigger`,
  write: { to: 'triggers' },
  goOn: ({ world }) => intakeAt(world, index, { before: afterHead(model), delivery }),
  giveUp: (world) => failed(world, index),
})

/** The answer of the invocation: the source moves on past the delivery. */
const acknowledges = ({ model, index, who }: Invocation, delivery: Delivery): Step => {
  const { lane, last } = delivery
  const at: IntakeAt = errs(model, 'acknowledged before append')
    ? { before: 'lane', delivery }
    : { before: 'event' }
  return {
    text: `${who} answers: the source may go on after ${recordId(lane, last)}`,
    write: { to: 'source', lane, upTo: last },
    goOn: ({ world }) => intakeAt(world, index, at),
  }
}
