/**
 * Feeds sources of an application that runs elsewhere: on AWS, with a table that this process
 * reaches. It does what intake does, and no batch runs here.
 *
 * 1. The plan must be the one that runs. It is compared at the start, and twice a minute.
 * 2. Records are appended to lanes. Then the source may acknowledge them.
 * 3. If an append woke the head, the driver is called. Its schedule makes up for a call that fails.
 *
 * A lane whose positions this process makes has one writer (`only-writer.ts`). Sources that bring
 * positions of their own may be fed by several processes: what comes twice is dropped (B1).
 */
import { MillraceError } from '../../base/errors.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Randomness } from '../../ports/randomness.ts'
import { type Head, HeadStore } from '../../state/head.ts'
import type { FedSource } from '../compose.ts'
import type { Trigger } from '../driver/triggers.ts'
import type { Listener } from '../events.ts'
import { superviseFeed } from '../intake/feed-supervisor.ts'
import { Intake } from '../intake/intake.ts'
import { firstTrigger } from '../intake/intake-handler.ts'
import { receiverLane } from '../../state/receiver-lane.ts'
import { superviseReceiver } from '../intake/receiver-supervisor.ts'
import { withRetries } from '../retry.ts'
import { onlyWriterOf } from './only-writer.ts'

/** What is needed to feed sources. */
export interface ReceiveParts {
  readonly plan: Plan
  readonly app: string
  readonly store: ItemStore
  readonly clock: Clock
  readonly randomness: Randomness
  readonly sources: readonly FedSource[]
  /** Several processes that feed the same source have names. Undefined: there is one. */
  readonly name?: string | undefined
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
  readonly listen: Listener
  /** Aborted: what was received is stored, and then it ends. */
  readonly signal: AbortSignal
  /** Ends when all sources have ended. */
  readonly untilEnd: boolean
}

const LOOK_MS = 30_000

/**
 * Checks that the plan of a module is the one that runs. Before the first driver there is none.
 *
 * @throws MillraceError `PLAN_INCOMPATIBLE`.
 */
export const checkRunningPlan = ({ name, hash }: Plan, app: string, head?: Head): void => {
  if (name === app && (head === undefined || head.plan === hash)) return
  throw new MillraceError('PLAN_INCOMPATIBLE', {
    problem:
      name === app
        ? `The pipeline of this module is not the one that runs as "${app}"`
        : `The pipeline of this module is named "${name}", and the application "${app}"`,
    value: `plan ${hash}; the application has plan ${head?.plan ?? 'none yet'}`,
    allowed: 'the module that is deployed',
    fix:
      'start with the code that is deployed. After a deployment, the new plan runs within a ' +
      'minute: start again then',
  })
}

/**
 * Feeds the sources until the signal is aborted, or, with `untilEnd`, until all have ended.
 *
 * @throws MillraceError `PLAN_INCOMPATIBLE`, `LANE_TAKEN`, and the errors of sources and of the
 * store that do not pass.
 */
export const receive = async (parts: ReceiveParts): Promise<void> => {
  const { plan, app, store, clock, sources, signal } = parts
  const heads = new HeadStore(store, app)
  const look = async (): Promise<void> =>
    checkRunningPlan(plan, app, await withRetries(clock, () => heads.read()))
  await look()
  const ending = new AbortController()
  const stop = AbortSignal.any([signal, ending.signal])
  const triggers = new Set<Promise<void>>()
  const failures: unknown[] = []
  // What fails ends the others, so that whoever watches the process starts it again.
  const orEnd = async (running: Promise<void>): Promise<void> => {
    try {
      await running
    } catch (error) {
      failures.push(error)
      ending.abort()
    }
  }
  const watching = orEnd(watch(look, clock, stop))
  await Promise.all(sources.map((source) => orEnd(feed(parts, source, { stop, triggers }))))
  ending.abort()
  await watching
  await Promise.all(triggers)
  if (failures.length > 0) throw failures[0]
}

const watch = async (
  look: () => Promise<void>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    await clock.sleep(LOOK_MS, signal)
    if (!signal.aborted) await look()
  }
}

interface Feeding {
  readonly stop: AbortSignal
  readonly triggers: Set<Promise<void>>
}

const feed = async (
  parts: ReceiveParts,
  { source, receiver, feed: own }: FedSource,
  { stop, triggers }: Feeding,
): Promise<void> => {
  const { plan, app, clock, randomness, listen } = parts
  const lane = receiverLane(parts.name)
  const store = receiver === undefined ? parts.store : onlyWriterOf(parts.store, { source, lane })
  const { limits, deadLettersKeptMs } = plan.options
  const shared = { app, source, store, clock, randomness, limits, deadLettersKeptMs }
  const woke = (head: Head | undefined): void => {
    const sent = callDriver(parts, head).finally(() => triggers.delete(sent))
    triggers.add(sent)
  }
  const intake = new Intake({ ...shared, woke })
  const supervised = { intake, source, clock, listen, signal: stop, appended: () => undefined }
  const how = { signal: stop, untilEnd: parts.untilEnd }
  await receiver?.run(await superviseReceiver(supervised, lane), how)
  await own?.run(superviseFeed({ ...supervised, store, app }), how)
}

/** The schedule calls it each minute anyway. So a failure only delays the next batch. */
const callDriver = async (
  { plan, scheduleTriggers, listen }: ReceiveParts,
  head: Head | undefined,
): Promise<void> => {
  try {
    await scheduleTriggers([firstTrigger(plan, head)])
  } catch (error) {
    const { message } = error as Error
    listen({
      event: 'warning',
      code: 'STORE_FAILED',
      message: `The driver could not be called now, and runs within a minute: ${message}`,
    })
  }
}
