/**
 * The program of an executor: the model of `task-server.ts` and `state-server.ts` in
 * `lib/runtime/tasks/`. It takes a call and answers it in one step, since nobody sees what happens
 * in between. A call may come to any executor, at any time: also when its attempt is over.
 *
 * An executor that refuses gives no answer here. The driver does the task itself in both cases.
 */
import { isThere, movedState, namesOf, stateName } from './garbage.ts'
import { errs, type Mistake, type Model } from './protocol.ts'
import { driverAt, isAlive, type Step } from './step.ts'
import { recordsOf } from './store.ts'
import type { Call, Driver, DriverAt, Executor, Made, RecordId, Segment, World } from './world.ts'

type MapCall = Extract<Call, { readonly task: 'map' }>
type MoveCall = Extract<Call, { readonly task: 'move' }>

/** An executor with a call. */
interface Serving<Task extends Call = Call> {
  readonly model: Model
  /** Without the call. */
  readonly world: World
  readonly index: number
  readonly executor: Executor
  readonly call: Task
  readonly who: string
}

/** Everything that executors can do next. */
export const executorSteps = (model: Model, world: World): readonly Step[] => [
  ...world.executors.flatMap((executor, index) => forgets(world, executor, index)),
  ...world.executors.flatMap((executor, index) =>
    world.calls.flatMap((call, at) => {
      if (isRefused(model, executor, call)) return []
      const rest = { ...world, calls: world.calls.toSpliced(at, 1) }
      const serving = { model, world: rest, index, executor, who: `executor ${index + 1}` }
      return call.task === 'map' ? maps({ ...serving, call }) : [moves({ ...serving, call })]
    }),
  ),
]

/** It ends, and another process takes its place. Or it has not been asked for a while. */
const forgets = (world: World, executor: Executor, index: number): readonly Step[] => {
  if (executor.held === null) return []
  const executors = world.executors.with(index, { ...executor, held: null })
  const text = `executor ${index + 1} loses its memory`
  return [{ text, goOn: () => ({ ...world, executors }) }]
}

/** `#answerTo`: an executor with another generation or another plan does not answer. */
const isRefused = (model: Model, { generation }: Executor, call: Call): boolean =>
  call.generation !== generation && !errs(model, 'executor of another generation answers')

/** What other code makes of records. */
const coded = ({ executor, call }: Serving, records: readonly RecordId[]): readonly RecordId[] =>
  executor.generation === call.generation ? records : records.map((id) => `${id}?`)

/** `#compute`: it reads the input itself, and must find what the driver has found. */
const maps = (serving: Serving<MapCall>): readonly Step[] => {
  const { model, world, call, who } = serving
  const found = call.input.filter(({ name }) => isThere(world, [name]))
  const isSame = found.length === call.input.length
  if (!isSame && !errs(model, 'executor does not compare what it has found')) return []
  const text = `${who} maps batch ${call.time} for attempt ${call.by}`
  return [{ text, goOn: () => given(serving, world, coded(serving, recordsOf(found))) }]
}

/** `StateServer.move`. */
const moves = (serving: Serving<MoveCall>): Step => {
  const { model, world, index, executor, call, who } = serving
  const { before, mapped: added, time, by } = call
  const held = (state: Executor['held']): World => ({
    ...world,
    executors: world.executors.with(index, { ...executor, held: state }),
  })
  const remembered = fromMemory(serving)
  const text = `${who} moves the state for batch ${time} and attempt ${by}`
  if (remembered === undefined && !isThere(world, namesOf(before)))
    return { text: `${text}: a segment is not there`, goOn: () => held(null) }
  const records = remembered ?? recordsOf(before)
  const name = stateName(time, by)
  const made = movedState(model, { name, before, records, added: coded(serving, added) })
  return {
    text: `${text}, from ${remembered === undefined ? 'the store' : 'memory'}`,
    goOn: () => given(serving, held({ records, added, after: namesOf(made.states) }), made),
  }
}

const isSame = (names: readonly string[], others: readonly string[]): boolean =>
  names.join() === others.join()

/** `#take`: the state in memory, if that is exactly what is stored before the batch. */
const fromMemory = ({
  model,
  executor: { held },
  call: { before },
}: Serving<MoveCall>): readonly RecordId[] | undefined => {
  if (held === null) return undefined
  const isStored = isSame(held.after, namesOf(before))
  if (!isStored && !errs(model, 'memory of an executor not compared')) return undefined
  if (errs(model, 'memory of an executor without its last move')) return held.records
  return [...held.records, ...held.added].sort()
}

/** What a driver waits for, from the view of a call. */
const waitsFor = ({ at }: Driver, { task, by }: Call): 'this answer' | 'another' | undefined => {
  if (at.before !== (task === 'map' ? 'mapped' : 'moved')) return undefined
  return at.mine.owner === by ? 'this answer' : 'another'
}

/** With these mistakes, what is useless makes a difference. */
const USES_ALL: readonly Mistake[] = [
  'memory of an executor not compared',
  'answer taken by another attempt',
]

/**
 * A world without what makes no difference: calls of a map for which nobody waits, and memory that
 * no request can fit, because nothing is stored, nor may be committed, that is exactly that. A move
 * that nobody waits for makes such memory. That an executor may lose its memory at any time stands
 * for it.
 */
export const withoutUseless = (model: Model, world: World): World => {
  if (USES_ALL.some((mistake) => errs(model, mistake))) return world
  const { executors, calls } = world
  const stored = storedStates(world)
  const isNamed = (name: string): boolean => stored.some((names) => names.includes(name))
  const isUseful = (call: Call): boolean =>
    call.task === 'map'
      ? world.drivers.some((driver) => waitsFor(driver, call) === 'this answer')
      : isAlive(world, call.by) || isNamed(stateName(call.time, call.by))
  const isFit = ({ held }: Executor): boolean =>
    held === null || stored.some((names) => isSame(names, held.after))
  if (executors.every(isFit) && calls.every(isUseful)) return world
  return {
    ...world,
    executors: executors.map((one) => (isFit(one) ? one : { ...one, held: null })),
    calls: calls.filter(isUseful),
  }
}

/** The segments of all states that are stored, or may be. */
const storedStates = ({ head, drivers, calls, late }: World): readonly (readonly string[])[] => {
  const ofDriver = ({ at }: World['drivers'][number]): readonly (readonly Segment[])[] => [
    ...('mine' in at ? [at.mine.manifest.states] : []),
    ...('seen' in at ? [at.seen.manifest.states] : []),
    ...('manifest' in at ? [at.manifest.states] : []),
    ...('made' in at && at.made !== undefined ? [at.made.states] : []),
    ...(at.before === 'moved' && at.answer !== undefined ? [at.answer.states] : []),
  ]
  const ofLate = late.flatMap((write) => (write.to === 'head' ? [write.next.manifest.states] : []))
  const ofCalls = calls.flatMap((call) => (call.task === 'move' ? [call.before] : []))
  return [head.manifest.states, ...drivers.flatMap(ofDriver), ...ofLate, ...ofCalls].map(namesOf)
}

/** The answer comes to the attempt that has asked, if that still waits. */
const given = (
  { model, call }: Serving,
  world: World,
  answer: readonly RecordId[] | Made,
): World => {
  const waiting = world.drivers.map((driver) => waitsFor(driver, call))
  const own = waiting.indexOf('this answer')
  const isTaken = own === -1 && errs(model, 'answer taken by another attempt')
  const index = isTaken ? waiting.indexOf('another') : own
  const at = world.drivers[index]?.at
  return at === undefined ? world : driverAt(world, index, { ...at, answer } as DriverAt)
}
