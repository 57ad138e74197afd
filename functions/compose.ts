/** Where the parts of a function are made and put together: once in a process, on its first event. */
import { SQSClient } from '@aws-sdk/client-sqs'
import { clientSettings } from '../lib/adapters/aws/clients.ts'
import { withBlobs } from '../lib/adapters/blob-item-store.ts'
import { dynamodbItemStore } from '../lib/adapters/aws/dynamodb-item-store.ts'
import { systemClock } from '../lib/adapters/local/system-clock.ts'
import { systemRandomness } from '../lib/adapters/local/system-randomness.ts'
import { MillraceError } from '../lib/base/errors.ts'
import type { Pipeline } from '../lib/dstream/stream.ts'
import type { Plan, Planned } from '../lib/dstream/plan.ts'
import type { SourceNode } from '../lib/dstream/plan-node.ts'
import type { Clock } from '../lib/ports/clock.ts'
import type { ItemStore } from '../lib/ports/item-store.ts'
import type { OutputFiles } from '../lib/ports/output-files.ts'
import type { Randomness } from '../lib/ports/randomness.ts'
import type { StreamReader } from '../lib/ports/stream-reader.ts'
import { shardReplay } from '../lib/runtime/kinesis/replay.ts'
import { type DriverHandler, driverHandler } from '../lib/runtime/serverless/driver-handler.ts'
import type { Tick } from '../lib/runtime/serverless/ticks.ts'
import { type IntakeHandler, intakeHandler } from '../lib/runtime/serverless/intake-handler.ts'
import type { BatchSource } from '../lib/runtime/sources/batch-source.ts'
import { hintSource } from '../lib/runtime/sources/hint-source.ts'
import { laneSource } from '../lib/runtime/sources/lane-source.ts'
import { HeadStore } from '../lib/state/head.ts'
import { type Environment, readEnvironment, type SourceBinding } from './environment.ts'
import { log } from './log.ts'
import { outputPort } from './outputs.ts'
import { type ObjectTarget, objectTargets } from './object-targets.ts'
import { tickQueue } from './tick-queue.ts'
import { elementsOf, type StreamTarget, streamTargets } from './targets.ts'

/** Intake, and which streams and buckets are for which sources. */
export interface ComposedIntake {
  readonly intake: IntakeHandler
  readonly streams: readonly StreamTarget[]
  readonly objects: readonly ObjectTarget[]
}

/** Puts intake together. */
export const composeIntake = async (pipeline: Pipeline): Promise<ComposedIntake> => {
  const environment = readEnvironment(process.env)
  const plan = pipeline.build()
  const { store, clock, randomness, wind } = await portsOf(environment)
  return {
    intake: intakeHandler({ plan, store, clock, randomness, wind }),
    streams: streamTargets(plan, environment.sources),
    objects: objectTargets(plan, environment.sources),
  }
}

/** Puts the driver together. */
export const composeDriver = async (pipeline: Pipeline): Promise<DriverHandler> => {
  const environment = readEnvironment(process.env)
  const plan = pipeline.build()
  const { store, clock, randomness, wind } = await portsOf(environment)
  const { generation, timeoutMs } = environment
  if (!Number.isSafeInteger(generation) || !(timeoutMs > 0)) throw notForDriver(generation, timeoutMs)
  const runner = {
    plan,
    app: plan.name,
    generation,
    store,
    heads: new HeadStore(store, plan.name),
    clock,
    randomness,
    sources: await sourcesOf(plan, environment, store),
    outputs: outputPort(environment.outputs, filesIn),
    listen: log,
  }
  return driverHandler({ runner, timeoutMs, wind })
}

interface FunctionPorts {
  readonly store: ItemStore
  readonly clock: Clock
  readonly randomness: Randomness
  readonly wind: (ticks: readonly Tick[]) => Promise<void>
}

const portsOf = async (environment: Environment): Promise<FunctionPorts> => {
  const clock = systemClock()
  const wind = tickQueue({ client: new SQSClient(clientSettings()), queueUrl: environment.ticks, now: () => clock.now() })
  return { store: await storeOf(environment), clock, randomness: systemRandomness(), wind }
}

/** S3's client is loaded only where there is a bucket for large segments. */
const storeOf = async ({ table, blocks }: Environment): Promise<ItemStore> => {
  const items = dynamodbItemStore({ table })
  if (blocks === undefined) return items
  const { s3BlobStore } = await import('../lib/adapters/aws/s3-blob-store.ts')
  return withBlobs(items, s3BlobStore({ bucket: blocks }))
}

const sourcesOf = async (plan: Plan, { sources }: Environment, store: ItemStore): Promise<ReadonlyMap<string, BatchSource>> => {
  const made = plan.sources.map(
    async (planned) => [planned.id, await sourceOf(plan.name, planned, sources.get(planned.id), store)] as const,
  )
  return new Map(await Promise.all(made))
}

const sourceOf = async (
  app: string,
  { id, node }: Planned<SourceNode>,
  binding: SourceBinding | undefined,
  store: ItemStore,
): Promise<BatchSource> => {
  if (binding?.kind === 'kinesis') {
    const replay = shardReplay({ elements: elementsOf(node.source), open: streamReader })
    return laneSource({ store, app, source: id, recovery: { replay, report: log } }) as BatchSource
  }
  if (binding?.kind === 'objects' && 'files' in node.source) {
    const { s3ObjectStore } = await import('../lib/adapters/aws/s3-object-store.ts')
    const { existing, onOverwrite = 'new' } = node.source.files
    const objects = s3ObjectStore({ bucket: binding.bucket })
    return hintSource({ store, app, source: id, objects, existing, onOverwrite, report: log }) as BatchSource
  }
  throw new MillraceError('BINDING_MISSING', {
    problem: `The source ${id} (${node.kind}) is bound to nothing that this function can read`,
    fix: 'give the construct StreamingApp a binding for it',
  })
}

/** Loaded by the first block that is lost: hardly ever. */
const streamReader = async (): Promise<StreamReader> => (await import('../lib/adapters/aws/kinesis-stream-reader.ts')).kinesisStreamReader()

/** Loaded by the first batch that writes to a bucket: a plan that does not is started without S3's client. */
const filesIn = async (bucket: string): Promise<OutputFiles> =>
  (await import('../lib/adapters/aws/s3-output-files.ts')).s3OutputFiles({ bucket })

const notForDriver = (generation: number, timeoutMs: number): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', {
    problem: 'The driver needs MILLRACE_GENERATION and MILLRACE_TIMEOUT_S',
    value: { generation, timeoutMs },
    allowed: 'a whole number that only grows, and seconds',
    fix: 'deploy with the construct StreamingApp, which sets them',
  })
