import { setTimeout as sleep } from 'node:timers/promises'
import type { Application } from './application.ts'
import type { Results } from './results.ts'
import type { Comparison, Model } from './totals.ts'

const SETTLE_MS_MAX = 120_000
const CHECK_EVERY_MS = 250
const TRIGGER_EVERY_MS = 2_000

/** How to wait. */
export interface Waiting {
  /**
   * Whether to trigger the driver more often than its schedule does. Without this, the schedule of
   * each minute brings the same result later.
   */
  readonly hurry?: boolean
}

/**
 * Waits until everything that was sent is in the totals and the application rests, or until it has
 * waited too long. Returns the comparison at that time.
 */
export const settled = async (
  app: Application,
  results: Results,
  model: Model,
  { hurry = true }: Waiting = {},
): Promise<Comparison> => {
  const startMs = Date.now()
  let triggeredMs = startMs
  for (;;) {
    const status = (await app.head())?.status
    const comparison = model.compare(await results.last())
    const isExact = comparison.lost === 0 && comparison.twice === 0
    if (
      (isExact && status === 'rest') ||
      comparison.twice > 0 ||
      Date.now() - startMs > SETTLE_MS_MAX
    )
      return comparison
    if (hurry && Date.now() - triggeredMs > TRIGGER_EVERY_MS) {
      triggeredMs = Date.now()
      await app.trigger()
    }
    await sleep(CHECK_EVERY_MS)
  }
}
