/**
 * Everything that can happen next in a world: the steps of all processes, each with everything that
 * can go wrong with it, and events that no process causes.
 */
import { driverSteps } from './driver.ts'
import { executorSteps, withoutUseless } from './executors.ts'
import { intakeSteps } from './intake.ts'
import { operatorSteps } from './operator.ts'
import { errs, type Model } from './protocol.ts'
import { answered, intakeAt, type Step } from './step.ts'
import { arrive, type Arrival } from './store.ts'
import type { Fault, World, Write } from './world.ts'

/** One event, and the world after it. */
export interface Transition {
  readonly text: string
  readonly isFault: boolean
  readonly after: World
  /** The write that arrived with it, and whether its condition held. */
  readonly write: Write | undefined
  readonly written: boolean
}

/** Everything that can happen next. */
export const transitions = (model: Model, world: World): readonly Transition[] => {
  if (world.alarm !== null) return []
  const steps = [
    ...world.drivers.flatMap((_, index) => driverSteps(model, world, index)),
    ...world.intakes.flatMap((_, index) => intakeSteps(model, world, index)),
    ...operatorSteps(model, world),
    ...executorSteps(model, world),
    ...surroundings(model, world),
  ]
  const all = [
    ...steps.flatMap((step) => outcomes(model, world, step)),
    ...crashes(world),
    ...arrivals(model, world),
  ].map((next) => (errs(model, 'memory not compared with the head') ? next : tidied(next)))
  return world.executors.length === 0
    ? all
    : all.map((next) => ({ ...next, after: withoutUseless(model, next.after) }))
}

const spent = (world: World, fault: Fault): World => ({
  ...world,
  left: { ...world.left, [fault]: world.left[fault] - 1 },
})

const plain = (text: string, after: World, isFault: boolean): Transition => ({
  text,
  isFault,
  after,
  write: undefined,
  written: false,
})

/** A step as intended, and each way in which it can go wrong. */
const outcomes = (model: Model, world: World, step: Step): readonly Transition[] => {
  const { text, write, fault, goOn } = step
  if (fault !== undefined)
    return world.left[fault] === 0
      ? []
      : [plain(text, spent(goOn({ world, written: false }), fault), true)]
  if (write === undefined) return [plain(text, goOn({ world, written: false }), false)]
  const arrival = arrive(model, world, write)
  const refusal = arrival.written ? '' : ': refused'
  const meant: Transition = {
    text: text + refusal,
    isFault: false,
    after: goOn(arrival),
    write,
    written: arrival.written,
  }
  return [meant, ...lostAnswers(step, write, world, arrival), ...lateWrites(step, write, world)]
}

/**
 * The call fails. Its write arrived or not, and the writer cannot know which. It tries again, or it
 * gives up when its tries are used up.
 */
const lostAnswers = (
  { text, giveUp }: Step,
  write: Write,
  world: World,
  { world: after, written }: Arrival,
): readonly Transition[] => {
  if (world.left.lostAnswers === 0 || giveUp === undefined) return []
  const lost = (what: string, next: World, arrived: boolean): Transition => ({
    text: `${text}: ${what}`,
    isFault: true,
    after: spent(next, 'lostAnswers'),
    write: arrived ? write : undefined,
    written: arrived,
  })
  return [
    lost('nothing arrives, and it gives up', giveUp(world), false),
    ...(written
      ? [
          lost('the answer is lost, and it tries again', after, true),
          lost('the answer is lost, and it gives up', giveUp(after), true),
        ]
      : []),
  ]
}

/** The call fails, but its write is still on its way. */
const lateWrites = ({ text, giveUp }: Step, write: Write, world: World): readonly Transition[] => {
  if (world.left.lateWrites === 0 || giveUp === undefined) return []
  const onItsWay = { ...spent(world, 'lateWrites'), late: [...world.late, write] }
  return [
    plain(`${text}: the write is delayed, and it tries again`, onItsWay, true),
    plain(`${text}: the write is delayed, and it gives up`, giveUp(onItsWay), true),
  ]
}

const arrivals = (model: Model, world: World): readonly Transition[] =>
  world.late.map((write, index) => {
    const { world: after, written } = arrive(
      model,
      { ...world, late: world.late.toSpliced(index, 1) },
      write,
    )
    return {
      text: `a delayed write arrives${written ? '' : ': refused'} (${nameOf(write)})`,
      isFault: false,
      after,
      write,
      written,
    }
  })

/** The name of a write. */
export const nameOf = (write: Write): string => (write.to === 'head' ? write.kind : write.to)

/**
 * A process ends and loses everything in its memory. The call that it was working on is made again.
 */
const crashes = (world: World): readonly Transition[] => {
  if (world.left.crashes === 0) return []
  const after = spent(world, 'crashes')
  const drivers = world.drivers.flatMap(({ at, memory }, index) => {
    if (at.before === 'call' && memory === null) return []
    return [
      plain(
        `driver ${'ABC'[index]} crashes`,
        answered(after, index, at.before === 'call' ? 'done' : 'called again', {
          memory: null,
          garbage: null,
        }),
        true,
      ),
    ]
  })
  const intakes = world.intakes.flatMap(({ at, known }, index) => {
    if (at.before === 'event') return []
    const nothing = { known: known.map(() => 0), left: known.map(() => null) }
    return [
      plain(
        `intake ${index + 1} crashes`,
        intakeAt(after, index, { before: 'event' }, nothing),
        true,
      ),
    ]
  })
  return [...drivers, ...intakes]
}

/** Events without a process: the clock, the schedule, a source that begins again. */
const surroundings = (model: Model, world: World): readonly Step[] => {
  const { bounds } = model
  const steps: Step[] = []
  if (world.now < (bounds.clock ?? 0))
    steps.push({ text: 'an interval goes by', goOn: () => ({ ...world, now: world.now + 1 }) })
  if (bounds.rests === true && !world.called && !errs(model, 'no trigger every minute'))
    steps.push({ text: 'the schedule calls the driver', goOn: () => ({ ...world, called: true }) })
  for (const [lane, place] of world.sources.entries()) {
    if (place === 0 || world.intakes.length === 0) continue
    const goOn = (): World => ({ ...world, sources: world.sources.with(lane, 0) })
    steps.push({
      text: `source ${'abc'[lane]} begins again at its first record`,
      fault: 'rewinds',
      goOn,
    })
  }
  for (const block of world.head.input?.blocks ?? []) {
    const { stored, lost } = world
    if (stored?.includes(block.name) !== true) continue
    const goOn = (): World => ({
      ...world,
      stored: stored.filter((name) => name !== block.name),
      lost: [...lost, block],
    })
    steps.push({ text: `the block ${block.name} is lost`, fault: 'losses', goOn })
  }
  if (errs(model, 'segments expire')) {
    for (const { name } of world.head.manifest.states.slice(0, -1))
      steps.push({
        text: `the segment ${name} expires`,
        goOn: () => ({ ...world, stored: world.stored?.filter((other) => other !== name) ?? null }),
      })
  }
  return steps
}

/**
 * A driver throws away memory of another manifest than the head's before it uses it. The model
 * throws it away here, so that there are fewer worlds.
 */
const tidied = (transition: Transition): Transition => {
  const { head, drivers } = transition.after
  const isStale = (driver: World['drivers'][number]): boolean =>
    driver.memory !== null &&
    driver.memory.manifest !== head.manifest.name &&
    (driver.at.before === 'call' || (driver.at.before === 'head' && driver.at.wrote === undefined))
  if (!drivers.some(isStale)) return transition
  const kept = drivers.map((driver) => (isStale(driver) ? { ...driver, memory: null } : driver))
  return { ...transition, after: { ...transition.after, drivers: kept } }
}
