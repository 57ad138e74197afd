/**
 * How the time of every kind of operation grows with its input: from N elements to 8 N. An exponent
 * of 1 is a time in proportion to the input. The time is that of the processor on the main thread,
 * so other programs on the machine count little.
 */
import { type DStream, parallelize, type RDD, seconds, type State, StateSpec } from 'millrace'
import { collectGarbage } from './measure.ts'
import { pipelineBed } from './pipeline-bed.ts'
import { type Figure, rounded, table } from './report.ts'

const BENCH = 'engine'
const SMALL = 50_000
const FACTOR = 8
const TARGET = 1.1
const ROUNDS = 3
/** The least time of a measurement. */
const MEASURED_MS = 80
/** Input partitions, so that a shuffle has something to merge. */
const PARTITIONS = 4
const WINDOW_BATCHES = 10
/** A prime above every number of elements: multiples of it visit all places in mixed order. */
const STRIDE = 982_451_653

/** One run over an input that is there. */
type Work = () => unknown

interface Operation {
  readonly name: string
  readonly title: string
  /** Makes the input of this many elements. */
  readonly prepare: (count: number) => Work | Promise<Work>
}

/** The numbers below `count`, each once, in mixed order. */
const mixed = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) =>
    Number((BigInt(index) * BigInt(STRIDE)) % BigInt(count)),
  )

const keyOf = (number: number): string => `key-${number}`

/** Pairs with this many different keys, in mixed order. */
const pairsOf = (count: number, keys = count): [string, number][] =>
  mixed(count).map((number) => [keyOf(number % keys), 1])

const inParts = <T>(elements: readonly T[]): RDD<T> =>
  parallelize(elements as T[] & [], { partitions: PARTITIONS }) as unknown as RDD<T>

const add = (a: number, b: number): number => a + b
const subtract = (a: number, b: number): number => a - b

/** An operation on the RDD of the elements that `make` makes. */
const onRdd = <T>(
  name: string,
  title: string,
  make: (count: number) => readonly T[],
  act: (rdd: RDD<T>) => unknown,
): Operation => ({
  name,
  title,
  prepare: (count) => {
    const elements = make(count)
    return () => act(inParts(elements))
  },
})

/** Pairs in which every second one has the same key. */
const lopsided = (count: number): [string, number][] =>
  pairsOf(count).map(([key], index) => [index % 2 === 0 ? 'often' : key, index])

const words = (count: number): readonly string[] => pairsOf(count, count / 2).map(([key]) => key)

/** Two RDDs that have half of their keys in common. */
const twoSides = (
  name: string,
  title: string,
  act: (left: RDD<[string, number]>, right: RDD<[string, number]>) => RDD<unknown>,
): Operation => ({
  name,
  title,
  prepare: (count) => {
    const left = pairsOf(count / 2)
    const right = left.map(([key], index): [string, number] => [
      index % 2 === 0 ? key : `${key}-`,
      index,
    ])
    return () => act(inParts(left), inParts(right)).count()
  },
})

/** An operation with a state or a window: one batch of the real driver, after some others. */
const onBatches = (
  name: string,
  title: string,
  describe: (pairs: DStream<[string, number]>) => DStream<unknown>,
  batches = 1,
): Operation => ({
  name,
  title,
  prepare: async (count) => {
    const pairs = pairsOf(count / batches)
    const bed = pipelineBed<[string, number]>(name, (stream) =>
      describe(stream).foreachRDD(async (rdd) => void (await rdd.count())),
    )
    for (let batch = 0; batch < batches + 1; batch++) await bed.run(pairs)
    return () => bed.run(pairs)
  },
})

const countByHand = (elements: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const word of elements) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

const BY_HAND: readonly Operation[] = [
  {
    name: 'map-by-hand',
    title: 'by hand: a Map of N/2 words',
    prepare: (count) => {
      const elements = words(count)
      return () => countByHand(elements)
    },
  },
  {
    name: 'sorted-map-by-hand',
    title: 'by hand: the same, its keys sorted',
    prepare: (count) => {
      const elements = words(count)
      return () => [...countByHand(elements)].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    },
  },
]

const ON_RDDS: readonly Operation[] = [
  onRdd('map', 'map, filter, flatMap', mixed, (rdd) =>
    rdd
      .map((n) => n + 1)
      .filter((n) => n % 3 !== 0)
      .flatMap((n) => [n, -n])
      .count(),
  ),
  onRdd(
    'reduceByKey',
    'reduceByKey, N/2 keys',
    (count) => pairsOf(count, count / 2),
    (rdd) => rdd.reduceByKey(add).count(),
  ),
  onRdd(
    'reduceByKey-8',
    'the same into 8 partitions',
    (count) => pairsOf(count, count / 2),
    (rdd) => rdd.reduceByKey(add, { partitions: 8 }).count(),
  ),
  onRdd(
    'array-keys',
    'reduceByKey, keys are arrays',
    (count) => mixed(count).map((n): [[string, number], number] => [['k', n % (count / 2)], 1]),
    (rdd) => rdd.reduceByKey(add).count(),
  ),
  onRdd(
    'object-keys',
    'reduceByKey, keys are objects',
    (count) => mixed(count).map((n): [{ id: number }, number] => [{ id: n % (count / 2) }, 1]),
    (rdd) => rdd.reduceByKey(add).count(),
  ),
  onRdd('groupByKey', 'groupByKey, half in one key', lopsided, (rdd) => rdd.groupByKey().count()),
  twoSides('join', 'join, N/2 keys a side', (left, right) => left.join(right)),
  twoSides('cogroup', 'cogroup, N/2 keys a side', (left, right) => left.cogroup(right)),
  onRdd('countByValue', 'countByValue', words, (rdd) => rdd.countByValue()),
  onRdd('distinct', 'distinct', words, (rdd) => rdd.distinct().count()),
  onRdd('sortBy', 'sortBy', mixed, (rdd) => rdd.sortBy((n) => n).count()),
  onRdd('top', 'top(10)', mixed, (rdd) => rdd.top(10)),
  onRdd('repartition', 'repartition(16)', mixed, (rdd) => rdd.repartition(16).count()),
  {
    name: 'union-50',
    title: 'union of 50',
    prepare: (count) => {
      const parts = Array.from({ length: 50 }, () => mixed(count / 50))
      return () =>
        parts
          .slice(1)
          .reduce((rdd, part) => rdd.union(inParts(part)), inParts(parts[0] ?? []))
          .count()
    },
  },
]

const ON_BATCHES: readonly Operation[] = [
  onBatches('updateStateByKey', 'updateStateByKey, N keys, all active', (pairs) =>
    pairs.updateStateByKey<number>((values, total = 0) => values.reduce(add, total)),
  ),
  onBatches('mapWithState', 'mapWithState, N keys, all active', (pairs) =>
    pairs.mapWithState(
      StateSpec.function((_: string, value: number | undefined, state: State<number>) => {
        const total = (state.getOption() ?? 0) + (value ?? 0)
        state.update(total)
        return total
      }),
    ),
  ),
  onBatches(
    'window',
    `reduceByKeyAndWindow, ${WINDOW_BATCHES} batches`,
    (pairs) => pairs.reduceByKeyAndWindow(add, seconds(WINDOW_BATCHES), seconds(1)),
    WINDOW_BATCHES,
  ),
  onBatches(
    'window-inverse',
    'the same with an inverse function',
    (pairs) => pairs.reduceByKeyAndWindow(add, subtract, seconds(WINDOW_BATCHES), seconds(1)),
    WINDOW_BATCHES,
  ),
]

const OPERATIONS: readonly Operation[] = [...BY_HAND, ...ON_RDDS, ...ON_BATCHES]

const figureName = ({ name }: Operation): string => `growth-${name}`

/** All of them together. */
export const GROWTH = 'growth'

/** The names of all figures. */
export const GROWTH_FIGURES: readonly string[] = OPERATIONS.map(figureName)

/**
 * Milliseconds of the processor on this thread for so many runs. The system counts in steps of some
 * milliseconds, so short work is measured over many runs.
 */
const processorMs = async (work: Work, runs: number): Promise<number> => {
  collectGarbage()
  const before = process.threadCpuUsage()
  for (let run = 0; run < runs; run++) await work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}

interface Growth {
  readonly operation: Operation
  readonly smallMs: number
  readonly largeMs: number
  readonly exponent: number
}

/**
 * Compares one run with 8 N elements with eight runs with N, in turn. The shortest times count:
 * what is longer was disturbed.
 */
const growthOf = async (operation: Operation): Promise<Growth> => {
  const small = await operation.prepare(SMALL)
  const large = await operation.prepare(SMALL * FACTOR)
  await processorMs(small, FACTOR)
  const runs = Math.max(1, Math.ceil(MEASURED_MS / (await processorMs(large, 1))))
  let [smallMs, largeMs] = [Infinity, Infinity]
  for (let round = 0; round < ROUNDS; round++) {
    smallMs = Math.min(smallMs, (await processorMs(small, runs * FACTOR)) / (runs * FACTOR))
    largeMs = Math.min(largeMs, (await processorMs(large, runs)) / runs)
  }
  const exponent = Math.log(largeMs / smallMs) / Math.log(FACTOR)
  return { operation, smallMs, largeMs, exponent }
}

/** Measures the growth of the operations with these figures, or of all, and prints a table. */
export const measureGrowth = async ({
  only,
  say,
}: {
  readonly only: readonly string[] | undefined
  readonly say: (text: string) => void
}): Promise<readonly Figure[]> => {
  const found: Growth[] = []
  for (const operation of OPERATIONS)
    if (only === undefined || only.includes(figureName(operation)))
      found.push(await growthOf(operation))
  if (found.length === 0) return []
  const rows = found.map(({ operation, smallMs, largeMs, exponent }) => [
    operation.title,
    smallMs.toFixed(2),
    largeMs.toFixed(1),
    exponent.toFixed(2),
  ])
  const [small, large] = [SMALL, SMALL * FACTOR].map((count) => count.toLocaleString('en'))
  say(table([[`growth from N = ${small}`, 'ms', `ms with ${large}`, 'exponent'], ...rows]))
  say(`Target: at most ${TARGET}.\n`)
  return found.map(({ operation, exponent }) => ({
    bench: BENCH,
    figure: figureName(operation),
    value: rounded(exponent),
    unit: 'exponent',
  }))
}
