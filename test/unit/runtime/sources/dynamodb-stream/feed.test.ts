import { seconds, stream } from 'millrace'
import { dynamodbStream } from 'millrace/dynamodb-streams'
import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../../../lib/adapters/memory/memory-item-store.ts'
import type { ItemStore } from '../../../../../lib/ports/item-store.ts'
import { compose } from '../../../../../lib/runtime/compose.ts'
import type { RuntimeEvent } from '../../../../../lib/runtime/events.ts'
import { runLocal } from '../../../../../lib/runtime/local/run-local.ts'
import { Random } from '../../../../../lib/testing/random.ts'
import { MemoryTableStream } from './memory-table-stream.ts'
import { type Death, runUntilDeath } from '../dying-store.ts'

// A machine that reads the stream of a table by itself: feed, intake and driver over memory.

class TableBed {
  readonly table: MemoryTableStream
  readonly store: ItemStore = memoryItemStore()
  readonly events: RuntimeEvent[] = []
  /** What each batch had in its last attempt, by its time. */
  readonly #batches = new Map<number, readonly string[]>()
  calls = 0
  #nowMs = 1_700_000_000_000
  #attempts = 0

  constructor(random: Random = new Random(1)) {
    this.table = new MemoryTableStream(random)
  }

  get taken(): readonly string[] {
    return [...this.#batches].toSorted(([a], [b]) => a - b).flatMap(([, lines]) => lines)
  }

  get said(): readonly string[] {
    return this.events.flatMap((one) => (one.event === 'receiver' ? [one.message] : []))
  }

  /** Runs to the end of the stream. `deathAt`: the process dies at this call of the store. */
  async run(death: Death = {}): Promise<'done' | 'dead'> {
    const { end, calls } = await runUntilDeath(this.store, death, (store) => this.#runOn(store))
    this.calls = calls
    return end === 'dead' ? end : 'done'
  }

  async #runOn(store: ItemStore): Promise<void> {
    const pipeline = stream('orders', { batchInterval: seconds(1) }, (ssc) => {
      ssc.streamFrom(dynamodbStream('orders')).foreachRDD(async (rdd, time) => {
        const changes = await rdd.collect()
        this.#batches.set(
          time.milliseconds,
          changes.map(({ keys, newImage }) => `${String(keys['id'])}=${String(newImage?.['n'])}`),
        )
      })
    })
    const sleep = async (durationMs: number): Promise<void> => {
      this.#nowMs += durationMs
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { runner, receivers } = await compose({
      plan: pipeline.build(),
      generation: 1,
      ports: {
        store,
        clock: { now: () => this.#nowMs, sleep },
        randomness: { attemptId: () => `attempt${++this.#attempts}` },
        sources: { tableStream: async () => this.table.open() },
        sinks: {},
      },
      locations: new Map([['dynamodbStream-1', { kind: 'dynamodb-stream', table: 'orders' }]]),
      locateOutput: () => ({ kind: 'print', path: '' }),
      listen: (event) => void this.events.push(event),
      leaseMs: 0,
    })
    const { signal } = new AbortController()
    await runLocal({ runner, receivers, once: true, signal })
  }
}

const byItem = (lines: readonly string[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    [...Map.groupBy(lines, (line) => line.split('=')[0] ?? '')].toSorted(([a], [b]) =>
      a < b ? -1 : 1,
    ),
  )

const numbered = (key: string, from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${key}=${from + index}`)

describe('the stream of a table', () => {
  test('is read to its end, and goes on where it was', async () => {
    const bed = new TableBed()
    for (const n of [1, 2, 3]) bed.table.change('a', n)
    await bed.run()
    for (const n of [4, 5]) bed.table.change('a', n)
    await bed.run()
    expect(bed.taken).toEqual(numbered('a', 1, 5))
  })

  test('keeps the order of an item when its shards end', async () => {
    const bed = new TableBed()
    for (let n = 1; n <= 30; n++) {
      bed.table.change('a', n)
      if (n % 4 === 0) bed.table.roll()
    }
    await bed.run()
    expect(bed.taken).toEqual(numbered('a', 1, 30))
  })

  test('is read again after errors that pass', async () => {
    const bed = new TableBed()
    for (const n of [1, 2, 3]) bed.table.change('a', n)
    bed.table.failures = 2
    await bed.run()
    expect(bed.taken).toEqual(numbered('a', 1, 3))
    expect(bed.said.join('\n')).toContain('no answer')
  })

  test('that was not read for a day says what is gone, and goes on', async () => {
    const bed = new TableBed()
    bed.table.change('a', 1)
    await bed.run()
    bed.table.change('a', 2)
    bed.table.expire()
    bed.table.change('a', 3)
    await bed.run()
    expect(bed.taken).toEqual(['a=1', 'a=3'])
    expect(bed.said.join('\n')).toContain('not read within 24 hours')
  })

  test('that was switched off and on again is another one', async () => {
    const bed = new TableBed()
    bed.table.change('a', 1)
    await bed.run()
    bed.table.replace()
    bed.table.change('a', 2)
    await bed.run()
    expect(bed.taken).toEqual(['a=1', 'a=2'])
  })

  test('counts each change once, at whichever call of the store a process dies', async () => {
    const play = async (deathAt: number, applied: boolean): Promise<TableBed> => {
      const bed = new TableBed()
      for (const n of [1, 2]) bed.table.change('a', n)
      bed.table.roll()
      for (const n of [3, 4]) bed.table.change('a', n)
      await bed.run({ deathAt, applied })
      await bed.run()
      return bed
    }
    const calls = (await play(Infinity, false)).calls
    const most = new TableBed()
    for (const n of [1, 2]) most.table.change('a', n)
    await most.run()
    expect(Math.max(calls, most.calls)).toBeGreaterThan(5)
    for (let at = 1; at <= most.calls + 10; at++)
      for (const applied of [false, true])
        expect((await play(at, applied)).taken, `call ${at}`).toEqual(numbered('a', 1, 4))
  })

  test.each([1, 2, 3, 4, 5])('is exact at random: seed %i', async (seed) => {
    const random = new Random(seed)
    const bed = new TableBed(random)
    const expected: string[] = []
    for (let round = 0; round < 25; round++) {
      for (let changes = random.between(0, 12); changes > 0; changes--) {
        const key = `k${random.between(0, 4)}`
        bed.table.change(key, expected.length)
        expected.push(`${key}=${expected.length}`)
      }
      if (random.chance(0.3)) bed.table.roll()
      if (random.chance(0.2)) bed.table.failures = random.between(1, 3)
      if (random.chance(0.5))
        await bed.run({ deathAt: random.between(1, 40), applied: random.chance(0.5) })
    }
    bed.table.failures = 0
    await bed.run()
    expect(byItem(bed.taken)).toEqual(byItem(expected))
  })
})
