/**
 * Which segments a manifest names, and which nobody does any more: the model of
 * `lib/state/manifest.ts` and `lib/runtime/driver/garbage.ts`.
 */
import { errs, type Model } from './protocol.ts'
import { planned, recordsOf } from './store.ts'
import type { Head, Manifest, Memory, Plan, Segment, World } from './world.ts'

export const missingOf = ({ stored }: World, names: readonly string[]): readonly string[] =>
  stored === null ? [] : names.filter((name) => !stored.includes(name))

export const isThere = (world: World, names: readonly string[]): boolean =>
  missingOf(world, names).length === 0

export const namesOf = (segments: readonly Pick<Segment, 'name'>[]): readonly string[] =>
  segments.map(({ name }) => name)

const kept = (model: Model): number => model.bounds.garbage?.kept ?? 1

/**
 * The manifest of the logged batch, with `records` counted after it. A delta is added to the state,
 * or the state is written anew.
 */
export const manifestAfter = (
  model: Model,
  world: World,
  mine: Head,
  records: readonly string[],
): Manifest => {
  const { manifest: before, next, owner } = mine
  const plan = mine.plan as Plan
  const name = `s${next}${owner}`
  const merges = before.states.length >= (model.bounds.garbage?.merged ?? 0)
  const isUnchanged = plan.blocks.length === 0
  const added: readonly Segment[] = merges
    ? [{ name, records }]
    : [...before.states, { name, records: planned(mine) }]
  const cuts = errs(model, 'cut read again at commit')
    ? world.lanes.map(({ tail }) => tail)
    : plan.cuts
  const named = { name: before.name, states: before.states.map((state) => state.name) }
  return {
    name: `m${next}${owner}`,
    time: next as number,
    cuts,
    states: isUnchanged ? before.states : added,
    previous: [named, ...before.previous].slice(0, kept(model) - 1),
  }
}

/**
 * `retire`: what a commit makes unreachable, now or when the manifests that name it are no longer
 * kept.
 */
export const afterCommit = (model: Model, mine: Head, after: Manifest, memory: Memory): Memory => {
  const { manifest: before } = mine
  const named = new Set(after.states.map(({ name }) => name))
  const dropped = before.states.map(({ name }) => name).filter((name) => !named.has(name))
  const fallenOut = before.previous
    .map(({ name }) => name)
    .filter((name) => !after.previous.some((manifest) => manifest.name === name))
  const records = recordsOf(after.states)
  if (model.bounds.garbage === undefined) return { ...memory, manifest: after.name, records }
  const retired = [
    ...memory.retired,
    [...dropped, ...(mine.plan as Plan).blocks.map(({ name }) => name)],
  ]
  const isFull = retired.length >= kept(model) || errs(model, 'previous manifest is garbage')
  const deletable = [...memory.deletable, ...fallenOut, ...(isFull ? (retired.shift() ?? []) : [])]
  return { manifest: after.name, records, retired, deletable, sweepIsDue: memory.sweepIsDue }
}

/**
 * What the holder of the lease deletes: what it knows to be garbage, and after a cold start what a
 * sweep finds.
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

/** What the last manifests name, as the holder of the lease has read them. */
const reachableFrom = (model: Model, { manifest }: Head): ReadonlySet<string> => {
  const previous = errs(model, 'previous manifest is garbage') ? [] : manifest.previous
  return new Set([
    manifest.name,
    ...manifest.states.map(({ name }) => name),
    ...previous.flatMap(({ name, states }) => [name, ...states]),
  ])
}

/**
 * Made for a batch that is committed, or for a position that is consumed: nobody can commit or
 * append it any more.
 */
const isPast = (model: Model, world: World, mine: Head, name: string): boolean => {
  if (name.startsWith('b')) {
    const lane = 'abc'.indexOf(name.charAt(1))
    const limit = errs(model, 'blocks behind the tail are garbage')
      ? world.lanes[lane]?.tail
      : mine.cuts[lane]
    const inUse =
      errs(model, 'blocks behind the tail are garbage') &&
      (mine.plan as Plan).blocks.some((block) => block.name === name)
    return Number.parseInt(name.slice(2), 10) <= (limit ?? 0) && !inUse
  }
  return errs(model, 'garbage of any time') || Number.parseInt(name.slice(1), 10) <= mine.done
}
