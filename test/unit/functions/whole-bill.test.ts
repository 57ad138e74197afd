/**
 * The bill of a whole deployment beside what the services in memory have counted for the same run,
 * by the published rules and by code of their own. Each process has clients and a meter of its own,
 * as on AWS: two of intake, which share lanes, and one of the driver. All of them are replaced now
 * and then. What was stored is not compared: the services do not count it, and the bill estimates.
 */
import { seconds } from 'millrace'
import { expect, test } from 'vitest'
import { clientsOf } from '../../../bench/aws/clients.ts'
import { attemptIds, deploy, type Deployed } from '../../../bench/aws/deployment.ts'
import { Services } from '../../../bench/aws/services.ts'
import { meterClients } from '../../../bench/costs/sharded-app.ts'
import { lineEvent, visitTotals } from '../../../bench/costs/visits.ts'
import { type MeteredFunction, meteredFunction } from '../../../functions/usage.ts'
import { dynamodbItemStore } from '../../../lib/adapters/aws/dynamodb-item-store.ts'
import { dollarsOf, type Usage, usageSum } from '../../../lib/base/prices.ts'
import { type Bill, readBill } from '../../../lib/runtime/operations/bill.ts'
import { seededRandom } from '../../../lib/base/seeded.ts'

const START_MS = 1_700_000_000_000
const BATCHES = 30
const SHARDS = 2
const NEW_PROCESSES_EVERY = 12
const PLATFORM_LOG_BYTES = 400

type Role = 'intake' | 'driver'

interface Process {
  readonly app: Deployed
  readonly metered: MeteredFunction
}

const MEMORY_MB: Readonly<Record<Role, number>> = { intake: 1_024, driver: 1_769 }
const INVOCATION_MS: Readonly<Record<Role, number>> = { intake: 40, driver: 90 }

class Run {
  readonly services = new Services()
  readonly time = { nowMs: START_MS }
  readonly counted: Record<Role, Usage> = { intake: {}, driver: {} }
  readonly #attemptId = attemptIds()
  #logBytes = 0

  /** A new environment of a function. */
  open(role: Role): Process {
    const clients = clientsOf(this.services, () => this.time.nowMs)
    const metered = meteredFunction(
      { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MEMORY_MB[role]) },
      {
        clock: { now: () => this.time.nowMs, sleep: async () => undefined },
        write: (line) => void (this.#logBytes += Buffer.byteLength(line) + 1),
      },
    )
    const { meter, write } = metered
    meterClients(clients, meter)
    const app = deploy({
      pipeline: visitTotals(seconds(1), (totals) => totals.foreachRDD(() => undefined)),
      clients,
      time: this.time,
      attemptId: this.#attemptId,
      meter,
      write,
    })
    return { app, metered }
  }

  /** Calls a function, and notes what the services have seen of that. */
  async call(role: Role, { app, metered }: Process, run: (app: Deployed) => Promise<void>) {
    const triggers = role === 'driver' ? [{ eventSource: 'aws:sqs' }] : []
    const logBefore = this.#logBytes
    await metered.invoke({ Records: triggers }, async () => {
      this.time.nowMs += INVOCATION_MS[role]
      await run(app)
    })
    const calls = this.services.takeCalls()
    const sum = (of: (call: (typeof calls)[number]) => number): number =>
      calls.reduce((total, call) => total + of(call), 0)
    this.counted[role] = usageSum([
      this.counted[role],
      {
        writeUnits: sum(({ writeUnits }) => writeUnits),
        readUnits: sum(({ readUnits }) => readUnits),
        objectWrites: sum(({ action }) => (action === 'PutObject' ? 1 : 0)),
        objectReads: sum(({ action }) => (action === 'GetObject' ? 1 : 0)),
        // Lambda receives and deletes each trigger.
        queueRequests: sum(({ service }) => (service === 'sqs' ? 1 : 0)) + 2 * triggers.length,
        invocations: 1,
        gigabyteSeconds: ((MEMORY_MB[role] / 1_024) * INVOCATION_MS[role]) / 1_000,
        logBytes: this.#logBytes - logBefore + PLATFORM_LOG_BYTES,
      },
    ])
  }

  bill(): Promise<Bill> {
    const { dynamodb } = clientsOf(this.services, () => this.time.nowMs)
    const store = dynamodbItemStore({ table: 'clicks', client: dynamodb })
    return readBill(store, 'visits', { fromMs: START_MS, toMs: this.time.nowMs })
  }
}

/** Plays some batches, and returns what the services have counted beside the bill. */
const play = async (seed: number): Promise<{ readonly run: Run; readonly records: number }> => {
  const random = seededRandom(seed)
  const run = new Run()
  const sent = new Map<number, number>()
  let intakes = [run.open('intake'), run.open('intake')]
  let driver = run.open('driver')
  let records = 0
  await run.call('driver', driver, (app) => app.driver())
  for (let batch = 1; batch <= BATCHES; batch++) {
    if (batch % NEW_PROCESSES_EVERY === 0) {
      intakes = [run.open('intake'), run.open('intake')]
      driver = run.open('driver')
    }
    for (let shard = 0; shard < SHARDS; shard++) {
      const [count, from] = [1 + Math.floor(random() * 120), sent.get(shard) ?? 0]
      const event = lineEvent({ shard, from, count, atMs: run.time.nowMs })
      sent.set(shard, from + count)
      records += count
      const one = intakes[random() < 0.7 ? 0 : 1] as Process
      await run.call('intake', one, (app) => app.intake(event))
      // Kinesis brings some events again.
      if (random() < 0.1) await run.call('intake', one, (app) => app.intake(event))
    }
    const dueMs = START_MS + batch * 1_000
    run.time.nowMs = Math.max(run.time.nowMs, dueMs)
    await run.call('driver', driver, (app) => app.driver(dueMs))
  }
  return { run, records }
}

test('is within a tenth of what the services have counted', async () => {
  const { run, records } = await play(1)
  const bill = await run.bill()
  expect(bill).toMatchObject({ batches: BATCHES, records })
  for (const role of ['driver', 'intake'] as const) {
    const dollars = dollarsOf(run.counted[role])
    expect(bill.parts[role] / dollars, role).toBeGreaterThan(0.9)
    expect(bill.parts[role] / dollars, role).toBeLessThan(1.01)
  }
  const all = usageSum(Object.values(run.counted))
  expect(Math.abs(bill.dollars / dollarsOf(all) - 1)).toBeLessThan(0.1)
  for (const [kind, amount] of Object.entries(all) as [keyof Usage, number][])
    expect(Math.abs((bill.usage[kind] ?? 0) - amount), kind).toBeLessThanOrEqual(amount * 0.1)
})
