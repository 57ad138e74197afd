/**
 * What must hold in every world and at every write. A checker returns what is wrong, or undefined.
 */
import { entriesAfter, isWaiting } from './lanes.ts'
import type { Model } from './protocol.ts'
import { isThere, stateAfter } from './garbage.ts'
import { loggedRecords, recordsOf } from './store.ts'
import {
  type DriverAt,
  type Offsets,
  type Lane,
  type Made,
  recordId,
  type RecordId,
  type World,
  type Write,
} from './world.ts'

/** Checks one world. */
export type WorldChecker = (model: Model, world: World) => string | undefined

/** Checks a write that has succeeded. */
export type WriteChecker = (before: World, after: World, write: Write) => string | undefined

const unless = (holds: boolean, what: string): string | undefined => (holds ? undefined : what)

/** The positions in the queue of a lane, in order. */
const positionsIn = ({ entries }: Lane): readonly string[] =>
  entries.flatMap(({ blocks }) => recordsOf(blocks))

const appendsOnly: WriteChecker = (before, after, write) => {
  if (write.to !== 'lane') return undefined
  const lane = after.lanes[write.lane] as Lane
  const records = positionsIn(lane)
  if (new Set(records).size < records.length)
    return `a record is in its lane twice: ${records.join(' ')}`
  return unless(
    lane.tail > (before.lanes[write.lane]?.tail ?? 0),
    'the tail of a lane has not moved forward',
  )
}

const acknowledgesLater: WorldChecker = (_, after) => {
  const lane = after.acknowledged.findIndex((upTo, index) => upTo > (after.lanes[index]?.tail ?? 0))
  return unless(
    lane === -1,
    `${recordId(lane, after.acknowledged[lane] ?? 0)} is acknowledged but not in its lane`,
  )
}

/**
 * Two writes may change the logged input: one that logs it again without lost blocks; and one of a
 * holder that does not know whether it still holds the lease, and releases it with the input that
 * it knows. In both cases no output has started.
 */
const isWithoutLost = (
  { head, lost }: World,
  { kind, seen }: Extract<Write, { to: 'head' }>,
): boolean => kind === 'again' || (kind === 'fail' && lost.length > 0 && seen.owner === head.owner)

const lostIsLost: WriteChecker = (before, after, write) => {
  if (write.to !== 'head' || write.kind !== 'again') return undefined
  const left = after.head.input?.blocks ?? []
  const taken = (before.head.input?.blocks ?? []).find(
    ({ name }) => !left.some((block) => block.name === name) && !isLost(before, name),
  )
  return unless(taken === undefined, `${taken?.name} is treated as lost, but is there`)
}

const isLost = ({ lost }: World, name: string): boolean => lost.some((block) => block.name === name)

const logStands: WriteChecker = (before, after, write) => {
  if (write.to !== 'head') return undefined
  if (write.kind === 'log' && after.head.epoch <= before.head.epoch)
    return `a lease is taken under epoch ${after.head.epoch}, which another lease had`
  if (
    before.head.next === null ||
    after.head.done > before.head.done ||
    isWithoutLost(before, write)
  )
    return undefined
  const isSame =
    after.head.next === before.head.next &&
    JSON.stringify(after.head.input) === JSON.stringify(before.head.input)
  return unless(isSame, `batch ${before.head.next} is logged, but its input changes`)
}

const oneAttemptEach: WorldChecker = (_, after) => {
  const attempts = after.drivers.flatMap(({ at }) =>
    'mine' in at && at.mine.owner !== null ? [at.mine.owner] : [],
  )
  return unless(new Set(attempts).size === attempts.length, 'two drivers use the same attempt id')
}

const loggedFirst: WriteChecker = (before, _, write) => {
  if (write.to !== 'output') return undefined
  const { epoch, owner } = before.head
  const isLogged =
    write.output.epoch < epoch ||
    (write.output.epoch === epoch && (owner === null || owner === write.by))
  return unless(isLogged, `batch ${write.time} has an output before its log is acknowledged`)
}

const warmIsCold: WorldChecker = (_, after) => {
  const { manifest } = after.head
  const cold = recordsOf(manifest.states).join(' ')
  const wrong = after.drivers.findIndex(
    ({ memory }) =>
      memory?.manifest === manifest.name && (memory.records?.join(' ') ?? cold) !== cold,
  )
  return unless(
    wrong === -1,
    `driver ${'ABC'[wrong]} remembers ${after.drivers[wrong]?.memory?.records?.join(' ')}, ` +
      `and stored is ${cold || 'nothing'}`,
  )
}

/** What executors have given is what the driver would have computed from the manifest. */
const answersAreRight: WorldChecker = (model, { drivers }) => {
  for (const [index, { at }] of drivers.entries()) {
    const given = resultIn(at)
    if (given === undefined || !('mine' in at)) continue
    const made = stateAfter(model, at.mine, recordsOf(at.mine.manifest.states))
    const expected = Array.isArray(given) ? loggedRecords(at.mine) : made
    if (JSON.stringify(given) !== JSON.stringify(expected))
      return (
        `driver ${'ABC'[index]} has ${resultText(given)} for batch ${at.mine.next}, and would ` +
        `have computed ${resultText(expected)}`
      )
  }
  return undefined
}

/** What a driver has of the tasks of its batch: what was mapped, or what was moved. */
const resultIn = (at: DriverAt): readonly RecordId[] | Made | undefined => {
  switch (at.before) {
    case 'mapped':
      return at.answer
    case 'move':
      return at.mapped
    case 'moved':
      return at.answer ?? at.mapped
    case 'output':
    case 'state':
      return at.made
    default:
      return undefined
  }
}

const resultText = (result: readonly RecordId[] | Made): string =>
  'states' in result
    ? `${result.records.join(' ')} in ${result.states.map(({ name }) => name).join(' ')}`
    : result.join(' ') || 'nothing'

const newerWins: WriteChecker = (before, _, write) => {
  if (write.to !== 'output') return undefined
  const there = before.outputs[write.time - 1] ?? null
  const { generation, epoch } = write.output
  const isOlder =
    there !== null &&
    (generation < there.generation || (generation === there.generation && epoch < there.epoch))
  return unless(
    !isOlder,
    `the output of batch ${write.time} under fence ${there?.generation}.${there?.epoch} is ` +
      `replaced under ${generation}.${epoch}`,
  )
}

const commitsItsOwn: WriteChecker = (before, after, write) => {
  if (write.to !== 'head' || write.kind !== 'commit') return undefined
  if (before.head.owner !== write.seen.owner)
    return `batch ${after.head.done} is committed by an attempt that does not hold the lease`
  if (before.head.next !== after.head.done)
    return `batch ${after.head.done} is committed, and ${before.head.next ?? 'none'} is logged`
  const { manifest } = after.head
  if (!isThere(after, [manifest.name]))
    return `the head names ${manifest.name}, which was never written`
  const expected = recordsOf([
    ...before.head.manifest.states,
    { records: loggedRecords(before.head) },
  ]).join(' ')
  return unless(
    recordsOf(manifest.states).join(' ') === expected &&
      manifest.offsets.join() === before.head.input?.offsets.join(),
    `the manifest of batch ${manifest.time} is not the state before plus the batch`,
  )
}

const inOrder: WriteChecker = (before, after) => {
  const { done, next } = after.head
  if (done < before.head.done) return `done goes back from ${before.head.done} to ${done}`
  if (done > before.head.done + 1) return `done leaps from ${before.head.done} to ${done}`
  return unless(next === null || next === done + 1, `batch ${next} is logged, and ${done} is done`)
}

/** The records of all lanes between two offsets, without those put aside. */
const between = (model: Model, from: Offsets, to: Offsets): readonly RecordId[] =>
  from
    .flatMap((first, lane) =>
      Array.from({ length: Math.max(0, (to[lane] ?? 0) - first) }, (_, index) =>
        recordId(lane, first + 1 + index),
      ),
    )
    .filter((id) => id !== model.bounds.bad)

const pinsItsRecords: WorldChecker = (model, { head, lost }) => {
  if (head.input === null) return undefined
  const there = loggedRecords(head)
  const mayLack = recordsOf(lost)
  const expected = between(model, head.manifest.offsets, head.input.offsets)
    .filter((id) => there.includes(id) || !mayLack.includes(id))
    .join(' ')
  return unless(
    loggedRecords(head).join(' ') === expected,
    `batch ${head.next} reads ${loggedRecords(head).join(' ')}, but its offsets say ${expected}`,
  )
}

const parentsFirst: WorldChecker = (model, { head }) => {
  if (model.bounds.isFamily !== true || head.input === null || (head.input.offsets[1] ?? 0) === 0)
    return undefined
  return unless(
    head.input.offsets[0] === model.bounds.records[0],
    `batch ${head.next} takes b1, but records before it are left in lane a`,
  )
}

const isCapped: WorldChecker = (model, { head }) => {
  const entries = new Set((head.input?.blocks ?? []).map(({ at }) => at)).size
  return unless(
    loggedRecords(head).length <= model.bounds.batch || entries === 1,
    `batch ${head.next} holds ${loggedRecords(head).length} records`,
  )
}

const failedStands: WriteChecker = ({ head }, _, write) =>
  unless(
    write.to !== 'head' || write.kind !== 'log' || head.status !== 'failed',
    'a batch starts although the application is FAILED',
  )

const newestRuns: WriteChecker = (before, after, write) => {
  if (after.head.generation < before.head.generation)
    return `generation ${before.head.generation} falls back to ${after.head.generation}`
  if (write.to !== 'head' || (write.kind !== 'log' && write.kind !== 'commit')) return undefined
  return unless(
    write.generation === before.head.generation,
    `generation ${write.generation} runs a batch of ${before.head.generation}`,
  )
}

const nothingReachableDies: WorldChecker = (model, after) => {
  if (after.stored === null) return undefined
  const { manifest, input } = after.head
  const entries = after.lanes.flatMap((lane, index) =>
    entriesAfter(model, lane, manifest.offsets[index] ?? 0),
  )
  const reachable = [
    manifest.name,
    ...manifest.states.map(({ name }) => name),
    ...manifest.previous.flatMap(({ name, states }) => [name, ...states]),
    ...(input?.blocks ?? []).map(({ name }) => name),
    ...entries.flatMap(({ blocks }) => blocks.map(({ name }) => name)),
  ]
  const missing = [...new Set(reachable)].filter(
    (name) => !after.stored?.includes(name) && !isLost(after, name),
  )
  return unless(missing.length === 0, `${missing.join(' ')} is named but not there`)
}

const behindIsNotLost: WorldChecker = (_, { alarm }) => alarm ?? undefined

/**
 * Some process will still read the lanes, not counting the schedule, which comes every minute. The
 * schedule is needed in one case only: when a superseded driver has answered the call.
 */
const wakeIsNotLost: WorldChecker = (model, after) => {
  const { head, called, missed, drivers, intakes, sources, lanes } = after
  if (head.status !== 'rest' || called || missed || !isWaiting(model, after, head.manifest.offsets))
    return undefined
  const comes =
    drivers.some(({ at }) => at.before !== 'call') ||
    intakes.some(({ at }) =>
      ['deadLetters', 'lane', 'block', 'append', 'head', 'wake'].includes(at.before),
    ) ||
    sources.some((place, lane) => place < (lanes[lane]?.tail ?? 0))
  return unless(comes, 'a record waits, the head rests, and no process will read the lanes')
}

const outputStands: WorldChecker = (_, after) => {
  const wrong = after.committed.findIndex((batch, index) => {
    const there = after.outputs[index]
    return (
      batch !== null &&
      (there?.records.join() !== batch.records.join() || there.generation !== batch.generation)
    )
  })
  return unless(
    wrong === -1,
    `the output of batch ${wrong + 1} is not what its committed attempt has computed`,
  )
}

/**
 * Each record is in exactly one place: counted in the state, waiting in its lane, put aside, or
 * skipped with its batch.
 */
const eachOnce: WorldChecker = (model, after) => {
  const { manifest } = after.head
  const waiting = after.lanes.flatMap((lane, index) =>
    entriesAfter(model, lane, manifest.offsets[index] ?? 0).flatMap(({ blocks }) =>
      recordsOf(blocks),
    ),
  )
  const places = [...recordsOf(manifest.states), ...waiting, ...after.deadLetters, ...after.skipped]
  for (const [lane, upTo] of after.acknowledged.entries()) {
    for (let position = 1; position <= (after.lanes[lane]?.tail ?? upTo); position++) {
      const found = places.filter((id) => id === recordId(lane, position)).length
      if (found === 0 && !recordsOf(after.lost).includes(recordId(lane, position)))
        return `${recordId(lane, position)} is lost`
      if (found > 1) return `${recordId(lane, position)} is there ${found} times`
    }
  }
  return undefined
}

/** By name; at least one for each invariant of docs/internals/protocol.md. */
export const writeCheckers: readonly (readonly [name: string, check: WriteChecker])[] = [
  ['B1', appendsOnly],
  ['B2', logStands],
  ['B2', loggedFirst],
  ['B4', newerWins],
  ['B5', commitsItsOwn],
  ['B6', inOrder],
  ['B9', failedStands],
  ['B11', lostIsLost],
  ['B10', newestRuns],
]

/** The other checkers. `progress` is one more: it needs all worlds together, see `explore.ts`. */
export const worldCheckers: readonly (readonly [name: string, check: WorldChecker])[] = [
  ['B1', acknowledgesLater],
  ['B2', oneAttemptEach],
  ['B3', warmIsCold],
  ['B3', answersAreRight],
  ['B7', pinsItsRecords],
  ['B8', isCapped],
  ['order', parentsFirst],
  ['B11', nothingReachableDies],
  ['B11', behindIsNotLost],
  ['B12', wakeIsNotLost],
  ['outputs', outputStands],
  ['records', eachOnce],
]

/**
 * Everything is done: every record is acknowledged and in a committed batch, nothing is under way,
 * and the application is at rest if it may rest.
 */
export const isFinished = (model: Model, world: World): boolean =>
  world.sources.every((place, lane) => place === model.bounds.records[lane]) &&
  world.head.next === null &&
  world.head.status === (model.bounds.rests === true ? 'rest' : 'running') &&
  !isWaiting(model, world, world.head.manifest.offsets) &&
  (model.bounds.rests !== true || world.drivers.every(({ at }) => at.before === 'call'))
