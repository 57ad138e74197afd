/**
 * The store, the sink, the queue of triggers and the source: what a write does when it arrives, and
 * what its writer is told.
 */
import { errs, type Model } from './protocol.ts'
import type { Head, HeadField, Lane, Output, World, Write } from './world.ts'

/** The world after a write, and whether its condition held. */
export interface Arrival {
  readonly world: World
  readonly written: boolean
}

const refused = (world: World): Arrival => ({ world, written: false })
const written = (world: World): Arrival => ({ world, written: true })

/** One write, all or nothing: single items are linearizable. */
export const arrive = (model: Model, world: World, write: Write): Arrival => {
  switch (write.to) {
    case 'head': {
      const isUnchanged = model.rules.compares[write.kind].every((field) =>
        isSame(world.head, write.seen, field),
      )
      return isUnchanged
        ? written({ ...world, head: write.next, ...noteCommit(world, write) })
        : refused(world)
    }
    case 'lane': {
      const { tail } = world.lanes[write.lane] as Lane
      if (
        errs(model, 'tail not compared') ||
        tail === write.seen ||
        (errs(model, 'tail compared with <') && tail < write.next.tail)
      )
        return written({ ...world, lanes: world.lanes.with(write.lane, write.next) })
      return refused(world)
    }
    case 'output': {
      const there = world.outputs[write.time - 1] ?? null
      const compared = write.found === undefined ? there : write.found
      if (compared !== null && isFenced(model, compared, write.output)) return refused(world)
      return written({ ...world, outputs: placed(world.outputs, write.time - 1, write.output) })
    }
    case 'segments':
      return written(withSegments(world, write.put, write.delete))
    case 'deadLetters':
      return written({
        ...world,
        deadLetters: [...new Set([...world.deadLetters, ...write.records])].sort(),
      })
    case 'executors':
      return written({ ...world, calls: [...world.calls, write.call] })
    case 'triggers':
      return written({ ...world, called: true })
    case 'source': {
      const upTo = Math.max(world.sources[write.lane] as number, write.upTo)
      const most = Math.max(world.acknowledged[write.lane] as number, upTo)
      return written({
        ...world,
        sources: world.sources.with(write.lane, upTo),
        acknowledged: world.acknowledged.with(write.lane, most),
      })
    }
  }
}

const isSame = (head: Head, seen: Head, field: HeadField): boolean =>
  field === 'logged' ? loggedIn(head) === loggedIn(seen) : head[field] === seen[field]

const loggedIn = ({ next, input, attempts, outputDone }: Head): string =>
  JSON.stringify([next, input, attempts, outputDone])

/** Whether the sink refuses a write, because the output was written under a newer fence (B4). */
export const isFenced = (model: Model, there: Output, output: Output): boolean => {
  if (errs(model, 'sink ignores the fence')) return false
  if (there.generation !== output.generation || errs(model, 'sink compares generations alone'))
    return there.generation > output.generation
  return there.epoch > output.epoch
}

const placed = (outputs: World['outputs'], index: number, output: Output): World['outputs'] =>
  Array.from({ length: Math.max(outputs.length, index + 1) }, (_, at) =>
    at === index ? output : (outputs[at] ?? null),
  )

const withSegments = (
  world: World,
  put: string | undefined,
  deleted: readonly string[] = [],
): World => {
  if (world.stored === null) return world
  const kept = world.stored.filter((name) => !deleted.includes(name))
  return {
    ...world,
    stored: put === undefined || kept.includes(put) ? kept : [...kept, put].sort(),
  }
}

/**
 * Notes the result of a commit for the checkers: the output of that batch must hold it for ever.
 */
const noteCommit = (
  world: World,
  { kind, seen, next }: Extract<Write, { to: 'head' }>,
): Partial<World> => {
  if (next.done === world.head.done) return {}
  const { generation, epoch, manifest, done } = next
  const skipped = kind === 'operate'
  const records = recordsOf(manifest.states)
  const entry = skipped ? null : { generation, epoch, records }
  return {
    committed: Array.from({ length: Math.max(done, world.committed.length) }, (_, at) =>
      at === done - 1 ? entry : (world.committed[at] ?? null),
    ),
    skipped: skipped ? [...world.skipped, ...loggedRecords(seen)].sort() : world.skipped,
  }
}

/** All records in some segments. */
export const recordsOf = (
  segments: readonly { readonly records: readonly string[] }[],
): readonly string[] => segments.flatMap(({ records }) => records).sort()

/** The records of the logged batch. */
export const loggedRecords = ({ input }: Head): readonly string[] => recordsOf(input?.blocks ?? [])
