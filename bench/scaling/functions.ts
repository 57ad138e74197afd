/**
 * The two functions of the application in the world: environments that are kept warm, and what
 * calls them. Each environment is a process, with its own memory.
 */
import type { StreamReader } from '../../lib/ports/stream-reader.ts'
import type { Pipeline } from 'millrace'
import { dynamodbItemStore } from '../../lib/adapters/aws/dynamodb-item-store.ts'
import { s3BlobStore } from '../../lib/adapters/aws/s3-blob-store.ts'
import { s3Sink } from '../../lib/adapters/aws/s3-sink.ts'
import { withBlobs } from '../../lib/adapters/blob-item-store.ts'
import type { DriverEnvironment } from '../../functions/driver-environment.ts'
import { type DriverFunction, driverFunction } from '../../functions/driver-function.ts'
import { functionLog } from '../../functions/log.ts'
import type { Executors } from '../../lib/ports/executors.ts'
import { composeServer } from '../../lib/runtime/compose.ts'
import { outputLocator } from '../../lib/runtime/sinks/deployed.ts'
import type { TaskServer } from '../../lib/runtime/tasks/task-server.ts'
import { type IntakeFunction, intakeFunction } from '../../functions/intake-function.ts'
import type { DriverPorts } from '../../functions/ports.ts'
import { triggerQueue } from '../../functions/trigger-queue.ts'
import type { ItemStore } from '../../lib/ports/item-store.ts'
import type { Clients } from '../aws/clients.ts'
import { STREAM } from '../aws/clicks.ts'
import { attemptIds } from '../aws/deployment.ts'
import { CREATED_MS } from '../aws/services.ts'
import { PLATFORM_LOG_BYTES } from '../costs/load.ts'
import type { VirtualServices } from './services.ts'
import { SOURCE } from './word-count.ts'
import type { VirtualProcess, World } from './world.ts'

/** A whole processor of Lambda, in MB of memory. */
export const VCPU_MB = 1_769
const MB_PER_GB = 1_024
const MS_PER_S = 1_000

/** What the construct sets for a function. */
export interface FunctionSize {
  readonly role: string
  readonly memoryMb: number
  /** More environments never run at once. */
  readonly environmentsMax: number
}

/** One environment with the function that was loaded into it. */
interface Environment<F> {
  readonly process: VirtualProcess
  loaded?: F
}

/** Called in a step of the environment. */
type Invocation<F> = (loaded: F) => Promise<void>

/** What a function is made of. */
interface LambdaParts<F> {
  readonly world: World
  readonly services: VirtualServices
  readonly size: FunctionSize
  /** Loads it into an environment. */
  readonly load: () => Promise<F>
}

/** The environments of a function. The one that was free last is called first. */
export class Lambda<F> {
  readonly #free: Environment<F>[] = []
  readonly #parts: LambdaParts<F>
  /** Invocations, and since when their time is not metered. */
  readonly #running = new Set<{ fromMs: number }>()
  environments = 0

  constructor(parts: LambdaParts<F>) {
    this.#parts = parts
  }

  /** Whether an invocation would find an environment. */
  get hasRoom(): boolean {
    return this.#free.length > 0 || this.environments < this.#parts.size.environmentsMax
  }

  /** Meters the time of invocations that still run, up to now. */
  settle(): void {
    const { world } = this.#parts
    for (const one of this.#running) {
      this.#meter(world.now() - one.fromMs)
      one.fromMs = world.now()
    }
  }

  #meter(ms: number): void {
    const { services, size } = this.#parts
    const gigabytes = size.memoryMb / MB_PER_GB
    services.meterOf(size.role).add('gigabyteSeconds', (gigabytes * Math.ceil(ms)) / MS_PER_S)
  }

  /** Calls the function. `done` gets its error, if it threw, and how long it ran. */
  invoke(
    call: Invocation<F>,
    done: (ended: { readonly error?: unknown; readonly ms: number }) => void,
  ): void {
    const { world, services, size, load } = this.#parts
    const warm = this.#free.pop()
    const environment = warm ?? { process: processOf(size) }
    if (warm === undefined) this.environments += 1
    const { process } = environment
    const waitMs = services.draw(warm === undefined ? 'invokeCold' : 'invokeWarm')
    const running = { fromMs: 0 }
    const end = (startMs: number, error?: unknown): void => {
      const ms = world.now() - startMs
      this.#running.delete(running)
      this.#meter(world.now() - running.fromMs)
      const meter = services.meterOf(size.role)
      meter.add('invocations', 1)
      meter.add('logBytes', PLATFORM_LOG_BYTES)
      world.at(world.now(), () => {
        this.#free.push(environment)
        done(error === undefined ? { ms } : { error, ms })
      })
    }
    const run = async (): Promise<void> => {
      const startMs = world.now()
      // The start of an environment is billed.
      running.fromMs = warm === undefined ? startMs - waitMs : startMs
      this.#running.add(running)
      try {
        environment.loaded ??= await load()
        await call(environment.loaded)
      } catch (error) {
        return end(startMs, error)
      }
      end(startMs)
    }
    world.at(world.now() + waitMs, () => void run(), process)
  }
}

const processOf = ({ role, memoryMb }: FunctionSize): VirtualProcess => ({
  role,
  // With more memory a function has more processors. One thread uses one.
  slowness: Math.max(1, VCPU_MB / memoryMb),
  busyMs: 0,
  freeAtMs: 0,
})

/** What both functions are composed of. */
export interface ApplicationParts {
  readonly pipeline: Pipeline
  readonly world: World
  readonly services: VirtualServices
  readonly timeoutMs: number
  /** Takes each line of the log. */
  readonly write: (line: string) => void
}

/** The store of a deployment. */
export const storeOf = ({ dynamodb, s3 }: Pick<Clients, 'dynamodb' | 's3'>): ItemStore =>
  withBlobs(
    dynamodbItemStore({ table: 'clicks', client: dynamodb }),
    s3BlobStore({ bucket: 'blocks', client: s3 }),
  )

const QUEUE = 'http://127.0.0.1:9/triggers'

/** Load the functions, each for one environment. */
export interface Loaders {
  readonly intake: () => Promise<IntakeFunction>
  readonly driver: (executors?: Executors) => Promise<DriverFunction>
  readonly executor: () => Promise<TaskServer>
}

const noReader = async (): Promise<StreamReader> => ({
  read: async () => [],
  parents: async () => [],
})

/** Makes what loads the functions. */
export const loadersOf = ({
  pipeline,
  world,
  services,
  timeoutMs,
  write,
}: ApplicationParts): Loaders => {
  const { clients } = services
  const clock = { now: () => Math.floor(world.now()), sleep: (ms: number) => world.sleep(ms) }
  const attemptId = attemptIds()
  const partsOf = (executors?: Executors) => {
    const ports: DriverPorts = {
      store: storeOf(clients),
      clock,
      randomness: { attemptId },
      executors,
      scheduleTriggers: triggerQueue({ client: clients.sqs, queueUrl: QUEUE, now: clock.now }),
      // Nothing is lost here, so no shard is read again.
      sources: { kinesis: { createdMs: async () => CREATED_MS, reader: noReader } },
      sinks: { objects: async (bucket) => s3Sink({ bucket, client: clients.s3 }) },
      write: (line) => {
        services.meterOf(world.process?.role ?? 'nobody').add('logBytes', line.length + 1)
        write(line)
      },
    }
    const environment: DriverEnvironment = {
      table: 'clicks',
      blocks: 'blocks',
      triggers: QUEUE,
      sources: new Map([[SOURCE, { kind: 'kinesis', streamArn: STREAM }]]),
      outputs: new Map(),
      generation: 1,
      timeoutMs,
      executors: [],
      parallelism: 1,
    }
    return { pipeline, environment, ports }
  }
  return {
    intake: async () => intakeFunction(partsOf()),
    driver: (executors) => driverFunction(partsOf(executors)),
    executor: async () => {
      const { environment, ports } = partsOf()
      return composeServer({
        plan: pipeline.build(),
        generation: environment.generation,
        ports,
        locations: environment.sources,
        locateOutput: outputLocator(environment.outputs, ports.sinks),
        listen: functionLog(ports).log,
      })
    },
  }
}
