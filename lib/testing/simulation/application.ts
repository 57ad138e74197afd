/**
 * The functions of an application, composed over simulated ports in the same way as functions/
 * composes them over the ports of AWS.
 */
import { withBlobs } from '../../adapters/blob-item-store.ts'
import { printSink } from '../../adapters/print-sink.ts'
import type { Plan } from '../../dstream/plan.ts'
import { type Composition, compose, composeServer, type WorldPorts } from '../../runtime/compose.ts'
import { eventRoutes } from '../../runtime/intake/event-routes.ts'
import type { HeldLimits } from '../../runtime/sources/held-limits.ts'
import type { LogSettings } from '../../state/state-log.ts'
import { driverHandler, leaseMsFor } from '../../runtime/driver/driver-handler.ts'
import type { Outcome } from '../../runtime/driver/outcome.ts'
import { delaySeconds, parseTrigger, type Trigger } from '../../runtime/driver/triggers.ts'
import type { RuntimeEvent } from '../../runtime/events.ts'
import { type PlatformEvent, readEvent } from '../../runtime/intake/event-reader.ts'
import { type IntakeAnswer, intakeHandler } from '../../runtime/intake/intake-handler.ts'
import type { CombinePays } from '../../runtime/intake/lane-blocks.ts'
import { sourceCombiners } from '../../runtime/tasks/source-combiners.ts'
import { SourceStage } from '../../runtime/tasks/source-stage.ts'
import type { DirectoryLocation } from '../../runtime/directories.ts'
import type { Location } from '../../runtime/locations.ts'
import type { SinkLocation } from '../../runtime/sinks/sink-kind.ts'
import type { StreamLocation } from '../../runtime/sources/kinesis/kind.ts'
import type { ObjectsLocation } from '../../runtime/sources/objects/event-messages.ts'
import { type Caller, caller, type CallWorld } from './calls.ts'
import type { SimulatedBucket } from './cloud/bucket.ts'
import type { SimulatedDirectory } from './cloud/directory.ts'
import { simulatedExecutors, type StartedServer } from './cloud/executors.ts'
import type { FunctionSettings, Handler } from './cloud/function.ts'
import type { SimulatedQueue } from './cloud/queue.ts'
import { type SimulatedStream, streamArn } from './cloud/stream.ts'
import type { Environment } from './environment.ts'
import { type RefusingStore, simulatedBlobStore, simulatedObjectStore } from './ports/buckets.ts'
import { simulatedClock, simulatedRandomness } from './ports/clock.ts'
import { simulatedItemStore } from './ports/item-store.ts'
import type { Observer } from './ports/observer.ts'
import { simulatedDirectory } from './ports/directory.ts'
import { simulatedOutputs } from './ports/outputs.ts'
import { simulatedStreamReader } from './ports/stream-reader.ts'
import type { Storage } from './storage.ts'

/** What the functions of one application share. */
export interface ApplicationParts extends CallWorld {
  readonly observer: Observer
  readonly storage: Storage
  /** How many executors each process of the driver has. */
  readonly executors: number
  /** Whether intake combines records, wherever it can. */
  readonly combines: boolean
  readonly triggers: () => SimulatedQueue
  readonly buckets: ReadonlyMap<string, SimulatedBucket>
  readonly directories: ReadonlyMap<string, SimulatedDirectory>
  /** The streams as they are now. */
  readonly streams: () => readonly SimulatedStream[]
  /** Builds the plan with the code of a deployment. Each process builds its own. */
  readonly plan: (environment: Environment) => Plan
  readonly listen: (environment: Environment, event: RuntimeEvent) => void
}

/** The events of intake. */
export type IntakeEvent = PlatformEvent

/** What intake answers. `refused`: the ids of the messages that must come again. */
export interface SimulatedIntakeAnswer extends IntakeAnswer {
  readonly refused: readonly string[]
}

export const DRIVER_TIMEOUT_MS = 20_000
/** Lanes are emptied much sooner than on AWS, also while their shards live. */
const LANE_QUIET_MS = 3_000

/** The ports of a process. */
export interface ProcessPorts extends WorldPorts {
  readonly call: Caller
  readonly scheduleTriggers: (triggers: readonly Trigger[]) => Promise<void>
}

/** What a process of the application has of the world. */
export const portsOf = (parts: ApplicationParts, environment: Environment): ProcessPorts => {
  const { world, observer, storage, streams, buckets, directories } = parts
  const call = caller(parts, environment)
  const clock = simulatedClock(world, environment)
  const items = simulatedItemStore({ store: storage.items, observer, world, environment, call })
  const blobs = simulatedBlobStore(storage.blobs, observer, environment, call)
  const outputs = simulatedOutputs(storage.outputs, observer, environment, call)
  const send = async (trigger: Trigger): Promise<void> => {
    if (parts.faults.strikes('lostTrigger', 3)) return
    parts.triggers().send(JSON.stringify(trigger), 1_000 * delaySeconds(trigger, clock.now()))
  }
  return {
    store: withBlobs(items, blobs, { aboveBytes: storage.blobAboveBytes }),
    call,
    clock,
    randomness: simulatedRandomness(world, environment),
    sources: {
      kinesis: {
        reader: async () => simulatedStreamReader(streams, call),
        createdMs: async (arn) => createdMsOf(environment, arn),
        quietMs: LANE_QUIET_MS,
      },
      objects: {
        open: async (name) => simulatedObjectStore(refusingStore(buckets, name), call),
      },
      files: {
        open: ({ path }) =>
          simulatedDirectory((directories.get(path) as SimulatedDirectory).objects, call),
        check: () => undefined,
      },
    },
    sinks: { objects: async () => outputs, print: printSink({ print: () => undefined }) },
    scheduleTriggers: (triggers) => {
      observer.scheduling(triggers.length, environment)
      return call({
        name: `schedule ${triggers.length} triggers`,
        effect: async () => void (await Promise.all(triggers.map(send))),
      })
    },
  }
}

const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1)

const createdMsOf = ({ deployment }: Environment, arn: string): number =>
  deployment.createdMs.get(nameOf(arn)) as number

const bucketIn = (buckets: ApplicationParts['buckets'], name: string): SimulatedBucket =>
  buckets.get(name) as SimulatedBucket

const refusingStore = (buckets: ApplicationParts['buckets'], name: string): RefusingStore => {
  const bucket = bucketIn(buckets, name)
  return { objects: bucket.objects, isRefused: (version) => bucket.isRefused(version) }
}

/** Sources that are buckets or directories in this world watch them; others read a stream. */
const locationsOf = (
  { buckets, directories }: ApplicationParts,
  plan: Plan,
): ReadonlyMap<string, Location> =>
  new Map(
    plan.sources.map(({ id, node: { source } }): readonly [string, Location] => {
      const { name = id } = source
      if (directories.has(name)) return [id, filesIn(name)]
      return [id, buckets.has(name) ? objectsIn(name) : recordsOf(streamArn(name))]
    }),
  )

const objectsIn = (bucket: string): ObjectsLocation => ({ kind: 'objects', bucket, prefix: '' })

const filesIn = (path: string): DirectoryLocation => ({
  kind: 'files',
  path,
  base: '',
  shown: path,
})

const recordsOf = (arn: string): StreamLocation => ({ kind: 'kinesis', streamArn: arn })

const locateOutput = (place: string): SinkLocation & { readonly bucket?: string } =>
  place === 'print:'
    ? { kind: 'print', path: '' }
    : { kind: 'objects', bucket: 'outputs', path: place }

/** Appends are small here. All of them are combined. */
const ALWAYS: CombinePays = { recordsMin: 1, shareMax: Infinity }

/** Starts a process of intake. */
export const startIntake =
  (parts: ApplicationParts) =>
  (environment: Environment): Handler<IntakeEvent, SimulatedIntakeAnswer> => {
    const plan = parts.plan(environment)
    const ports = portsOf(parts, environment)
    const routes = eventRoutes(plan, locationsOf(parts, plan), ports.sources)
    const combinerOf = sourceCombiners({
      plan,
      generation: environment.generation,
      clock: ports.clock,
      open: async (given) => new SourceStage(given),
      pays: ALWAYS,
    })
    const intake = intakeHandler({ plan, ...ports, ...(parts.combines ? { combinerOf } : {}) })
    return async (event, { remainingMs }) => {
      const { appends, refused = [] } = await readEvent(event, routes)
      const answer = await intake(appends, remainingMs())
      if (answer.combined !== undefined) parts.sightings.see('records combined by intake')
      return { ...answer, refused: refused.map(({ messageId }) => messageId) }
    }
  }

/** The states of a simulated world are small, and shall have pages and merges all the same. */
const SMALL_LOG: LogSettings = {
  pageRefs: 2,
  smallAfterDeltas: 3,
  smallShareMax: 2,
  tinyBytes: 24,
  merges: { besideBytes: 0, atOnceAfter: 20, sliceBytes: 400, sliceKeys: 3, mergeForMs: 20_000 },
}

/** Inputs are small too: some batches are read at once, others file by file and part by part. */
const LITTLE_HELD: HeldLimits = { batchBytes: 40, partBytes: 16 }

/** So a task is one part of a file or a few, or one block of a lane or two. */
const LITTLE_TASK_BYTES = 60

/** Some states are large, and others become so. */
const LITTLE_STATE_BYTES = 200

/** Starts a process of an executor: it opens sources and outputs by itself. */
const startServer =
  (parts: ApplicationParts) =>
  (environment: Environment): StartedServer => {
    const plan = parts.plan(environment)
    const server = composeServer({
      plan,
      generation: environment.generation,
      ports: portsOf(parts, environment),
      locations: locationsOf(parts, plan),
      locateOutput,
      listen: () => undefined,
      held: LITTLE_HELD,
      taskBytes: LITTLE_TASK_BYTES,
      logSettings: SMALL_LOG,
    })
    return { plan: plan.hash, server }
  }

const composeRunner = (
  parts: ApplicationParts,
  environment: Environment,
  plan: Plan,
  ports: ProcessPorts,
): Promise<Composition> =>
  compose({
    plan,
    generation: environment.generation,
    ports,
    locations: locationsOf(parts, plan),
    locateOutput,
    listen: (event: RuntimeEvent) => parts.listen(environment, event),
    leaseMs: leaseMsFor(DRIVER_TIMEOUT_MS),
    logSettings: SMALL_LOG,
    held: LITTLE_HELD,
    taskBytes: LITTLE_TASK_BYTES,
    stateBytes: LITTLE_STATE_BYTES,
    slowMs: 0,
    executors: simulatedExecutors({ ...parts, startServer: startServer(parts) }, environment),
  })

/** The function of the driver. */
export const driverSettings = (
  parts: ApplicationParts,
): FunctionSettings<readonly string[], Outcome> => ({
  name: 'driver',
  timeoutMs: DRIVER_TIMEOUT_MS,
  shortMs: () => parts.faults.shortInvocationMs(),
  start: startDriver(parts),
})

/** Starts a process of the driver. */
const startDriver =
  (parts: ApplicationParts) =>
  (environment: Environment): Handler<readonly string[], Outcome> => {
    const plan = parts.plan(environment)
    const ports = portsOf(parts, environment)
    const { scheduleTriggers } = ports
    const driver = composeRunner(parts, environment, plan, ports).then(({ runner }) =>
      driverHandler({ runner, timeoutMs: DRIVER_TIMEOUT_MS, scheduleTriggers }),
    )
    return async (bodies, { remainingMs }) =>
      (await driver)({ triggers: bodies.map(parseTrigger), remainingMs })
  }
