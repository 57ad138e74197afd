/**
 * Runs the deployed example for a while: makes the calls that Lambda would make, at the same times.
 */
import { clientsOf } from './clients.ts'
import { deployExample } from './deployment.ts'
import { Services } from './services.ts'
import type { Invocation } from './tally.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
/** After this many batches caches are warm, states are merged, and each batch collects garbage. */
const WARM_UP_BATCHES = 24
const START_MS = 1_700_000_000_000
/** A trigger comes a little late. */
const TRIGGER_LATE_MS = 5

/** The load of the pipeline. */
export interface Scenario {
  readonly intervalS: number
  readonly recordsPerS: number
  /** This many batches are counted. Without records: this many minutes. */
  readonly batches: number
}

/** The calls that each kind of invocation made. */
export interface Counted {
  readonly intake: readonly Invocation[]
  /** The driver, for a batch. */
  readonly batch: readonly Invocation[]
  /** The driver, called by the schedule of every minute. */
  readonly minute: readonly Invocation[]
}

/**
 * How long Lambda collects records, in seconds. The construct sets this. Lambda polls at most once
 * a second.
 */
export const windowS = (intervalS: number): number =>
  Math.max(1, Math.min(5, Math.floor(intervalS / 2)))

/** Runs a scenario. The speed of this machine does not change the result. */
export const runScenario = async ({
  intervalS,
  recordsPerS,
  batches,
}: Scenario): Promise<Counted> => {
  const services = new Services()
  const time = { nowMs: START_MS }
  const app = deployExample(
    clientsOf(services, () => time.nowMs),
    time,
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
      time.nowMs += SECOND_MS - TRIGGER_LATE_MS
      if (flows && (time.nowMs + TRIGGER_LATE_MS) % (windowS(intervalS) * SECOND_MS) === 0)
        await invoke('intake', () => app.intake(recordsPerS * windowS(intervalS)))
      time.nowMs += TRIGGER_LATE_MS
      const batchMs = time.nowMs
      time.nowMs += TRIGGER_LATE_MS
      if (flows && batchMs % (intervalS * SECOND_MS) === 0)
        await invoke('batch', () => app.driver(batchMs))
      if (batchMs % MINUTE_MS === 0) await invoke('minute', () => app.driver())
      time.nowMs -= TRIGGER_LATE_MS
    }
  }
  // The first call creates the head.
  await app.driver()
  await until(WARM_UP_BATCHES * intervalS, true)
  const flows = recordsPerS > 0
  // Without records the application comes to rest after some batches.
  if (!flows)
    for (let index = 0; index < 5; index++, time.nowMs += intervalS * SECOND_MS)
      await app.driver(time.nowMs)
  services.takeCalls()
  for (const kind of ['intake', 'batch', 'minute'] as const) counted[kind] = []
  await until(flows ? batches * intervalS : (batches * MINUTE_MS) / SECOND_MS, flows)
  return counted
}
