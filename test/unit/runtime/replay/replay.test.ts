import {
  milliseconds,
  minutes,
  type Pipeline,
  seconds,
  type StreamingContext,
  type StreamOptions,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { isDifferent } from '../../../../lib/runtime/replay/difference.ts'
import { memoryItemStore } from '../../../../lib/adapters/memory/memory-item-store.ts'
import { readOnlyStore, withLedgersOf } from '../../../../lib/runtime/replay/copy-store.ts'
import { laneKey, ledgerKey, replayKey } from '../../../../lib/state/item-keys.ts'
import { noteForReplay } from '../../../../lib/state/replay-log.ts'
import { Random } from '../../../../lib/testing/random.ts'
import { skip } from '../../../../lib/runtime/operations/skip.ts'
import { APP, pipelineOf, START_MS, World } from '../harness.ts'
import { replayWith } from './replay-bed.ts'

const WORDS = ['apple', 'Apple', 'fig', 'plum', 'a,b', '(odd']
const LANE = 'socketTextStream-1'

const kept = (
  of: (ssc: StreamingContext) => void,
  options: Partial<StreamOptions> = {},
): Pipeline => pipelineOf(of, { keepForReplay: minutes(1), ...options })

const lines = (ssc: StreamingContext) => ssc.socketTextStream('localhost', 9999)
const wordsOf = (ssc: StreamingContext) => lines(ssc).flatMap((line) => line.split(' '))
const pairsOf = (ssc: StreamingContext) =>
  wordsOf(ssc).mapToPair((word): [string, number] => [word, 1])
const add = (a: number, b: number): number => a + b

/** The lines of each batch, drawn from a seed. Some batches have none. */
const drawLines = (seed: number, batches: number): readonly (readonly string[])[] => {
  const random = new Random(seed)
  const line = (): string =>
    Array.from({ length: random.between(1, 3) }, () => random.pick(WORDS)).join(' ')
  return Array.from({ length: batches }, () => Array.from({ length: random.between(0, 3) }, line))
}

/** Runs one batch a second, each with its lines in a lane and in a file. */
const runBatches = async (
  pipeline: Pipeline,
  input: readonly (readonly string[])[],
): Promise<World> => {
  const world = new World()
  const app = world.deploy(pipeline)
  await app.run()
  let position = 1
  const hasLane = pipeline.build().sources.some(({ id }) => id === LANE)
  for (const [index, some] of input.entries()) {
    if (some.length > 0) {
      if (hasLane) await app.append(LANE, position, some)
      position += some.length
      world.write(`${index}.txt`, index * 1_000 + 500, some.map((one) => `${one}\n`).join(''))
    }
    await app.tick()
  }
  return world
}

const PIPELINES: readonly (readonly [string, (ssc: StreamingContext) => void])[] = [
  ['steps alone', (ssc) => wordsOf(ssc).saveAsTextFiles('out')],
  ['a reduction', (ssc) => pairsOf(ssc).reduceByKey(add).saveAsTextFiles('out')],
  [
    'state by key',
    (ssc) =>
      pairsOf(ssc)
        .updateStateByKey<number>((ones, total = 0) => total + ones.length)
        .saveAsTextFiles('out'),
  ],
  [
    'a window',
    (ssc) => pairsOf(ssc).window(seconds(4), seconds(2)).reduceByKey(add).saveAsTextFiles('out'),
  ],
  [
    'a window with an inverse',
    (ssc) =>
      pairsOf(ssc)
        .reduceByKeyAndWindow(add, (a, b) => a - b, seconds(5), seconds(1))
        .saveAsTextFiles('out'),
  ],
  [
    'a join',
    (ssc) => {
      const pairs = pairsOf(ssc)
      pairs
        .reduceByKey(add)
        .join(pairs.mapValues(() => 'x').reduceByKey((a) => a))
        .saveAsTextFiles('out')
    },
  ],
  ['files of several batches', (ssc) => wordsOf(ssc).saveAsTextFiles('out', { every: seconds(5) })],
  ['files', (ssc) => ssc.textFileStream('lines').saveAsTextFiles('out')],
]

describe.each(PIPELINES)('%s', (_, of) => {
  test.each([
    ['all batches', 0, 0],
    ['batches from the middle on, from a snapshot', 17_000, 15_000],
  ])('gives the same when it runs again: %s', async (__, from, snapshotMs) => {
    const pipeline = kept(of)
    const world = await runBatches(pipeline, drawLines(7, 30))
    const written = world.files.files()
    const replayed = await replayWith(world, kept(of), { from })
    expect(replayed.snapshotMs).toBe(snapshotMs)
    expect(replayed.batches.length).toBeGreaterThan(10)
    expect(replayed.batches.reduce((sum, { records }) => sum + records, 0)).toBeGreaterThan(10)
    expect(replayed.compared.flatMap(({ gone }) => gone)).toEqual([])
    const outputs = replayed.compared.flatMap((one) => one.outputs)
    expect(outputs.filter(isDifferent)).toEqual([])
    expect(outputs.reduce((sum, { same }) => sum + same, 0)).toBeGreaterThan(10)
    expect(replayed.batches.flatMap(({ notes }) => notes)).toEqual([])
    // The replay has written nothing.
    expect(world.files.files()).toEqual(written)
  })
})

describe('a fix', () => {
  const totals = (normal: (word: string) => string): Pipeline =>
    kept(
      (ssc) => {
        const pairs = wordsOf(ssc).mapToPair((word): [string, number] => [normal(word), 1])
        const all = pairs.updateStateByKey<number>((ones, total = 0) => total + ones.length)
        all.saveAsTextFiles('out')
        all.print()
      },
      { whenIdle: 'tick' },
    )
  const old = totals((word) => word)
  const fixed = totals((word) => word.toLowerCase())

  /** What the totals are after each batch, counted by a plain loop. */
  const totalsAfter = (
    input: readonly (readonly string[])[],
    normal: (index: number, word: string) => string,
  ): readonly ReadonlyMap<string, number>[] => {
    const counts = new Map<string, number>()
    return input.map((some, index) => {
      for (const word of some.flatMap((line) => line.split(' ')))
        counts.set(normal(index, word), (counts.get(normal(index, word)) ?? 0) + 1)
      return new Map(counts)
    })
  }

  const differenceBetween = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>) => ({
    changed: [...b]
      .filter(([key, value]) => a.has(key) && a.get(key) !== value)
      .map(([key, value]) => ({
        key,
        before: `(${key},${a.get(key)})`,
        after: `(${key},${value})`,
      })),
    onlyBefore: [...a].filter(([key]) => !b.has(key)).map(([key, value]) => `(${key},${value})`),
    onlyAfter: [...b].filter(([key]) => !a.has(key)).map(([key, value]) => `(${key},${value})`),
  })

  const sorted = <T>(all: readonly T[]): readonly T[] =>
    all.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

  test.each([
    ['from the beginning', 0, 0, undefined],
    ['from a snapshot: what was before stays', 12_000, 10, undefined],
    ['against the old module', 0, 0, old],
    ['against the old module, from a snapshot', 12_000, 10, old],
  ])('gives exactly the difference that it makes: %s', async (_, from, first, against) => {
    const input = drawLines(3, 25)
    const world = await runBatches(old, input)
    const { compared } = await replayWith(world, fixed, {
      from,
      ...(against === undefined ? {} : { old: against }),
    })
    const before = totalsAfter(input, (__, word) => word)
    const after = totalsAfter(input, (index, word) => (index < first ? word : word.toLowerCase()))
    expect(compared).toHaveLength(25 - first)
    let differing = 0
    for (const { timeMs, outputs } of compared) {
      const index = (timeMs - START_MS) / 1_000 - 1
      const expected = differenceBetween(before[index] ?? new Map(), after[index] ?? new Map())
      expect(outputs.map(({ id }) => id)).toEqual(
        against === undefined ? ['saveAsTextFiles-1'] : ['saveAsTextFiles-1', 'print-1'],
      )
      for (const { changed, onlyBefore, onlyAfter } of outputs) {
        expect(sorted(changed)).toEqual(sorted(expected.changed))
        expect(sorted(onlyBefore)).toEqual(sorted(expected.onlyBefore))
        expect(sorted(onlyAfter)).toEqual(sorted(expected.onlyAfter))
        differing += changed.length + onlyBefore.length + onlyAfter.length
      }
    }
    expect(differing).toBeGreaterThan(10)
  })

  test('that fails stops the replay, with the batch and the line', async () => {
    const world = await runBatches(old, drawLines(3, 5))
    const broken = kept((ssc) =>
      lines(ssc).foreachRDD(() => {
        throw new Error('not yet')
      }),
    )
    const failing = replayWith(world, broken, { old: broken, runForeach: true })
    await expect(failing).rejects.toThrow('The batch of 2023-11-14T22:13:21.000Z fails')
  })

  test('listeners of the user hear nothing', async () => {
    let heard = 0
    const listened = kept((ssc) => {
      ssc.addStreamingListener({ onBatchStarted: () => void (heard += 1) })
      wordsOf(ssc).saveAsTextFiles('out')
    })
    const world = await runBatches(listened, [['a'], ['b']])
    const { batches } = await replayWith(world, listened)
    expect(batches).toHaveLength(2)
    expect(heard).toBe(0)
  })

  test('functions of the user run only when they are asked to', async () => {
    let calls = 0
    const counting = kept((ssc) => lines(ssc).foreachRDD(() => void (calls += 1)))
    const world = await runBatches(counting, [['a'], ['b']])
    calls = 0
    await replayWith(world, counting, { old: counting })
    expect(calls).toBe(0)
    await replayWith(world, counting, { old: counting, runForeach: true })
    expect(calls).toBe(4)
  })
})

describe('what can be replayed', () => {
  const simple = kept((ssc) => wordsOf(ssc).saveAsTextFiles('out'))

  test('without keepForReplay: nothing, and it says what to do', async () => {
    const plain = pipelineOf((ssc) => wordsOf(ssc).saveAsTextFiles('out'))
    const world = await runBatches(plain, [['a']])
    await expect(replayWith(world, plain)).rejects.toThrow('set keepForReplay: hours(24)')
  })

  test.each([
    ['before all that is kept', -10_000, 500],
    ['after the last batch', 60_000, 70_000],
  ])('a range %s is refused with the range that is there', async (_, from, to) => {
    const world = await runBatches(simple, [['a'], ['b'], ['c']])
    const asked = replayWith(world, simple, { from, to })
    await expect(asked).rejects.toThrow(
      'batches after 2023-11-14T22:13:20.000Z, up to 2023-11-14T22:13:23.000Z',
    )
  })

  test('inputs that are gone are refused, though their notes are there', async () => {
    const input = Array.from({ length: 70 }, () => ['a'])
    const world = await runBatches(simple, input)
    await expect(replayWith(world, simple, { from: 500, to: 70_000 })).rejects.toThrow(
      'No batch of this range can be replayed',
    )
  })

  test('the first batch after a rest that is longer than notes are kept', async () => {
    const world = new World()
    const app = world.deploy(simple)
    await app.append(LANE, 1, ['a', 'b', 'c'])
    await app.tick(8)
    expect((await world.head()).status).toBe('rest')
    const notes = replayKey(APP, START_MS).partition
    world.advance(5 * 86_400_000)
    const before = await world.store.query(notes)
    expect(before.length).toBeGreaterThan(1)
    for (const { sort, item } of before)
      if (Number(item['ttl']) * 1_000 < world.nowMs)
        await world.store.deleteAll([{ partition: notes, sort }])
    const from = world.nowMs - START_MS
    for (let i = 0; i < 12; i++) {
      await app.append(LANE, 10 + i, ['d'])
      await app.tick()
    }
    const { brokenMs, compared, batches } = await replayWith(world, simple, { from })
    expect(brokenMs).toBeUndefined()
    expect(batches.reduce((sum, { records }) => sum + records, 0)).toBe(12)
    expect(compared.flatMap(({ outputs }) => outputs).filter(isDifferent)).toEqual([])
  })

  test.each([
    ['a batch in time', 0],
    ['a batch three days behind', 3 * 86_400_000],
    ['a batch an hour ahead', -3_600_000],
  ])('a note stays while it is needed: %s', async (_, behindMs) => {
    const store = memoryItemStore()
    const nowMs = START_MS + behindMs
    const note = { timeMs: START_MS, input: '{}', attempt: 'a', before: undefined }
    const keptForReplayMs = 3_600_000
    await noteForReplay(store, APP, note, { keptForReplayMs, nowMs })
    const item = await store.get(replayKey(APP, START_MS))
    expect(Number(item?.['ttl']) * 1_000).toBeGreaterThan(
      Math.max(nowMs, START_MS) + 2 * keptForReplayMs,
    )
  })

  test('another interval is refused, unless it divides that of the batches', async () => {
    const every = (intervalMs: number): Pipeline =>
      kept((ssc) => wordsOf(ssc).saveAsTextFiles('out'), {
        batchInterval: milliseconds(intervalMs),
      })
    const world = await runBatches(every(1_000), [['a'], ['b'], ['c']])
    await expect(replayWith(world, every(5_000))).rejects.toThrow('came at other times')
    const { compared } = await replayWith(world, every(500))
    expect(compared).toHaveLength(3)
    expect(compared.flatMap(({ outputs }) => outputs).filter(isDifferent)).toEqual([])
  })

  test('ends where a batch was skipped', async () => {
    const world = new World()
    let isBroken = false
    const pipeline = kept((ssc) =>
      lines(ssc).foreachRDD(() => {
        if (isBroken) throw new Error('broken')
      }),
    )
    const app = world.deploy(pipeline)
    for (let batch = 1; batch <= 6; batch++) {
      isBroken = batch === 3
      await app.append(LANE, batch, ['a'])
      await app.tick()
      if (!isBroken) continue
      const { store, clock, randomness } = world
      await skip({ store, app: APP, clock, randomness, leaseMs: 0 })
    }
    const { batches, brokenMs } = await replayWith(world, pipeline, { old: pipeline })
    expect(batches.map(({ timeMs }) => timeMs - START_MS)).toEqual([1_000, 2_000])
    expect(brokenMs).toBe(3_000)
  })

  test('records and files that are gone are said, and the rest runs', async () => {
    const both = kept((ssc) => {
      lines(ssc).saveAsTextFiles('out')
      ssc.textFileStream('lines').saveAsTextFiles('files')
    })
    const world = await runBatches(both, [['a'], ['b'], ['c']])
    world.objects.remove('1.txt')
    const block = world.store.keys().find((key) => key.startsWith(`${APP}#seg#${LANE}/0#`)) ?? ''
    const end = block.lastIndexOf('/')
    await world.store.deleteAll([{ partition: block.slice(0, end), sort: block.slice(end + 1) }])
    const { batches, compared } = await replayWith(world, both)
    expect(batches.map(({ notes }) => notes.length)).toEqual([1, 1, 0])
    expect(batches[0]?.notes[0]).toContain(`1 records of ${LANE} are not in it`)
    expect(batches[1]?.notes[0]).toContain('1.txt of textFileStream-1 is not in it')
    expect(compared.map(({ outputs }) => outputs.map((one) => one.onlyBefore))).toEqual([
      [['a'], []],
      [[], ['b']],
      [[], []],
    ])
  })

  test('outputs that are gone are said, and are no difference', async () => {
    const world = await runBatches(simple, [['a'], ['b']])
    const other = new World()
    Object.assign(other, { store: world.store })
    const { compared } = await replayWith(other, simple)
    expect(compared.map(({ gone }) => gone)).toEqual([['saveAsTextFiles-1'], ['saveAsTextFiles-1']])
  })

  test('the copy does not grow with the batches', async () => {
    const totals = kept((ssc) =>
      pairsOf(ssc)
        .updateStateByKey<number>((ones, total = 0) => total + ones.length)
        .saveAsTextFiles('out'),
    )
    const short = await replayWith(await runBatches(totals, drawLines(1, 25)), totals)
    const long = await replayWith(await runBatches(totals, drawLines(1, 58)), totals)
    expect(long.batches.length).toBeGreaterThan(short.batches.length + 20)
    expect(long.itemsMax).toBeLessThanOrEqual(short.itemsMax + 8)
  })

  test('ledgers are read in the application, and all else in the copy', async () => {
    const [source, copy] = [memoryItemStore(), memoryItemStore()]
    const entry = ledgerKey(APP, 'sqsTextStream-1/messages', 'id')
    const lane = laneKey(APP, 'sqsTextStream-1', '0')
    await source.putAll([
      { ...entry, item: { takenMs: 1 } },
      { ...lane, item: { tail: '5' } },
    ])
    const seen = withLedgersOf(source, copy, APP)
    expect(await seen.get(entry)).toEqual({ takenMs: 1 })
    expect(await seen.get(lane)).toBeUndefined()
    await seen.put(entry, { takenMs: 2 })
    expect(await seen.get(entry)).toEqual({ takenMs: 2 })
    expect(await source.get(entry)).toEqual({ takenMs: 1 })
  })

  test('the store of the application refuses every write', async () => {
    const store = readOnlyStore(new World().store)
    const key = { partition: 'a', sort: 'b' }
    for (const write of [
      () => store.put(key, {}),
      () => store.putAll([{ ...key, item: {} }]),
      () => store.deleteAll([key]),
      () => store.compareAndSet(key, 'absent', {}),
    ])
      await expect(write()).rejects.toThrow('would write to the application that it reads')
  })
})
