/** State in executors: which goes there, what a batch of it costs, and what is kept where. */
import { type DStream, milliseconds, seconds, StateSpec } from 'millrace'
import { describe, expect, test } from 'vitest'
import type { Executors } from '../../../../lib/ports/executors.ts'
import type { StateRequest } from '../../../../lib/runtime/tasks/task-request.ts'
import type { TaskServer } from '../../../../lib/runtime/tasks/task-server.ts'
import { Random } from '../../../../lib/testing/random.ts'
import { type DeployOptions, type Deployment, pipelineOf, START_MS, World } from '../harness.ts'

type Pairs = DStream<[string, number]>

const sum = (a: number, b: number): number => a + b
const total = (all: readonly number[], before = 0): number => all.reduce(sum, before)
const mapping = () =>
  StateSpec.function<string, number, number, string>((word, one, state) => {
    state.update((state.getOption() ?? 0) + (one ?? 0))
    return `${word} ${state.get()}`
  })

/** Executors that answer at once, and what each was asked for. */
interface Bed {
  readonly app: Deployment
  readonly world: World
  readonly asked: StateRequest[]
  /** The executors that answer. */
  readonly alive: Set<number>
  /** Makes an executor anew: it has lost its memory. */
  readonly restart: (executor: number) => void
}

const COUNT = 2

const bedOf = (
  use: (pairs: Pairs) => DStream<unknown>,
  options: Omit<DeployOptions, 'executors'> = { stateBytes: 1 },
): Bed => {
  const world = new World()
  const asked: StateRequest[] = []
  const alive = new Set([0, 1])
  const servers: TaskServer[] = []
  let start: ((executor: number) => void) | undefined
  const executors = (open: () => TaskServer): Executors => {
    start = (executor) => void (servers[executor] = open())
    for (let one = 0; one < COUNT; one++) start(one)
    return {
      count: COUNT,
      tasksAtOnce: 1,
      async run(executor, request, _, data) {
        if ('partition' in request) asked.push(request as unknown as StateRequest)
        if (!alive.has(executor)) throw new Error('the executor has ended')
        return (servers[executor] as TaskServer).answer(request as StateRequest, data)
      },
    }
  }
  const pipeline = pipelineOf((ssc) => {
    const pairs = ssc
      .textFileStream('in')
      .flatMap((line) => line.split(' '))
      .map((word): [string, number] => [word, 1])
    use(pairs).saveAsTextFiles('out')
  })
  const app = world.deploy(pipeline, { ...options, executors })
  return { app, world, asked, alive, restart: (executor) => start?.(executor) }
}

/** Runs a batch with one line. */
const batch = async ({ app, world }: Bed, line: string): Promise<void> => {
  world.write(`${world.nowMs}.txt`, world.nowMs + 500 - START_MS, `${line}\n`)
  await app.tick()
}

const WORDS = Array.from({ length: 200 }, (_, index) => `word${index}`)

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
      [
        'nothing of a window',
        [],
        (p) => p.reduceByKeyAndWindow(sum, milliseconds(2_000), undefined, { partitions: 3 }),
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
    const read = countReads(bed.world)
    for (let count = 0; count < 10; count++) await batch(bed, `word${count} another`)
    // Four of six partitions are away. Each has the segment of the first batch.
    expect(read.count).toBe(4)
  })

  test('one that has lost its memory reads its partitions again, and no others', async () => {
    const bed = bedOf((pairs) => pairs.updateStateByKey(total, { partitions: 6 }))
    await bed.app.run()
    for (let count = 0; count < 3; count++) await batch(bed, WORDS.join(' '))
    const read = countReads(bed.world)
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
    const read = countReads(bed.world)
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

interface Reads {
  count: number
  readonly keys: string[]
}

/** Counts the segments of the state that are read from now on. */
const countReads = (world: World): Reads => {
  const reads: Reads = { count: 0, keys: [] }
  const { store } = world
  const inner = { ...store }
  store.get = async (key) => {
    if (key.partition.includes('updateStateByKey')) {
      reads.count += 1
      reads.keys.push(`${key.partition}/${key.sort}`)
    }
    return inner.get(key)
  }
  return reads
}

test('random batches, losses and restarts: a plain loop counts the same', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed)
    const log = {
      pageRefs: 3,
      smallAfterDeltas: 3,
      smallShareMax: 0.5,
      tinyBytes: 16,
      merges: MERGES,
    }
    const bed = bedOf(
      (pairs) => pairs.updateStateByKey(total, { partitions: random.between(2, 7) }),
      {
        stateBytes: random.pick([1, 300]),
        logSettings: log,
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

const MERGES = {
  besideBytes: 64,
  atOnceAfter: 8,
  sliceBytes: 128,
  sliceKeys: 8,
  mergeForMs: 86_400_000,
}
