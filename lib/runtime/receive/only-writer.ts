/**
 * A lane without positions of its own has one writer. It gives its records the positions after the
 * tail that it knows. If another process appends in between, these positions are taken, and the
 * records would be dropped as redelivered. So whoever finds an append of another process stops,
 * before it drops anything.
 */
import { MillraceError } from '../../base/errors.ts'
import type { Item, ItemKey, ItemStore } from '../../ports/item-store.ts'

/** What this process knows of the lane. */
interface Known {
  /** Undefined: there is no lane. */
  tail: unknown
  /** Its appends since then. The answer of each may have been lost. */
  readonly attempts: Set<unknown>
}

const takenError = (source: string, lane: string): MillraceError =>
  new MillraceError('LANE_TAKEN', {
    problem: `Another process feeds the source "${source}" through the same lane`,
    value: lane,
    allowed: 'one process for each name of a receiver',
    fix: 'stop the other process, or give each one a name: --as NAME',
  })

/**
 * A store in which one lane of a source has one writer.
 *
 * Errors, besides those of the store: `LANE_TAKEN` when another process has appended to the lane
 * since it was first read.
 */
export const onlyWriterOf = (
  store: ItemStore,
  { source, lane }: { readonly source: string; readonly lane: string },
): ItemStore => {
  let known: Known | undefined
  const isLane = ({ sort }: ItemKey): boolean => sort === `${source}#${lane}`
  /** The driver empties lanes that are quiet, and keeps their tails. */
  const check = (item: Item | undefined): void => {
    known ??= { tail: item?.['tail'], attempts: new Set() }
    if (item === undefined || item['tail'] === known.tail) return
    if (!known.attempts.has(item['by'])) throw takenError(source, lane)
  }
  return {
    ...store,
    async get(key) {
      const item = await store.get(key)
      if (isLane(key)) check(item)
      return item
    },
    async compareAndSet(key, seen, next) {
      if (!isLane(key)) return store.compareAndSet(key, seen, next)
      known?.attempts.add(next['by'])
      const answer = await store.compareAndSet(key, seen, next)
      if (answer.swapped) known = { tail: next['tail'], attempts: new Set([next['by']]) }
      else check(answer.current)
      return answer
    },
  }
}
