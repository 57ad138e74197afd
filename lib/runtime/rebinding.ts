/** The check for a run whose bindings differ from those of an earlier run. */
import { MillraceError } from '../base/errors.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { Head } from '../state/head.ts'
import { loadBatchInput } from './driver/batch-input.ts'
import type { Runner } from './runner.ts'
import { nounsOfInput } from './sources/source-kind.ts'

/** An application in a store, and the current readers of its sources. */
export interface Rebinding {
  readonly store: ItemStore
  readonly app: string
  readonly head: Head
  /** By the id of the source node. */
  readonly sources: Runner['sources']
}

/**
 * A logged batch must be read from the kind of source with which it was logged (B2).
 *
 * @throws MillraceError `BINDING_CHANGED`.
 */
export const checkLoggedSources = async ({
  store,
  app,
  head,
  sources: bound,
}: Rebinding): Promise<void> => {
  if (head.logged === undefined) return
  const { timeMs, sources } = await loadBatchInput(store, app, head.logged.input)
  for (const [id, { kind }] of Object.entries(sources)) {
    const now = bound.get(id)?.kind
    if (now !== undefined && now !== kind) throw bindingError(timeMs, id, kind, now)
  }
}

const bindingError = (timeMs: number, id: string, then: string, now: string): MillraceError =>
  new MillraceError('BINDING_CHANGED', {
    problem:
      `The batch at ${timeMs} ms was started with ${nounsOfInput(then)} ` +
      `as the source ${id}, and is not finished`,
    value: nounsOfInput(now),
    allowed: nounsOfInput(then),
    fix:
      'run once with the earlier binding to finish the batch, ' +
      'or skip the batch with millrace skip',
  })
