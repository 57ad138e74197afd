/** A while in the life of the deployed example: what Lambda would call, and when. */
import { clientsOf } from './clients.ts'
import { deployExample } from './deployment.ts'
import { Services } from './services.ts'
import type { Invocation } from './tally.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
/**
 * Long enough for caches to be warm, states to be merged, and garbage to be collected in each
 * batch.
 */
const WARM_UP_BATCHES = 24
const START_MS = 1_700_000_000_000
/** A tick is a little late. */
const TICK_LATE_MS = 5

/** What flows, and how often. */
export interface Scenario {
  readonly intervalS: number
  readonly recordsPerS: number
  /** So many batches are counted, or so many minutes where nothing flows. */
  readonly batches: number
}

/** What was asked for by each kind of invocation. */
export interface Counted {
  readonly intake: readonly Invocation[]
  /** Of the driver, for a batch. */
  readonly batch: readonly Invocation[]
  /** Of the driver, by the schedule of every minute. */
  readonly minute: readonly Invocation[]
}

/**
 * How long Lambda collects records: as the construct sets it, and it looks once a second at the
 * most.
 */
export const windowS = (intervalS: number): number =>
  Math.max(1, Math.min(5, Math.floor(intervalS / 2)))

/** Runs it. Nothing in it depends on how fast this machine is. */
export const runScenario = async ({
  intervalS,
  recordsPerS,
  batches,
}: Scenario): Promise<Counted> => {
  const services = new Services()
  const moments = { nowMs: START_MS }
  const app = deployExample(
    clientsOf(services, () => moments.nowMs),
    moments,
    intervalS * SECOND_MS,
  )
  const counted = {
    intake: [] as Invocation[],
    batch: [] as Invocation[],
    minute: [] as Invocation[],
  }
  const invoke = async (kind: keyof Counted, call: () => Promise<void>): Promise<void> => {
    await call()
    counted[kind].push(services.takeCalls())
  }
  const until = async (endS: number, flows: boolean): Promise<void> => {
    for (let second = 0; second < endS; second++) {
      moments.nowMs += SECOND_MS - TICK_LATE_MS
      if (flows && (moments.nowMs + TICK_LATE_MS) % (windowS(intervalS) * SECOND_MS) === 0)
        await invoke('intake', () => app.intake(recordsPerS * windowS(intervalS)))
      moments.nowMs += TICK_LATE_MS
      const batchMs = moments.nowMs
      moments.nowMs += TICK_LATE_MS
      if (flows && batchMs % (intervalS * SECOND_MS) === 0)
        await invoke('batch', () => app.driver(batchMs))
      if (batchMs % MINUTE_MS === 0) await invoke('minute', () => app.driver())
      moments.nowMs -= TICK_LATE_MS
    }
  }
  // The first look makes the head.
  await app.driver()
  await until(WARM_UP_BATCHES * intervalS, true)
  const flows = recordsPerS > 0
  // With nothing left it comes to rest within some batches.
  if (!flows)
    for (let index = 0; index < 5; index++, moments.nowMs += intervalS * SECOND_MS)
      await app.driver(moments.nowMs)
  services.takeCalls()
  for (const kind of ['intake', 'batch', 'minute'] as const) counted[kind] = []
  await until(flows ? batches * intervalS : (batches * MINUTE_MS) / SECOND_MS, flows)
  return counted
}
