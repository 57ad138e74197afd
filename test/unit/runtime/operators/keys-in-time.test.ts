/**
 * Times of keys against a plain loop, with everything at once: strange keys, timers in the past and
 * far ahead, batches in which all keys end, merges, ends of processes, failing attempts, and
 * deployments with another timeout, another ttl and other numbers of partitions.
 */
import {
  type DStream,
  type Duration,
  seconds,
  type State,
  StateSpec,
  type Time,
  timeOf,
} from 'millrace'
import { expect, test } from 'vitest'
import type { LogSettings } from '../../../../lib/state/state-log.ts'
import { Random } from '../../../../lib/testing/random.ts'
import { pipelineOf, World } from '../harness.ts'

/** States of a few keys are merged, beside batches and in them. */
const SMALL: LogSettings = {
  pageRefs: 2,
  smallAfterDeltas: 3,
  smallShareMax: 2,
  tinyBytes: 24,
  merges: { besideBytes: 60, atOnceAfter: 8, sliceBytes: 400, sliceKeys: 3, mergeForMs: 20_000 },
}

const KEYS: readonly unknown[] = [
  '',
  '\u0000',
  'a',
  'a'.repeat(3_000),
  `${'a'.repeat(3_000)}b`,
  '\ud800',
  '\u0436\u0436',
  'constructor',
  '__proto__',
  0,
  Number.NaN,
  -1.5,
  Number.MAX_SAFE_INTEGER,
  2n ** 70n,
  -1n,
  null,
  undefined,
  true,
  new Date(0),
  [],
  [''],
  [Number.NaN, [null]],
  {},
  // Functions get their fields sorted.
  { a: [undefined], b: 1 },
]

/** What a record asks of its key. A number: a timer so many seconds after the batch. */
type Ask = number | 'remove' | 'clear' | 'count'
type Asked = readonly [key: number, ask: Ask]

interface Plan {
  readonly timeout: number | undefined
  readonly ttl: number | undefined
  readonly partitions: number
}

interface Known {
  readonly count: number
  readonly usedS: number
  readonly dueS: number | undefined
}

/** The plain loop. Keys are numbers: the place in `KEYS`. */
class Loop {
  readonly visits = new Map<number, Known>()
  readonly living = new Map<number, readonly [count: number, usedS: number]>()

  run(atS: number, records: readonly Asked[], { timeout, ttl }: Plan): readonly string[] {
    const given: string[] = []
    for (const [key, ask] of records) {
      const { count = 0, dueS } = this.visits.get(key) ?? {}
      given.push(`${key} ${String(ask)} at ${count}`)
      if (ask === 'remove') this.visits.delete(key)
      else {
        const newS = ask === 'clear' ? undefined : ask === 'count' ? dueS : atS + ask
        this.visits.set(key, { count: count + 1, usedS: atS, dueS: newS })
      }
    }
    const due = [...this.visits].filter(([, { dueS = Infinity }]) => dueS <= atS)
    for (const [key, { count, usedS, dueS = 0 }] of due) {
      if (timeout !== undefined && usedS + timeout < dueS) continue
      given.push(`${key} due at ${count}`)
      this.visits.set(key, { count: count + 1, usedS, dueS: count % 3 === 0 ? atS - 5 : undefined })
    }
    for (const [key, { count, usedS }] of this.visits)
      if (timeout !== undefined && atS - usedS > timeout) {
        given.push(`${key} gone at ${count}`)
        this.visits.delete(key)
      }
    for (const [key, [, usedS]] of this.living)
      if (ttl !== undefined && atS - usedS > ttl) this.living.delete(key)
    for (const [key] of records) this.living.set(key, [(this.living.get(key)?.[0] ?? 0) + 1, atS])
    for (const [key, [count]] of this.living) given.push(`${key} lives at ${count}`)
    return given.toSorted()
  }
}

const placeOf = (key: unknown): number =>
  KEYS.findIndex((one) =>
    typeof one === 'object' && one !== null && typeof key === 'object' && key !== null
      ? describeKey(one) === describeKey(key)
      : one === key || Object.is(one, key),
  )

const describeKey = (key: object): string =>
  JSON.stringify(key, (_, value: unknown) =>
    Number.isNaN(value) ? 'NaN' : value === undefined ? 'undefined' : value,
  ) + (key instanceof Date ? 'date' : '')

const later = (time: Time, count: number): Time => timeOf(time.milliseconds + count * 1_000)

const visit = (key: unknown, ask: Ask | undefined, state: State<number>, time: Time): string => {
  const place = placeOf(key)
  if (state.isTimingOut()) return `${place} gone at ${state.get()}`
  const count = state.getOption() ?? 0
  if (state.isTimerFiring()) {
    state.update(count + 1)
    if (count % 3 === 0) state.setTimer(later(time, -5))
    return `${place} due at ${count}`
  }
  if (ask === 'remove') state.remove()
  else {
    state.update(count + 1)
    if (ask === 'clear') state.clearTimer()
    else if (typeof ask === 'number') state.setTimer(later(time, ask))
  }
  return `${place} ${String(ask)} at ${count}`
}

const secondsOrNone = (count: number | undefined): Duration | undefined =>
  count === undefined ? undefined : seconds(count)

test.for(Array.from({ length: 6 }, (_, seed) => seed))(
  'it is a plain loop: seed %i',
  async (seed) => {
    const random = new Random(seed)
    const world = new World()
    const loop = new Loop()
    let given: string[] = []
    let fails = false
    let plan: Plan = { timeout: 4, ttl: 3, partitions: 1 }
    let generation = 0
    const deploy = () => {
      const { timeout, ttl, partitions } = plan
      const timeoutOf = secondsOrNone(timeout)
      const ttlOf = secondsOrNone(ttl)
      const pipeline = pipelineOf(
        (ssc) => {
          const pairs = ssc.socketTextStream('lines', 1) as unknown as DStream<[unknown, Ask]>
          pairs
            .mapWithState(
              StateSpec.function(visit, {
                timers: true,
                partitions,
                ...(timeoutOf && { timeout: timeoutOf }),
              }),
            )
            .foreachRDD(async (rdd) => void given.push(...(await rdd.collect())))
          pairs
            .updateStateByKey<number>((asks, count = 0) => count + asks.length, {
              partitions,
              ...(ttlOf && { ttl: ttlOf }),
            })
            .foreachRDD(async (rdd) => {
              for (const [key, count] of await rdd.collect())
                given.push(`${placeOf(key)} lives at ${count}`)
              if (fails) throw new Error('an accident')
            })
        },
        { whenIdle: 'tick' },
      )
      return world.deploy(pipeline, { generation: (generation += 1), logSettings: SMALL })
    }
    let deployment = deploy()
    await deployment.run()
    let position = 1
    for (let batch = 1; batch <= 120; batch++) {
      const atS = batch
      const records = Array.from({ length: random.pick([0, 0, 1, 3, 30]) }, (): Asked => {
        const ask = random.pick<Ask>([
          'remove',
          'clear',
          'count',
          'count',
          -100,
          0,
          1,
          3,
          9,
          100_000,
        ])
        return [random.between(0, random.pick([4, KEYS.length - 1])), ask]
      })
      if (records.length > 0)
        await deployment.append(
          'socketTextStream-1',
          position,
          // A negative zero is the key zero.
          records.map(([key, ask]) => [KEYS[key] === 0 ? -0 : KEYS[key], ask]),
        )
      position += records.length
      fails = random.chance(0.1)
      given = []
      world.advance(1_000)
      await deployment.run()
      if (fails) {
        fails = false
        given = []
        deployment = deploy()
        await deployment.run()
      }
      expect(given.toSorted(), `batch ${batch}`).toEqual(loop.run(atS, records, plan))
      const next = random.pick(['new plan', 'new process', ...Array<string>(8).fill('')])
      if (next === 'new plan')
        plan = {
          timeout: random.pick([1, 4, 9]),
          ttl: random.pick([1, 3, 8]),
          partitions: random.pick([1, 2, 5]),
        }
      if (next !== '') deployment = deploy()
    }
  },
)
