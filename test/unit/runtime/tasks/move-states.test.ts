/** State in executors: which goes there, what a batch of it costs, and what is kept where. */
import { type DStream, seconds, StateSpec } from 'millrace'
import { describe, expect, test } from 'vitest'
import { Random } from '../../../../lib/testing/random.ts'
import { type Deployment, pipelineOf, type World } from '../harness.ts'
import { batch, bedOf, countReads, type Pairs, SMALL_LOG, total, WORDS } from './move-bed.ts'

const mapping = () =>
  StateSpec.function<string, number, number, string>((word, one, state) => {
    state.update((state.getOption() ?? 0) + (one ?? 0))
    return `${word} ${state.get()}`
  })

describe('a state that is large', () => {
  test.each<[what: string, partitions: readonly number[], use: (pairs: Pairs) => DStream<unknown>]>(
    [
      ['two of three partitions', [0, 1], (p) => p.updateStateByKey(total, { partitions: 3 })],
      [
        'all but those of the driver',
        [0, 1, 3, 4, 6],
        (p) => p.updateStateByKey(total, { partitions: 7 }),
      ],
      ['a mapping', [0, 1], (p) => p.mapWithState(mapping().numPartitions(3))],
      [
        'a state with an end',
        [0, 1],
        (p) =>
          p.updateStateByKey(total, { partitions: 2, ttl: seconds(9) }).filter(([, n]) => n > 1),
      ],
      ['nothing of one partition', [], (p) => p.updateStateByKey(total)],
      [
        'nothing of a state that is shown too',
        [],
        (p) => p.mapWithState(mapping().numPartitions(3)).stateSnapshots(),
      ],
      [
        'nothing of an update by partitions',
        [],
        (p) =>
          p.updateStateByPartition<number>(
            (visits) => Array.from(visits, ([key, values]) => [key, values.length]),
            { partitions: 3 },
          ),
      ],
    ],
  )('goes to executors: %s', async (_, partitions, use) => {
    const bed = bedOf(use)
    await bed.app.run()
    for (let count = 0; count < 4; count++) await batch(bed, WORDS.join(' '))
    const gone = new Set(bed.asked.map(({ partition }) => partition))
    expect([...gone].toSorted((a, b) => a - b)).toEqual(partitions)
    expect(bed.app.eventsOf('batchFailed')).toEqual([])
  })

  test('of a small state nothing goes', async () => {
    const bed = bedOf((pairs) => pairs.updateStateByKey(total, { partitions: 3 }), {})
    await bed.app.run()
    for (let count = 0; count < 4; count++) await batch(bed, WORDS.join(' '))
    expect(bed.asked).toEqual([])
  })

  test('each partition always goes to the same executor, and is read once', async () => {
    const bed = bedOf((pairs) => pairs.updateStateByKey(total, { partitions: 6 }))
    await bed.app.run()
    await batch(bed, WORDS.join(' '))
    const read = countReads(bed.world, 'updateStateByKey')
    for (let count = 0; count < 10; count++) await batch(bed, `word${count} another`)
    // Four of six partitions are away. Each has the segment of the first batch.
    expect(read.count).toBe(4)
  })

  test('one that has lost its memory reads its partitions again, and no others', async () => {
    const bed = bedOf((pairs) => pairs.updateStateByKey(total, { partitions: 6 }))
    await bed.app.run()
    for (let count = 0; count < 3; count++) await batch(bed, WORDS.join(' '))
    const read = countReads(bed.world, 'updateStateByKey')
    bed.restart(1)
    await batch(bed, 'word1')
    const once = read.count
    // Two partitions, of some segments each.
    expect(once).toBeGreaterThanOrEqual(2)
    expect(once).toBeLessThanOrEqual(6)
    for (let count = 0; count < 5; count++) await batch(bed, 'word1')
    expect(read.count).toBe(once)
  })

  test('one that gives no answer is left alone for a minute', async () => {
    const bed = bedOf((pairs) => pairs.updateStateByKey(total, { partitions: 3 }))
    await bed.app.run()
    await batch(bed, WORDS.join(' '))
    bed.alive.delete(0)
    for (let count = 0; count < 30; count++) await batch(bed, 'word1')
    expect(bed.asked.filter(({ partition }) => partition === 0)).toHaveLength(1)
    bed.alive.add(0)
    for (let count = 0; count < 40; count++) await batch(bed, 'word1')
    expect(bed.asked.filter(({ partition }) => partition === 0).length).toBeGreaterThan(5)
    expect(bed.app.eventsOf('warning').map(({ code }) => code)).toEqual(['EXECUTOR_LOST'])
  })

  test('a driver that starts does not read what executors have', async () => {
    const bed = bedOf((pairs) => pairs.updateStateByKey(total, { partitions: 3 }))
    await bed.app.run()
    for (let count = 0; count < 3; count++) await batch(bed, WORDS.join(' '))
    // Another process commits, so this driver has to load the state again.
    const other = bedOn(bed.world)
    await other.tick()
    const read = countReads(bed.world, 'updateStateByKey')
    await batch(bed, 'word1')
    // Some by the driver, and the others by executors: none of them twice.
    expect(read.keys.length).toBeGreaterThan(2)
    expect(new Set(read.keys).size).toBe(read.keys.length)
  })
})

/** The same pipeline in a process without executors. */
const bedOn = (world: World): Deployment =>
  world.deploy(
    pipelineOf((ssc) => {
      ssc
        .textFileStream('in')
        .flatMap((line) => line.split(' '))
        .map((word): [string, number] => [word, 1])
        .updateStateByKey(total, { partitions: 3 })
        .saveAsTextFiles('out')
    }),
  )

test('random batches, losses and restarts: a plain loop counts the same', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed)
    const bed = bedOf(
      (pairs) => pairs.updateStateByKey(total, { partitions: random.between(2, 7) }),
      {
        stateBytes: random.pick([1, 300]),
        logSettings: SMALL_LOG,
      },
    )
    const counts = new Map<string, number>()
    await bed.app.run()
    for (let count = 0; count < 40; count++) {
      const words = Array.from({ length: random.between(1, 30) }, () => `w${random.between(0, 60)}`)
      for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
      if (random.between(0, 5) === 0) bed.restart(random.between(0, 1))
      if (random.between(0, 9) === 0) bed.alive.delete(random.between(0, 1))
      if (random.between(0, 9) === 0) bed.alive.add(random.between(0, 1))
      if (random.between(0, 9) === 0) bed.world.advance(61_000)
      await batch(bed, words.join(' '))
    }
    const lines = [...bed.world.files.files()]
      .filter(([name]) => name.includes(`out-${bed.world.nowMs}/part-`))
      .flatMap(([, bytes]) => Buffer.from(bytes).toString().split('\n').filter(Boolean))
    const last = lines.map((line) => line.replaceAll(/[()]/g, '').split(','))
    expect(new Map(last.map(([word = '', n]) => [word, Number(n)]))).toEqual(counts)
  }
})
