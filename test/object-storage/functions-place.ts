/**
 * A bucket, watched by intake and the driver as they run on AWS, with other ports. Each call is one
 * of a new process.
 */
import { type DriverFunction, driverFunction } from '../../functions/driver-function.ts'
import { type IntakeFunction, intakeFunction } from '../../functions/intake-function.ts'
import type { ItemStore } from '../../lib/ports/item-store.ts'
import type { ObjectStore } from '../../lib/ports/object-store.ts'
import type { PlatformEvent } from '../../lib/runtime/intake/event-reader.ts'
import { redrive } from '../../lib/runtime/dead-letters/redrive.ts'
import type { Location } from '../../lib/runtime/locations.ts'
import { deliveries } from './deliveries.ts'
import { deadLetterCodes, saidIn } from './observed.ts'
import { countingPipeline, SOURCE } from './pipeline.ts'
import type { Delivery, Place } from './place.ts'
import type { Scenario } from './scenario.ts'

/** What of a place depends on the bucket. */
export type BucketSide = Pick<
  Place,
  'put' | 'copy' | 'touch' | 'append' | 'remove' | 'restore' | 'skew' | 'close'
> & {
  readonly name: string
  readonly objects: ObjectStore
  /** The messages that the bucket has sent since the last call, oldest first. */
  readonly messages: () => Promise<readonly string[]>
}

/** Where the functions run. */
export interface FunctionsWorld {
  readonly app: string
  readonly store: ItemStore
  readonly now: () => number
  readonly advance: (ms: number) => void
}

const TIMEOUT_MS = 60_000
const QUEUE_ARN = 'arn:aws:sqs:eu-west-1:123456789012:notifications'

/** Enough for what was put aside, or waits for its time, to be taken up. */
const CALLS = 4

/** Makes a place of a bucket. */
export const functionsPlace = (
  { options = {}, watch }: Scenario,
  side: BucketSide,
  { app, store, now, advance }: FunctionsWorld,
): Place => {
  const { pipeline, lines } = countingPipeline(app, options)
  const log: string[] = []
  const startMs = now()
  let attempts = 0
  let delivery: Delivery = 'once'
  let waiting: readonly string[] = []
  let change: ((place: Place) => Promise<void>) | undefined
  const randomness = { attemptId: () => `attempt${++attempts}` }
  const clock = { now, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) }
  const location: Location & Readonly<Record<string, string>> = {
    kind: 'objects',
    bucket: side.name,
    prefix: watch?.prefix ?? 'in/',
    queueArn: QUEUE_ARN,
  }

  const functions = async (
    here: Place,
  ): Promise<{ readonly intake: IntakeFunction; readonly driver: DriverFunction }> => {
    const objects: ObjectStore = {
      ...side.objects,
      read: async (object, range) => {
        const due = change
        change = undefined
        await due?.(here)
        return side.objects.read(object, range)
      },
    }
    const ports = {
      store,
      clock,
      randomness,
      scheduleTriggers: async () => undefined,
      sources: { objects: { open: async () => objects } },
      sinks: {},
      write: (line: string) => void log.push(line),
    }
    const environment = {
      table: 'table',
      blocks: undefined,
      triggers: 'queue',
      sources: new Map([[SOURCE, location]]),
      outputs: new Map(),
      generation: 1,
      timeoutMs: TIMEOUT_MS,
      executors: [],
      parallelism: 1,
    }
    const parts = { pipeline, environment, ports }
    return { intake: intakeFunction(parts), driver: await driverFunction(parts) }
  }

  const notify = async (intake: IntakeFunction): Promise<void> => {
    waiting = [...waiting, ...(await side.messages())]
    if (delivery === 'later') return
    for (const bodies of deliveries(waiting, delivery)) {
      const Records = bodies.map((body, index) => ({
        messageId: `message-${index}`,
        eventSourceARN: QUEUE_ARN,
        body,
      }))
      const event: PlatformEvent = { Records }
      await intake(event, { getRemainingTimeInMillis: () => TIMEOUT_MS })
    }
    waiting = []
  }

  const run = async (here: Place): Promise<void> => {
    const { intake, driver } = await functions(here)
    await notify(intake)
    for (let call = 0; call < CALLS; call++) {
      const event = { Records: [{ body: JSON.stringify({ app }) }] }
      await driver(event, { getRemainingTimeInMillis: () => TIMEOUT_MS })
      advance(1_000)
    }
  }

  const told = (): readonly Record<string, unknown>[] =>
    log.map((line) => JSON.parse(line) as Record<string, unknown>)

  const place: Place = {
    ...side,
    // No two changes happen in the same millisecond.
    async put(key, file) {
      advance(1)
      await side.put(key, file)
    },
    async copy(from, to) {
      advance(1)
      await side.copy(from, to)
    },
    async rename(from, to) {
      await place.copy(from, to)
      await side.remove(from)
    },
    batch: () => run(place),
    pass(ms) {
      advance(ms)
      return run(place)
    },
    beforeRead: (next) => void (change = next),
    deliver: async (how) => void (delivery = how),
    async redrive() {
      const times = { fromMs: startMs, toMs: now() }
      await redrive({ store, app, clock, randomness }, times)
    },
    seen: async () => ({
      lines: lines(),
      deadLetters: await deadLetterCodes(store, app, startMs),
      said: saidIn(told()),
    }),
  }
  return place
}
