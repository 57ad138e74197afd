/**
 * The tasks of a batch, as a driver sees them: the model of `spread-stage.ts` and `move-states.ts`
 * in `lib/runtime/tasks/`. There is one of each kind: the map of the logged input, and the move of
 * the state.
 *
 *   stage -> [mapped] -> move -> [moved] -> (attempt.ts)
 *
 * The driver asks an executor and waits for its answer, or does the task itself: at once, because
 * no answer comes, or because one takes long. How long is up to a clock, so it may at any time.
 */
import { isThere, movedState, namesOf, stateName } from './garbage.ts'
import { cold, driverAt, type Seat, type Step } from './step.ts'
import { loggedRecords, recordsOf } from './store.ts'
import type {
  AttemptId,
  BatchInput,
  Call,
  Driver,
  DriverAt,
  Head,
  Made,
  Memory,
  World,
} from './world.ts'

type At<Before> = Extract<DriverAt, { readonly before: Before }>

/** Goes on when all tasks are done. */
type GoesOn = (made: Made, change: Partial<Driver>) => World

/** Everything that a driver can do next about its tasks. */
export const taskSteps = (
  seat: Seat,
  at: At<'stage' | 'mapped' | 'move' | 'moved'>,
  goesOn: GoesOn,
): readonly Step[] => {
  switch (at.before) {
    case 'stage':
      return [asksForMap(seat, at.mine), maps(seat, at.mine)]
    case 'mapped':
      return [...takesMapped(seat, at), maps(seat, at.mine)]
    case 'move':
      return [asksForMove(seat, at), moves(seat, at, goesOn)]
    case 'moved':
      return [...takesMoved(seat, at, goesOn), moves(seat, at, goesOn)]
  }
}

/** A call, and how the driver waits for its answer. */
interface Asking {
  readonly call: Call
  readonly waiting: DriverAt
  readonly change?: Partial<Driver>
}

/** A driver that is told that its call has failed does the task itself, as when it has waited. */
const asks = ({ index, who }: Seat, { call, waiting, change = {} }: Asking): Step => ({
  text:
    `${who} asks an executor to ` +
    (call.task === 'map' ? `map batch ${call.time}` : `move the state for batch ${call.time}`),
  write: { to: 'executors', call },
  goOn: (answer) => driverAt(answer.world, index, waiting, change),
  giveUp: (after) => driverAt(after, index, waiting, change),
})

/** What all calls of an attempt have in common. */
const callOf = ({ driver }: Seat, mine: Head) => ({
  by: mine.owner as AttemptId,
  generation: driver.generation,
  time: mine.next as number,
})

/** `#askFor`. The call names the logged input, and the executor reads it. */
const asksForMap = (seat: Seat, mine: Head): Step => {
  const { blocks } = mine.input as BatchInput
  const call: Call = { ...callOf(seat, mine), task: 'map', input: blocks }
  return asks(seat, { call, waiting: { before: 'mapped', mine } })
}

/** `#runHere`. A late answer is dropped. */
const maps = ({ world, index, who }: Seat, mine: Head): Step => ({
  text: `${who} maps batch ${mine.next} itself`,
  goOn: () => driverAt(world, index, { before: 'move', mine, mapped: loggedRecords(mine) }),
})

const takesMapped = (
  { world, index, who }: Seat,
  { mine, answer }: At<'mapped'>,
): readonly Step[] => {
  if (answer === undefined) return []
  const goOn = (): World => driverAt(world, index, { before: 'move', mine, mapped: answer })
  return [{ text: `${who} takes what an executor has mapped`, goOn }]
}

/** `#moveAway`. What this driver has in memory of the state is left. */
const asksForMove = (seat: Seat, { mine, mapped }: At<'move'>): Step => {
  const { states } = mine.manifest
  const call: Call = { ...callOf(seat, mine), task: 'move', before: states, mapped }
  const memory = { ...(seat.driver.memory as Memory), records: null }
  return asks(seat, { call, waiting: { before: 'moved', mine, mapped }, change: { memory } })
}

/** `#moveHere`. What was left to executors is read. */
const moves = (seat: Seat, { mine, mapped }: At<'move' | 'moved'>, goesOn: GoesOn): Step => {
  const { model, world, index, driver, who } = seat
  const memory = driver.memory as Memory
  const before = mine.manifest.states
  const text = `${who} moves the state for batch ${mine.next} itself`
  if (memory.records === null && !isThere(world, namesOf(before)))
    return {
      text: `${text}: a segment is not there`,
      goOn: () => driverAt(world, index, { before: 'fail', mine }, cold(seat)),
    }
  const records = memory.records ?? recordsOf(before)
  const name = stateName(mine.next, mine.owner)
  const made = movedState(model, { name, before, records, added: mapped })
  return { text, goOn: () => goesOn(made, { memory: { ...memory, records } }) }
}

const takesMoved = ({ who }: Seat, { answer }: At<'moved'>, goesOn: GoesOn): readonly Step[] =>
  answer === undefined
    ? []
    : [
        {
          text: `${who} takes the state that an executor has moved`,
          goOn: () => goesOn(answer, {}),
        },
      ]
