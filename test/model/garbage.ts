/**
 * The segments that a manifest names, and those that nothing names any more: the model of
 * `lib/state/manifest.ts` and `lib/runtime/driver/garbage.ts`.
 */
import { errs, type Model } from './protocol.ts'
import { loggedRecords, recordsOf } from './store.ts'
import type { Head, Made, Manifest, Memory, BatchInput, RecordId, Segment, World } from './world.ts'

export const missingOf = ({ stored }: World, names: readonly string[]): readonly string[] =>
  stored === null ? [] : names.filter((name) => !stored.includes(name))

export const isThere = (world: World, names: readonly string[]): boolean =>
  missingOf(world, names).length === 0

export const namesOf = (segments: readonly Pick<Segment, 'name'>[]): readonly string[] =>
  segments.map(({ name }) => name)

const kept = (model: Model): number => model.bounds.garbage?.kept ?? 1

/** A state that moves: what is stored of it, its records, and those that come to it. */
interface Moving {
  /** The name of a new segment. */
  readonly name: string
  readonly before: readonly Segment[]
  readonly records: readonly RecordId[]
  readonly added: readonly RecordId[]
}

/** The state after a move. It adds a delta to what is stored, or writes the state anew. */
export const movedState = (model: Model, { name, before, records, added }: Moving): Made => {
  const all = [...records, ...added].sort()
  if (added.length === 0) return { records: all, states: before }
  const merges = before.length >= (model.bounds.garbage?.merged ?? 0)
  const states = merges ? [{ name, records: all }] : [...before, { name, records: added }]
  return { records: all, states }
}

/** The name of the segment that an attempt writes of the state. */
export const stateName = (time: number | null, by: Head['owner']): string => `s${time}${by}`

/** The state after the logged batch, from all records that are counted before it. */
export const stateAfter = (model: Model, mine: Head, records: readonly RecordId[]): Made =>
  movedState(model, {
    name: stateName(mine.next, mine.owner),
    before: mine.manifest.states,
    records,
    added: loggedRecords(mine),
  })

/** The manifest of the logged batch. */
export const manifestAfter = (
  model: Model,
  world: World,
  mine: Head,
  states: readonly Segment[],
): Manifest => {
  const { manifest: before, next, owner } = mine
  const offsets = errs(model, 'offsets read again at commit')
    ? world.lanes.map(({ tail }) => tail)
    : (mine.input as BatchInput).offsets
  const named = { name: before.name, states: before.states.map((state) => state.name) }
  return {
    name: `m${next}${owner}`,
    time: next as number,
    offsets,
    states,
    previous: [named, ...before.previous].slice(0, kept(model) - 1),
  }
}

/**
 * `retire`: segments that a commit makes unreachable, now or once the manifests that name them are
 * dropped.
 */
export const afterCommit = (model: Model, mine: Head, after: Manifest, memory: Memory): Memory => {
  const { manifest: before } = mine
  const named = new Set(after.states.map(({ name }) => name))
  const dropped = before.states.map(({ name }) => name).filter((name) => !named.has(name))
  const fallenOut = before.previous
    .map(({ name }) => name)
    .filter((name) => !after.previous.some((manifest) => manifest.name === name))
  const records = memory.records && recordsOf(after.states)
  if (model.bounds.garbage === undefined) return { ...memory, manifest: after.name, records }
  const retired = [
    ...memory.retired,
    [...dropped, ...(mine.input as BatchInput).blocks.map(({ name }) => name)],
  ]
  const isFull = retired.length >= kept(model) || errs(model, 'previous manifest is garbage')
  const deletable = [...memory.deletable, ...fallenOut, ...(isFull ? (retired.shift() ?? []) : [])]
  return { manifest: after.name, records, retired, deletable, sweepIsDue: memory.sweepIsDue }
}

/**
 * The segments that the holder of the lease deletes: known garbage, and after a cold start the
 * results of a sweep.
 */
export const garbageFor = (
  model: Model,
  world: World,
  mine: Head,
  memory: Memory | null,
): readonly string[] => {
  const stored = world.stored ?? []
  const found =
    (memory?.sweepIsDue ?? true)
      ? stored.filter(
          (name) => isPast(model, world, mine, name) && !reachableFrom(model, mine).has(name),
        )
      : []
  return [...new Set([...(memory?.deletable ?? []), ...found])].filter((name) =>
    stored.includes(name),
  )
}

/** The segments that the last manifests name, as the holder of the lease has read them. */
const reachableFrom = (model: Model, { manifest }: Head): ReadonlySet<string> => {
  const previous = errs(model, 'previous manifest is garbage') ? [] : manifest.previous
  return new Set([
    manifest.name,
    ...manifest.states.map(({ name }) => name),
    ...previous.flatMap(({ name, states }) => [name, ...states]),
  ])
}

/**
 * Whether a segment was made for a committed batch, or for a position that is consumed: nothing can
 * commit or append it any more.
 */
const isPast = (model: Model, world: World, mine: Head, name: string): boolean => {
  if (name.startsWith('b')) {
    const lane = 'abc'.indexOf(name.charAt(1))
    const limit = errs(model, 'blocks after the tail are garbage')
      ? world.lanes[lane]?.tail
      : mine.offsets[lane]
    const inUse =
      errs(model, 'blocks after the tail are garbage') &&
      (mine.input as BatchInput).blocks.some((block) => block.name === name)
    return Number.parseInt(name.slice(2), 10) <= (limit ?? 0) && !inUse
  }
  return errs(model, 'garbage of any time') || Number.parseInt(name.slice(1), 10) <= mine.done
}
