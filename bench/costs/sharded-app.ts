/**
 * A deployed application that reads a stream with many shards: both functions, the real adapters,
 * services in memory, and a clock that moves when a batch runs.
 */
import { type Duration, type Pipeline, seconds } from 'millrace'
import { meterDynamodb, meterS3, meterSqs } from '../../lib/adapters/aws/metering.ts'
import { mapAtOnce } from '../../lib/base/concurrency.ts'
import type { ItemStore } from '../../lib/ports/item-store.ts'
import { type Meter, type UsageMeter, usageMeter } from '../../lib/ports/meter.ts'
import type { SinkPorts } from '../../lib/runtime/sinks/sink-ports.ts'
import { type Clients, clientsOf } from '../aws/clients.ts'
import { attemptIds, deploy, type Deployed } from '../aws/deployment.ts'
import { Services } from '../aws/services.ts'
import type { Invocation } from '../aws/tally.ts'
import { type Delivery, lineEvent } from './visits.ts'

const START_MS = 1_700_000_000_000
const TRIGGER_LATE_MS = 5
const SHARDS_AT_ONCE = 50

/** What is deployed. */
export interface ShardedOptions {
  readonly intervalS: number
  readonly pipeline: (batchInterval: Duration, clients: Clients) => Pipeline
  readonly sinks?: (clients: Clients) => SinkPorts
  readonly lineOf?: Delivery['lineOf']
  /** Default: the real adapters over the services in memory. */
  readonly store?: ItemStore
  /** Counts what the clients use. */
  readonly meter?: Meter
}

/** Has the calls of clients counted by the meter of the product. */
export const meterClients = ({ dynamodb, s3, sqs }: Clients, meter: Meter): void => {
  meterDynamodb(dynamodb, meter)
  meterS3(s3, meter)
  meterSqs(sqs, meter)
}

/** The application, and the calls that it makes. */
export class ShardedApp {
  readonly services = new Services()
  readonly clients: Clients
  readonly #time = { nowMs: START_MS }
  readonly #options: ShardedOptions
  /** What the functions count themselves, as on AWS: it takes room in what they write. */
  readonly #own: UsageMeter = usageMeter()
  readonly #attemptId = attemptIds()
  readonly #sent = new Map<number, number>()
  #app: Deployed
  /** Bytes that the functions wrote to their logs. */
  logBytes = 0
  /** The last line of the logs. */
  lastLine = ''

  constructor(options: ShardedOptions) {
    this.clients = clientsOf(this.services, () => this.#time.nowMs)
    this.#options = options
    meterClients(this.clients, {
      add: (kind, amount) => {
        this.#own.add(kind, amount)
        options.meter?.add(kind, amount)
      },
    })
    this.#app = this.#deploy()
  }

  #deploy(): Deployed {
    const { intervalS, pipeline, sinks, store } = this.#options
    return deploy({
      pipeline: pipeline(seconds(intervalS), this.clients),
      clients: this.clients,
      time: this.#time,
      write: (line) => {
        this.logBytes += Buffer.byteLength(line) + 1
        this.lastLine = line
      },
      attemptId: this.#attemptId,
      meter: this.#own,
      ...(sinks === undefined ? {} : { sinks: sinks(this.clients) }),
      ...(store === undefined ? {} : { store }),
    })
  }

  /** Creates the head, as the schedule does after a deployment. */
  async start(): Promise<void> {
    await this.#app.driver()
    this.services.takeCalls()
  }

  /** Forgets all that is in memory, as new environments of both functions do. */
  restart(): void {
    this.#app = this.#deploy()
  }

  /** Moves the clock. */
  pass(ms: number): void {
    this.#time.nowMs += ms
  }

  async #send(shard: number, count: number): Promise<void> {
    const from = this.#sent.get(shard) ?? 0
    this.#sent.set(shard, from + count)
    const { lineOf } = this.#options
    const delivery = { shard, from, count, atMs: this.#time.nowMs }
    await this.#app.intake(lineEvent(lineOf === undefined ? delivery : { ...delivery, lineOf }))
  }

  /** Calls intake with records of a shard, and returns its calls. */
  async intake(shard: number, records: number): Promise<Invocation> {
    await this.#send(shard, records)
    return this.services.takeCalls()
  }

  /** Calls intake for many shards, at the same time. The calls share their round trips. */
  async intakeAll(shards: readonly number[], records: number): Promise<Invocation> {
    await mapAtOnce(shards, SHARDS_AT_ONCE, (shard) => this.#send(shard, records))
    return this.services.takeCalls()
  }

  /** Moves the clock to the next batch time and calls the driver. Returns its calls. */
  async batch(): Promise<Invocation> {
    const intervalMs = this.#options.intervalS * 1_000
    const dueMs = (Math.floor(this.#time.nowMs / intervalMs) + 1) * intervalMs
    this.#time.nowMs = dueMs + TRIGGER_LATE_MS
    await this.#app.driver(dueMs)
    return this.services.takeCalls()
  }

  /** Calls the driver as the schedule does every minute. Returns its calls. */
  async minute(): Promise<Invocation> {
    await this.#app.driver()
    return this.services.takeCalls()
  }
}
