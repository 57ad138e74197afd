import { greatestOf } from '../../base/extremes.ts'
import { allOrFirstError } from '../../base/concurrency.ts'
import { readManifest } from '../../state/manifest.ts'
import type { Runner } from '../runner.ts'
import { withRetries } from '../retry.ts'

/**
 * The age of the oldest input that intake has accepted and no committed batch contains.
 * Milliseconds; 0: there is no such input. The lag grows while batches fail, while another runner
 * holds the lease, and while the application is stopped.
 */
export const lagMs = async ({
  heads,
  store,
  app,
  clock,
  sources,
}: Pick<Runner, 'heads' | 'store' | 'app' | 'clock' | 'sources'>): Promise<number> => {
  const head = await withRetries(clock, () => heads.read())
  const ref = head?.manifest
  const offsets =
    ref === undefined ? {} : (await withRetries(clock, () => readManifest(store, app, ref))).offsets
  const since = await allOrFirstError(
    [...sources].map(async ([id, source]) => source.takenInMs?.(offsets[id] ?? {})),
  )
  return Math.max(0, greatestOf(since.map((ms) => (ms === undefined ? 0 : clock.now() - ms))))
}
