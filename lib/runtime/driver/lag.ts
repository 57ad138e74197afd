import { greatestOf } from '../../base/extremes.ts'
import { allOrFirstError } from '../../base/concurrency.ts'
import { readManifest } from '../../state/manifest.ts'
import type { Runner } from '../runner.ts'
import { withRetries } from '../retry.ts'

/** How far behind an application is. Milliseconds. */
export interface Lag {
  /** The longest of all sources. */
  readonly lagMs: number
  /** By the id of each source. Left out: there is one source, or none. */
  readonly sources?: Readonly<Record<string, number>>
}

/**
 * The age of the oldest input that intake has accepted and no committed batch contains. 0: there is
 * no such input. The lag grows while batches fail, while another runner holds the lease, and while
 * the application is stopped.
 */
export const lagOf = async ({
  heads,
  store,
  app,
  clock,
  sources,
}: Pick<Runner, 'heads' | 'store' | 'app' | 'clock' | 'sources'>): Promise<Lag> => {
  const head = await withRetries(clock, () => heads.read())
  const ref = head?.manifest
  const offsets =
    ref === undefined ? {} : (await withRetries(clock, () => readManifest(store, app, ref))).offsets
  const lags = await allOrFirstError(
    [...sources].map(async ([id, source]) => {
      const sinceMs = await source.takenInMs?.(offsets[id] ?? {})
      return [id, sinceMs === undefined ? 0 : Math.max(0, clock.now() - sinceMs)] as const
    }),
  )
  return {
    lagMs: Math.max(0, greatestOf(lags.map(([, ms]) => ms))),
    ...(lags.length > 1 ? { sources: Object.fromEntries(lags) } : {}),
  }
}
