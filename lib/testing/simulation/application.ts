/** The functions of an application, put together over simulated ports as functions/ puts them together over those of AWS. */
import { withBlobs } from '../../adapters/blob-item-store.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Fence } from '../../ports/output-files.ts'
import type { StreamReader } from '../../ports/stream-reader.ts'
import type { Outcome } from '../../runtime/driver/outcome.ts'
import type { RuntimeEvent } from '../../runtime/events.ts'
import { kinesisDeliveries, type KinesisEvent } from '../../runtime/sources/kinesis/event.ts'
import { shardParents } from '../../runtime/sources/kinesis/lineage.ts'
import { shardReplay } from '../../runtime/sources/kinesis/replay.ts'
import { reset, skip } from '../../runtime/operations/operate.ts'
import { type Redriven, redrive } from '../../runtime/dead-letters/redrive.ts'
import { driverHandler, LEASE_MARGIN_MS } from '../../runtime/driver/driver-handler.ts'
import {
  type IntakeAnswer,
  intakeHandler,
  type SourceDelivery,
  type SourceNotifications,
} from '../../runtime/intake/intake-handler.ts'
import { notificationsIn } from '../../runtime/sources/objects/events.ts'
import { parseTrigger, type Trigger, delaySeconds } from '../../runtime/driver/triggers.ts'
import type { SourceReader } from '../../runtime/sources/source-reader.ts'
import { objectsReader } from '../../runtime/sources/objects/reader.ts'
import { lanesReader } from '../../runtime/sources/lanes/reader.ts'
import { HeadStore } from '../../state/head.ts'
import { type Caller, caller, type CallWorld } from './calls.ts'
import type { SimulatedBucket } from './cloud/bucket.ts'
import type { Handler } from './cloud/function.ts'
import type { SimulatedQueue } from './cloud/queue.ts'
import type { SimulatedStream } from './cloud/stream.ts'
import type { Environment } from './environment.ts'
import { simulatedBlobStore, simulatedObjectStore } from './ports/buckets.ts'
import { simulatedClock, simulatedRandomness } from './ports/clock.ts'
import { simulatedItemStore } from './ports/item-store.ts'
import type { Observer } from './ports/observer.ts'
import { simulatedOutputFiles } from './ports/output-files.ts'
import { simulatedStreamReader } from './ports/stream-reader.ts'
import type { Storage } from './storage.ts'

/** What the functions of one application share. */
export interface ApplicationParts extends CallWorld {
  readonly observer: Observer
  readonly storage: Storage
  readonly triggers: () => SimulatedQueue
  readonly buckets: ReadonlyMap<string, SimulatedBucket>
  /** The streams as they are now. */
  readonly streams: () => readonly SimulatedStream[]
  /** The plan as the code of a deployment makes it, in each process anew. */
  readonly plan: (environment: Environment) => Plan
  readonly listen: (environment: Environment, event: RuntimeEvent) => void
}

/** The events of intake: of streams, or the bodies of notifications. */
export type IntakeEvent = KinesisEvent | { readonly bodies: readonly string[] }

export const DRIVER_TIMEOUT_MS = 20_000

interface ProcessPorts {
  readonly store: ItemStore
  readonly call: Caller
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
  readonly clock: ReturnType<typeof simulatedClock>
  readonly randomness: ReturnType<typeof simulatedRandomness>
}

const portsOf = (parts: ApplicationParts, environment: Environment): ProcessPorts => {
  const { world, observer, storage } = parts
  const call = caller(parts, environment)
  const clock = simulatedClock(world, environment)
  const items = simulatedItemStore({ store: storage.items, observer, world, environment, call })
  const send = async (tick: Trigger): Promise<void> => {
    if (!parts.faults.strikes('lostTick', 3))
      parts.triggers().send(JSON.stringify(tick), 1_000 * delaySeconds(tick, clock.now()))
  }
  return {
    store: withBlobs(items, simulatedBlobStore(storage.blobs, observer, environment, call), {
      aboveBytes: storage.blobAboveBytes,
    }),
    call,
    clock,
    randomness: simulatedRandomness(world, environment),
    scheduleTriggers: (triggers) => {
      observer.scheduling(triggers.length, environment)
      return call({
        name: `wind ${triggers.length} ticks`,
        effect: async () => void (await Promise.all(triggers.map(send))),
      })
    },
  }
}

/** Starts a process of intake. */
export const startIntake =
  (parts: ApplicationParts) =>
  (environment: Environment): Handler<IntakeEvent, IntakeAnswer> => {
    const plan = parts.plan(environment)
    const ports = portsOf(parts, environment)
    const reader = simulatedStreamReader(parts.streams, ports.call)
    const intake = intakeHandler({ plan, ...ports, parentsOf: shardParents(async () => reader) })
    return (event) =>
      intake(
        'bodies' in event
          ? notificationsFor(plan, event.bodies)
          : deliveriesFor(plan, environment, event),
      )
  }

const deliveriesFor = (
  plan: Plan,
  { deployment }: Environment,
  event: KinesisEvent,
): readonly SourceDelivery[] =>
  plan.sources.flatMap(({ id, node: { source } }) => {
    if (
      source.from !== 'kinesis' ||
      event.Records?.[0]?.eventSourceARN.endsWith(`/${source.name}`) !== true
    )
      return []
    const target = {
      source: id,
      elements: source.elements,
      createdMs: deployment.createdMs.get(source.name) as number,
    }
    return kinesisDeliveries(event, target).map((delivery) => ({ source: id, delivery }))
  })

const notificationsFor = (
  plan: Plan,
  bodies: readonly string[],
): readonly SourceNotifications[] => {
  const found = bodies.flatMap((body) => notificationsIn(body))
  return plan.sources.flatMap(({ id, node: { source } }) => {
    const notifications =
      source.from === 'text' ? found.filter(({ bucket }) => bucket === source.name) : []
    return notifications.length === 0 ? [] : [{ source: id, notifications }]
  })
}

/** Starts a process of the driver. */
export const startDriver =
  (parts: ApplicationParts) =>
  (environment: Environment): Handler<readonly string[], Outcome> => {
    const plan = parts.plan(environment)
    const { store, call, clock, randomness, scheduleTriggers } = portsOf(parts, environment)
    const files = simulatedOutputFiles(parts.storage.outputs, parts.observer, environment, call)
    const runner = {
      plan,
      app: plan.name,
      generation: environment.generation,
      store,
      heads: new HeadStore(store, plan.name),
      clock,
      randomness,
      sources: sourcesOf(parts, environment, plan, store, call),
      outputs: {
        print: () => undefined,
        saveText: (path: string, written: readonly Uint8Array[], fence: Fence) =>
          files.writeParts(path, written, fence),
      },
      listen: (event: RuntimeEvent) => parts.listen(environment, event),
    }
    const driver = driverHandler({ runner, timeoutMs: DRIVER_TIMEOUT_MS, scheduleTriggers })
    return (bodies, { remainingMs }) => driver({ triggers: bodies.map(parseTrigger), remainingMs })
  }

/** A person gives back what was put aside, and calls the driver. `limit`: records at most, besides those that were begun with. */
export const giveBackLetters = async (
  parts: ApplicationParts & { readonly app: string },
  environment: Environment,
  limit: number,
): Promise<Redriven> => {
  const { store, clock, randomness, scheduleTriggers } = portsOf(parts, environment)
  let isWoken = false
  const woke = (): void => void (isWoken = true)
  const toMs = clock.now()
  const given = await redrive(
    { store, app: parts.app, clock, randomness, woke },
    { fromMs: parts.world.startMs, toMs, limit },
  )
  if (isWoken) await scheduleTriggers([{ app: parts.app, scheduleMinute: true }])
  return given
}

/** A person gives the logged batch up, or empties all state, and calls the driver. */
export const operate = async (
  parts: ApplicationParts & { readonly app: string },
  environment: Environment,
  command: 'skip' | 'reset',
): Promise<void> => {
  const { app } = parts
  const operated = {
    ...portsOf(parts, environment),
    app,
    leaseMs: DRIVER_TIMEOUT_MS + LEASE_MARGIN_MS,
  }
  await (command === 'skip' ? skip(operated) : reset(operated))
  await operated.scheduleTriggers([{ app, scheduleMinute: true }])
}

const sourcesOf = (
  parts: ApplicationParts,
  environment: Environment,
  plan: Plan,
  store: ItemStore,
  call: Caller,
): ReadonlyMap<string, SourceReader> =>
  new Map(
    plan.sources.map(({ id, node: { source } }) => {
      const place = { store, app: plan.name, source: id }
      const bucket = source.from === 'text' ? parts.buckets.get(source.name) : undefined
      const report = (event: RuntimeEvent): void => parts.listen(environment, event)
      if (bucket === undefined || source.from !== 'text') {
        const elements = source.from === 'kinesis' ? source.elements : 'text'
        const open = async (): Promise<StreamReader> => simulatedStreamReader(parts.streams, call)
        return [
          id,
          lanesReader({
            ...place,
            recovery: { replay: shardReplay({ elements, open }), report },
          }) as SourceReader,
        ]
      }
      const objects = simulatedObjectStore(bucket.objects, call)
      return [
        id,
        objectsReader({
          ...place,
          objects,
          existing: source.files.existing,
          onOverwrite: source.files.onOverwrite ?? 'new',
          report,
        }) as SourceReader,
      ]
    }),
  )
