import { seconds, type Pipeline } from 'millrace'
import { describe, expect, test } from 'vitest'
import {
  driverHandler,
  type DriverHandler,
  LEASE_MARGIN_MS,
  leaseMsFor,
} from '../../../../lib/runtime/driver/driver-handler.ts'
import type { PositionedAppend } from '../../../../lib/runtime/intake/event-reader.ts'
import { intakeHandler, type IntakeHandler } from '../../../../lib/runtime/intake/intake-handler.ts'
import type { Trigger } from '../../../../lib/runtime/driver/triggers.ts'
import type { RuntimeEvent } from '../../../../lib/runtime/events.ts'
import { lanesReader } from '../../../../lib/runtime/sources/lanes/reader.ts'
import type { Runner } from '../../../../lib/runtime/runner.ts'
import '../../../../lib/runtime/sources/all.ts'
import { wholeReader } from '../../../../lib/runtime/sources/redriven.ts'
import { HeadStore } from '../../../../lib/state/head.ts'
import { APP, pipelineOf, START_MS, World } from '../harness.ts'

const SOURCE = 'kinesisTextStream-1'
const TIMEOUT_MS = 60_000

/** A deployed application: both functions, and the queue between them. */
class Functions {
  readonly world = new World()
  readonly scheduled: Trigger[] = []
  readonly seen: string[] = []
  readonly events: RuntimeEvent[] = []
  readonly intake: IntakeHandler
  readonly driver: DriverHandler
  /** Called in each batch. */
  during: () => void | Promise<void> = () => undefined
  remainingMs = TIMEOUT_MS

  /** `isLong`: its batches count words, in tasks of one append each. */
  constructor(isLong = false) {
    const { store, clock, randomness } = this.world
    const plan = (isLong ? this.#longPipeline() : this.#pipeline()).build()
    const scheduleTriggers = async (triggers: readonly Trigger[]): Promise<void> =>
      void this.scheduled.push(...triggers)
    const sleep = async (ms: number): Promise<void> => this.world.advance(ms)
    this.intake = intakeHandler({ plan, store, clock, randomness, scheduleTriggers })
    const place = { store, app: APP, source: SOURCE }
    const runner: Runner = {
      plan,
      app: APP,
      generation: 1,
      store,
      heads: new HeadStore(store, APP),
      clock: { ...clock, sleep },
      randomness,
      sources: new Map([[SOURCE, wholeReader(place, lanesReader(place))]]),
      outputs: {
        write: async () => undefined,
        openParts: async () => undefined,
        encode: () => undefined,
        publish: async () => undefined,
        close: async () => undefined,
      },
      listen: (event: RuntimeEvent) => void this.events.push(event),
      leaseMs: leaseMsFor(TIMEOUT_MS),
      taskBytes: 1,
    }
    this.driver = driverHandler({
      runner,
      timeoutMs: TIMEOUT_MS,
      scheduleTriggers,
    })
  }

  #pipeline(): Pipeline {
    return pipelineOf(
      (ssc) =>
        ssc.kinesisTextStream('clicks').foreachRDD(async (rdd) => {
          this.seen.push(...(await rdd.collect()))
          await this.during()
        }),
      { batchInterval: seconds(10) },
    )
  }

  #longPipeline(): Pipeline {
    return pipelineOf(
      (ssc) =>
        ssc
          .kinesisTextStream('clicks')
          .map((word): [string, number] => {
            this.seen.push(word)
            this.remainingMs -= 20_000
            return [word, 1]
          })
          .reduceByKey((a, b) => a + b)
          .saveAsTextFiles('out'),
      { batchInterval: seconds(10) },
    )
  }

  async trigger(trigger: Omit<Trigger, 'app'> = {}): Promise<string> {
    return (
      await this.driver({
        triggers: [{ app: APP, ...trigger }],
        remainingMs: () => this.remainingMs,
      })
    ).kind
  }

  /** Runs empty batches until the head is at rest. */
  async rest(): Promise<void> {
    for (let i = 0; i < 4; i++) {
      await this.trigger()
      this.world.advance(10_000)
    }
    expect((await this.world.head()).status).toBe('rest')
    this.scheduled.length = 0
  }
}

const deliveryOf = (first: number, ...records: readonly string[]): PositionedAppend => ({
  source: SOURCE,
  delivery: {
    lane: '0',
    records: records.map((record, index) => ({ position: String(first + index), record })),
  },
})

const fromStart = (triggers: readonly Trigger[]): readonly number[] =>
  triggers.map(({ atMs = 0 }) => (atMs - START_MS) / 1_000)

describe('intake', () => {
  test('appends an event, and reports what was new', async () => {
    const app = new Functions()
    const bad = {
      source: SOURCE,
      position: '0#3',
      code: 'LINE_NOT_UTF8',
      message: 'bad',
      data: new Uint8Array([255]),
      sizeBytes: 1,
    }
    const { delivery } = deliveryOf(1, 'a', 'b')
    expect(
      await app.intake([{ source: SOURCE, delivery: { ...delivery, rejected: [bad], last: '3' } }]),
    ).toEqual({
      records: 2,
      rejected: 1,
    })
    expect(await app.intake([deliveryOf(1, 'a', 'b')])).toEqual({ records: 0, rejected: 0 })
    expect(await app.intake([])).toEqual({ records: 0, rejected: 0 })
  })

  test('schedules one trigger when it has woken the head, for its next batch time', async () => {
    const app = new Functions()
    await app.rest()
    await app.intake([deliveryOf(1, 'a')])
    await app.intake([deliveryOf(2, 'b')])
    expect(app.scheduled).toEqual([{ app: APP, atMs: START_MS + 40_000, scheduleMinute: true }])
    app.world.advance(10_000)
    await app.trigger({ scheduleMinute: true })
    expect(app.seen).toEqual(['a', 'b'])
  })

  test('calls the driver immediately while there is no head', async () => {
    const app = new Functions()
    await app.intake([deliveryOf(1, 'a')])
    expect(app.scheduled.splice(0)).toEqual([{ app: APP, scheduleMinute: true }])
    expect(await app.trigger({ scheduleMinute: true })).toBe('idle')
    expect(fromStart(app.scheduled)[0]).toBe(10)
    await app.intake([deliveryOf(2, 'b')])
    expect(app.scheduled.filter(({ scheduleMinute }) => scheduleMinute === true)).toEqual([])
    app.world.advance(10_000)
    await app.trigger({ atMs: START_MS + 10_000 })
    expect(app.seen).toEqual(['a', 'b'])
  })

  test('schedules the trigger even when the answer of the wake was lost', async () => {
    const app = new Functions()
    await app.rest()
    app.world.store.fail({ call: 'compareAndSet', to: `${APP}#head`, times: 1, applied: true })
    await app.intake([deliveryOf(1, 'a')])
    expect(app.scheduled).toEqual([{ app: APP, atMs: START_MS + 40_000, scheduleMinute: true }])
  })

  test('throws while it cannot append, and receives the event again', async () => {
    const app = new Functions()
    app.world.store.fail({ call: 'compareAndSet', to: `${APP}#in`, times: 4 })
    await expect(app.intake([deliveryOf(1, 'a')])).rejects.toMatchObject({
      code: 'STORE_FAILED',
      retryable: true,
    })
    expect(await app.intake([deliveryOf(1, 'a')])).toMatchObject({ records: 1 })
  })

  test('schedules the trigger even if another lane fails, because nothing else would', async () => {
    const app = new Functions()
    await app.rest()
    const broken = {
      lane: '1',
      records: [...deliveryOf(1, 'b', 'c').delivery.records].toReversed(),
    }
    await expect(
      app.intake([deliveryOf(1, 'a'), { source: SOURCE, delivery: broken }]),
    ).rejects.toMatchObject({ code: 'INVARIANT_BROKEN' })
    expect(app.scheduled).toHaveLength(1)
  })
})

describe('the driver', () => {
  test('runs due batches, and schedules the minute only on request', async () => {
    const app = new Functions()
    await app.trigger()
    await app.intake([deliveryOf(1, 'a')])
    app.world.advance(10_000)
    expect(await app.trigger({ atMs: START_MS + 10_000 })).toBe('idle')
    expect(app.seen).toEqual(['a'])
    expect(app.scheduled).toEqual([])
    await app.trigger({ scheduleMinute: true })
    expect(fromStart(app.scheduled)).toEqual([20, 30, 40, 50, 60])
  })

  test('schedules nothing at rest', async () => {
    const app = new Functions()
    await app.rest()
    expect(await app.trigger({ scheduleMinute: true })).toBe('idle')
    expect(app.scheduled).toEqual([])
  })

  test('waits for the batch time if its trigger is a little early', async () => {
    const app = new Functions()
    await app.trigger()
    await app.intake([deliveryOf(1, 'a')])
    app.world.advance(9_200)
    await app.trigger({ atMs: START_MS + 10_000 })
    expect(app.seen).toEqual(['a'])
    expect(app.world.nowMs).toBe(START_MS + 10_000)
  })

  test('schedules a trigger again that is much too early', async () => {
    const app = new Functions()
    await app.trigger()
    await app.trigger({ atMs: START_MS + 10_000 })
    expect(app.scheduled).toEqual([{ app: APP, atMs: START_MS + 10_000 }])
  })

  test('starts no batch with half of its time gone, and calls another invocation', async () => {
    const app = new Functions()
    await app.trigger()
    app.during = () => void (app.remainingMs -= 40_000)
    await app.intake([deliveryOf(1, 'a')])
    app.world.advance(50_000)
    expect(await app.trigger()).toBe('progressed')
    expect(app.events.filter(({ event }) => event === 'batchCompleted')).toHaveLength(1)
    expect(fromStart(app.scheduled)).toEqual([50])
  })

  test('holds the lease until its invocation must have ended, and no longer', async () => {
    const app = new Functions()
    await app.trigger()
    await app.intake([deliveryOf(1, 'a')])
    app.world.advance(10_000)
    app.remainingMs = 40_000
    let leaseEndMs = 0
    app.during = async () => void (leaseEndMs = (await app.world.head()).leaseEndMs)
    await app.trigger()
    expect(leaseEndMs).toBe(START_MS + 50_000 + LEASE_MARGIN_MS)
  })

  test('calls itself for the retry of a batch that has failed', async () => {
    const app = new Functions()
    await app.trigger()
    await app.intake([deliveryOf(1, 'a')])
    app.world.advance(10_000)
    app.during = () => {
      throw new Error('no')
    }
    expect(await app.trigger()).toBe('retry')
    expect(fromStart(app.scheduled)).toEqual([11])
  })

  test('hands a batch on that does not fit, and calls another invocation for it', async () => {
    const app = new Functions(true)
    await app.trigger()
    for (const [index, word] of ['a', 'b', 'c', 'd'].entries())
      await app.intake([deliveryOf(index + 1, word)])
    app.world.advance(10_000)
    expect(await app.trigger()).toBe('progressed')
    expect(app.seen).toEqual(['a', 'b', 'c'])
    expect(app.events).toContainEqual({
      event: 'handedOn',
      timeMs: START_MS + 10_000,
      attempt: 1,
      tasksKept: 3,
      tasksLeft: 1,
    })
    expect(fromStart(app.scheduled)).toEqual([10])
    app.remainingMs = TIMEOUT_MS
    await app.trigger()
    expect(app.seen).toEqual(['a', 'b', 'c', 'd'])
    expect((await app.world.head()).doneMs).toBe(START_MS + 10_000)
  })

  test('refuses a trigger of another application', async () => {
    const app = new Functions()
    await expect(
      app.driver({ triggers: [{ app: 'other' }], remainingMs: () => TIMEOUT_MS }),
    ).rejects.toMatchObject({ code: 'EVENT_INVALID' })
  })
})
