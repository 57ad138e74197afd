/** The page of a run. A run goes on without its page. */
import { isMillraceError } from '../../lib/base/errors.ts'
import type { Listener } from '../../lib/runtime/events.ts'
import type { Runner } from '../../lib/runtime/runner.ts'
import { type ServedPage, servePage } from './serve-page.ts'

/** What the page shows. */
export interface ShownRun {
  readonly runner: Runner
  /** The directory of the store. */
  readonly state: string
}

/**
 * Serves the page of a run. Undefined: there is none.
 *
 * @throws MillraceError `USAGE` when the port that the user has named is taken.
 */
export const pageOfRun = async (
  { pagePort }: { readonly pagePort: number | undefined },
  { runner, state }: ShownRun,
  listen: Listener,
): Promise<ServedPage | undefined> => {
  if (pagePort === undefined) return undefined
  const { app, store, clock, plan } = runner
  const source = {
    app,
    store,
    clock,
    where: state,
    how: 'run',
    target: `--state ${state}`,
    plan,
    intervalMs: plan.options.intervalMs,
  } as const
  try {
    return await servePage(source, pagePort)
  } catch (error) {
    if (pagePort !== 0 || !isMillraceError(error)) throw error
    // Who installs without optional packages wants no page.
    if (error.code === 'PACKAGE_MISSING') return undefined
    listen({ event: 'warning', code: error.code, message: error.message })
    return undefined
  }
}
