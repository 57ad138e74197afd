/** What a run with another binding meets in the store of an earlier one. */
import { MillraceError } from '../base/errors.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { Head } from '../state/head.ts'
import { BEGINNING, entriesAfter, readLanes } from '../state/lanes.ts'
import { loadPlan } from './driver/batch-input.ts'
import { isRedriveLane } from './dead-letters/redrive-lanes.ts'
import type { SourceReader } from './sources/source-reader.ts'

/** Where a pipeline's sources are bound now, and where they were. */
export interface Rebinding {
  readonly store: ItemStore
  readonly app: string
  readonly head: Head
  /** By the id of the source node. */
  readonly sources: ReadonlyMap<string, SourceReader>
}

/**
 * A batch that is logged must be read from what it was logged with (B2).
 *
 * @throws MillraceError `BINDING_CHANGED`.
 */
export const checkLoggedSources = async ({
  store,
  app,
  head,
  sources,
}: Rebinding): Promise<void> => {
  if (head.logged === undefined) return
  const { timeMs, slices } = await loadPlan(store, app, head.logged.plan)
  for (const [id, slice] of Object.entries(slices)) {
    const now = sources.get(id)?.kind
    if (now !== undefined && now !== slice.kind) throw bindingChanged(timeMs, id, slice.kind, now)
  }
}

const WORDS: Readonly<Record<string, string>> = {
  lanes: 'a socket',
  objects: 'a directory',
  queue: 'a queue in memory',
}

const bindingChanged = (timeMs: number, id: string, then: string, now: string): MillraceError =>
  new MillraceError('BINDING_CHANGED', {
    problem: `The batch at ${timeMs} ms was begun with ${WORDS[then] ?? then} as the source ${id}, and is not finished`,
    value: WORDS[now] ?? now,
    allowed: WORDS[then] ?? then,
    fix: 'run once with the earlier binding, so that the batch is finished, or give it up with millrace skip',
  })

/** How many records lie in the lanes of sources that are not fed from lanes now: they wait until the earlier binding comes back. */
export const leftInLanes = async ({
  store,
  app,
  head,
  sources,
}: Rebinding): Promise<ReadonlyMap<string, number>> => {
  const left = new Map<string, number>()
  for (const [id, { kind }] of sources) {
    if (kind === 'lanes') continue
    const lanes = await readLanes(store, app, id)
    // What was given back is read whatever the source is bound to.
    const entries = lanes
      .filter(({ lane }) => !isRedriveLane(lane))
      .flatMap((lane) => entriesAfter(lane, head.cuts[id]?.[lane.lane] ?? BEGINNING))
    const records = entries.reduce((total, { count }) => total + count, 0)
    if (records > 0) left.set(id, records)
  }
  return left
}
