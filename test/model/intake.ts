/**
 * Sources, and the program of an invocation of intake: the model of `lib/runtime/intake/intake.ts`
 * and of the handler around it.
 *
 *   event -> [letters] -> lane -> [block] -> append -> head -> [wake -> wind] -> acknowledge
 *
 * A source delivers the records behind the place it holds, in deliveries of any length up to the
 * bound, and delivers again what was not acknowledged: when the invocation has crashed, or when it
 * only seems so (`zombies`). It may also begin again at an earlier place, as after a lost
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

/** All that an intake can do next; that of one that stands idle is to be given something. */
export const intakeSteps = (model: Model, world: World, index: number): readonly Step[] => {
  const intake = world.intakes[index] as Intake
  const seat: Invocation = { model, world, index, intake, who: `intake ${index + 1}` }
  const { at } = intake
  switch (at.before) {
    case 'event':
      return isFirstIdle(world, index)
        ? world.sources.flatMap((_, lane) => deliveries(seat, lane))
        : []
    case 'letters':
      return [putsLetters(seat, at.delivery)]
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
    case 'wind':
      return [winds(seat, at.delivery)]
    case 'acknowledge':
      return [acknowledges(seat, at.delivery)]
  }
}

/** It does not matter which of them is given a delivery. */
const isFirstIdle = ({ intakes }: World, index: number): boolean =>
  intakes.findIndex(({ at }) => at.before === 'event') === index

const deliveries = (seat: Invocation, lane: number): readonly Step[] => {
  const { model, world, index, who } = seat
  const place = world.sources[lane] as number
  const underWay = world.intakes.flatMap(({ at }) =>
    'delivery' in at && at.delivery.lane === lane && !at.delivery.givenUp ? [at.delivery] : [],
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
    const delivery: Delivery = { lane, first: behind + 1, last: behind + 1 + count, givenUp: false }
    return {
      text:
        `the source delivers ${textOf(delivery)} to ` +
        `${who}${isRepeated ? ', taking an invocation for dead that is not' : ''}`,
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
      ? { ...intake, at: { ...at, delivery: { ...at.delivery, givenUp: true } } }
      : intake
  }),
})

const hasBad = ({ bounds }: Model, { lane, first, last }: Delivery): boolean =>
  Array.from({ length: last - first + 1 }, (_, index) => recordId(lane, first + index)).includes(
    bounds.bad ?? '',
  )

/**
 * The order of the steps is the protocol: letters, append, head, acknowledge. Each mistake swaps
 * two of them.
 */
const firstStep = (
  model: Model,
  delivery: Delivery,
): 'acknowledge' | 'letters' | 'head' | 'lane' => {
  if (errs(model, 'acknowledged before append')) return 'acknowledge'
  if (hasBad(model, delivery) && !errs(model, 'dead letter after append')) return 'letters'
  return errs(model, 'wake before append') ? 'head' : 'lane'
}

const afterAppend = (model: Model, delivery: Delivery): 'letters' | 'acknowledge' | 'head' => {
  if (hasBad(model, delivery) && errs(model, 'dead letter after append')) return 'letters'
  return errs(model, 'wake before append') ? 'acknowledge' : 'head'
}

const afterHead = (model: Model): 'lane' | 'acknowledge' =>
  errs(model, 'wake before append') ? 'lane' : 'acknowledge'

const putsLetters = ({ model, index, who }: Invocation, delivery: Delivery): Step => ({
  text: `${who} puts ${model.bounds.bad} aside`,
  write: { to: 'letters', records: [model.bounds.bad as string] },
  goOn: ({ world }) =>
    intakeAt(world, index, {
      before: errs(model, 'dead letter after append') ? 'head' : 'lane',
      delivery,
    }),
  giveUp: (world) => failed(world, index),
})

/** It throws, and its source delivers again. */
const failed = (world: World, index: number): World => intakeAt(world, index, { before: 'event' })

/**
 * A lane that it has left itself it does not read again: whoever has appended since is met by the
 * condition of the append.
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
 * B1: what is at or below the tail is dropped; the rest is appended behind the tail as it was seen.
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

/** The append. A refusal that shows its own attempt id is a success whose answer was lost. */
const appends = (seat: Invocation, { delivery, seen, next }: Appending): Step => {
  const { model, index, who } = seat
  const after = afterAppend(model, delivery)
  return {
    text:
      `${who} appends ${textOf({ ...delivery, first: Math.max(delivery.first, seen + 1) })} ` +
      `behind ${recordId(delivery.lane, seen)}`,
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

/** B12: after the append. What is consumed by this head will be dropped from lanes. */
const readsHead = ({ model, world, index, who }: Invocation, delivery: Delivery): Step => ({
  text: `${who} reads the head`,
  goOn: () => {
    const { head } = world
    const change = { known: head.cuts }
    if (head.status === 'rest')
      return intakeAt(world, index, { before: 'wake', delivery, seen: head }, change)
    return intakeAt(world, index, { before: afterHead(model), delivery }, change)
  },
})

/**
 * Refused, it is content: whoever has moved the head looks at the lanes. The code also takes a
 * refusal that shows its own wake for that one, and winds a tick; here it does not, which is worse.
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
    intakeAt(world, index, { before: written ? 'wind' : afterHead(model), delivery }),
  giveUp: (world) => failed(world, index),
})

const winds = ({ model, index, who }: Invocation, delivery: Delivery): Step => ({
  text: `${who} winds a tick`,
  write: { to: 'triggers' },
  goOn: ({ world }) => intakeAt(world, index, { before: afterHead(model), delivery }),
  giveUp: (world) => failed(world, index),
})

/** The answer of the invocation: the source goes on behind the delivery. */
const acknowledges = ({ model, index, who }: Invocation, delivery: Delivery): Step => {
  const { lane, last } = delivery
  const at: IntakeAt = errs(model, 'acknowledged before append')
    ? { before: 'lane', delivery }
    : { before: 'event' }
  return {
    text: `${who} answers: the source may go on behind ${recordId(lane, last)}`,
    write: { to: 'source', lane, upTo: last },
    goOn: ({ world }) => intakeAt(world, index, at),
  }
}
