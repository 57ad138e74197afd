/**
 * Compares the engine with a loop written by hand, and with two other ways to write the same count.
 */
import type { DStream } from 'millrace'
import { GROWTH, GROWTH_FIGURES, measureGrowth } from './growth.ts'
import { collectGarbage, timed } from './measure.ts'
import { pipelineBed, type PipelineBed } from './pipeline-bed.ts'
import { type Figure, rounded, table } from './report.ts'
import { median, spread } from './statistics.ts'
import { arrayChain, countsOf, loop, rxjs, type WordCount } from './word-counts.ts'
import { BATCH_LINES, checkInput, LINE_WORDS, wordBatches } from './word-lines.ts'

const BENCH = 'engine'
const INPUT_BATCHES = 3
const WARM_UP_ROUNDS = 2
const FIXED_COST_WARM_UP = 60
const FIXED_COST_BATCHES = 40
const TINY_LINES = 10
const BATCH_WORDS = BATCH_LINES * LINE_WORDS

/** Prints progress and explanations for the user. */
export type Say = (text: string) => void

/** How the engine is measured. */
export interface EngineOptions {
  /** Measured rounds. In each round every contender counts one batch. */
  readonly batches: number
  /** `comparison`, `fixed-costs`, `growth`, or figures of the growth. Undefined: all. */
  readonly only: readonly string[] | undefined
  readonly say: Say
}

const HEADER = `\
Word count of ${BATCH_LINES.toLocaleString('en')} lines with 10 M words, 100,000 of them distinct.
The contenders take turns, in one process, on one thread. In each round the ratio is taken: time of
the loop / time of the contender. The median ratio is shown. 1 is as fast as the loop.
The engine runs through the driver: allocate, log, fused operators, reduction, output, manifest,
commit. A batch is timed from its trigger to its commit.
Not measured: reading and decoding of input, a store on disk or over a network, cold starts, more
than one core, several partitions, other types of keys, other shapes of data. Garbage is collected
before each measurement, and this time does not count. Milliseconds depend on this machine and its
load.`

/** Adds up the numbers of pairs, so that V8 cannot remove a result as unused. */
const visitor = (): {
  readonly visit: (pair: readonly [string, number]) => void
  readonly take: () => number
} => {
  let total = 0
  return {
    visit: ([, count]) => {
      total += count
    },
    take: () => {
      const taken = total
      total = 0
      return taken
    },
  }
}

const reduced = (lines: DStream<string>): DStream<[string, number]> =>
  lines
    .flatMap((line) => line.split(' '))
    .mapToPair((word) => [word, 1])
    .reduceByKey((a, b) => a + b)

/** A pipeline whose batches run as calls of a function. */
const counting = (
  name: string,
  describe: (lines: DStream<string>) => DStream<[string, number]>,
): { readonly bed: PipelineBed; readonly count: WordCount } => {
  const { visit, take } = visitor()
  const bed = pipelineBed(name, (lines) =>
    describe(lines).foreachRDD(async (rdd) => rdd.foreach(visit)),
  )
  const count = async (lines: readonly string[]): Promise<number> => {
    await bed.run(lines)
    return take()
  }
  return { bed, count }
}

const stateless = (): ReturnType<typeof counting> => counting('reduced', reduced)
const stateful = (): ReturnType<typeof counting> =>
  counting('totals', (lines) =>
    reduced(lines).updateStateByKey<number>((counts, total = 0) =>
      counts.reduce((a, b) => a + b, total),
    ),
  )

interface Contender {
  readonly name: string
  readonly title: string
  readonly count: WordCount
  readonly times: number[]
}

const contenders = (): readonly Contender[] =>
  [
    { name: 'loop', title: 'loop by hand (split, Map)', count: loop },
    { name: 'engine', title: 'this engine: reduceByKey', count: stateless().count },
    {
      name: 'engine-state',
      title: 'this engine: reduceByKey + updateStateByKey',
      count: stateful().count,
    },
    { name: 'array-chain', title: 'array methods: flatMap, map, reduce', count: arrayChain },
    { name: 'rxjs', title: 'RxJS: mergeMap, map, reduce', count: rxjs },
  ].map((contender) => ({ ...contender, times: [] }))

const runRound = async (
  all: readonly Contender[],
  lines: readonly string[],
  round: number,
): Promise<void> => {
  let expected: number | undefined
  for (const { name, count, times } of all) {
    let total = 0
    const timeMs = await timed(async () => {
      total = await count(lines)
    })
    if (round >= WARM_UP_ROUNDS) times.push(timeMs)
    // Totals of the stateful pipeline grow from batch to batch.
    if (name !== 'engine-state' && total !== (expected ??= total))
      throw new Error(`${name} counts ${total} words, but the loop counts ${expected}`)
  }
}

/** The time of the loop divided by that of the contender, for each round. */
const ratiosTo = (base: Contender, { times }: Contender): readonly number[] =>
  times.map((timeMs, round) => (base.times[round] ?? Number.NaN) / timeMs)

const compare = async ({ batches, say }: EngineOptions): Promise<readonly Figure[]> => {
  const inputs = wordBatches(INPUT_BATCHES)
  checkInput(inputs[0] ?? [], countsOf(inputs[0] ?? []))
  const all = contenders()
  for (let round = 0; round < WARM_UP_ROUNDS + batches; round++) {
    await runRound(all, inputs[round % INPUT_BATCHES] ?? [], round)
    say(
      `round ${round + 1} of ` +
        `${WARM_UP_ROUNDS + batches}${round < WARM_UP_ROUNDS ? ' (warm-up)' : ''}`,
    )
  }
  const [base] = all as readonly [Contender]
  const rows = all.map((contender) => [
    contender.title,
    spread(contender.times),
    (BATCH_WORDS / median(contender.times) / 1_000).toFixed(1),
    spread(ratiosTo(base, contender), 2),
  ])
  say(`\n${table([['', 'ms min / median / max', 'M words/s', 'ratio to the loop'], ...rows])}\n`)
  return all.flatMap((contender) => figuresOf(base, contender))
}

const figuresOf = (base: Contender, contender: Contender): readonly Figure[] => {
  const timeMs = median(contender.times)
  const figure = (suffix: string, value: number, unit: Figure['unit']): Figure => ({
    bench: BENCH,
    figure: `${contender.name}-${suffix}`,
    value: rounded(value),
    unit,
  })
  const absolute = [
    figure('time', timeMs, 'ms'),
    figure('words', (BATCH_WORDS / timeMs) * 1_000, 'words/s'),
  ]
  return contender === base
    ? absolute
    : [figure('ratio', median(ratiosTo(base, contender)), 'ratio'), ...absolute]
}

interface FixedCost {
  readonly figure: string
  readonly title: string
  readonly spark: string
  readonly bed: () => PipelineBed
  /** Fill the state with all words first. Default: false. */
  readonly fill?: boolean
  readonly lines: number
}

const FIXED_COSTS: readonly FixedCost[] = [
  {
    figure: 'empty-batch-ms',
    title: 'empty batch, reduceByKey',
    spark: '20 / 48 / 231',
    bed: () => stateless().bed,
    lines: 0,
  },
  {
    figure: 'tiny-batch-ms',
    title: 'batch of 10 lines, reduceByKey',
    spark: '20 / 45 / 288',
    bed: () => stateless().bed,
    lines: TINY_LINES,
  },
  {
    figure: 'empty-batch-state-ms',
    title: 'empty batch, + updateStateByKey, no keys',
    spark: '15 / 31 / 135',
    bed: () => stateful().bed,
    lines: 0,
  },
  {
    figure: 'tiny-batch-state-ms',
    title: 'batch of 10 lines, the same, 100 keys',
    spark: '23 / 40 / 152',
    bed: () => stateful().bed,
    lines: TINY_LINES,
  },
  {
    figure: 'empty-batch-state-100k-ms',
    title: 'empty batch, + updateStateByKey, 100,000 keys',
    spark: '201 / 287 / 635',
    bed: () => stateful().bed,
    fill: true,
    lines: 0,
  },
  {
    figure: 'tiny-batch-state-100k-ms',
    title: 'batch of 10 lines, the same',
    spark: '202 / 288 / 564',
    bed: () => stateful().bed,
    fill: true,
    lines: TINY_LINES,
  },
]

const fixedCostOf = async (
  { bed: make, fill = false, lines }: FixedCost,
  input: readonly string[],
): Promise<readonly number[]> => {
  const bed = make()
  if (fill) await bed.run(input)
  const batch = lines === 0 ? undefined : input.slice(0, lines)
  for (let i = 0; i < FIXED_COST_WARM_UP; i++) await bed.run(batch)
  collectGarbage()
  const times: number[] = []
  for (let i = 0; i < FIXED_COST_BATCHES; i++) {
    const startMs = performance.now()
    await bed.run(batch)
    times.push(performance.now() - startMs)
  }
  return times
}

const measureFixedCosts = async ({ say }: EngineOptions): Promise<readonly Figure[]> => {
  const input = wordBatches(1)[0] ?? []
  const measured: (FixedCost & { readonly times: readonly number[] })[] = []
  for (const cost of FIXED_COSTS) measured.push({ ...cost, times: await fixedCostOf(cost, input) })
  const rows = measured.map(({ title, times, spark }) => [title, spread(times, 2), spark])
  say(
    `${table([
      ['fixed cost of a batch', 'ms min / median / max', 'Spark 3.5.9, local[1]'],
      ...rows,
    ])}\n`,
  )
  say(
    'Here the store is in memory. Spark schedules its batches in one process, and writes ' +
      'checkpoints to a local disk. Its figures were measured on another machine.',
  )
  return measured.map(({ figure, times }) => ({
    bench: BENCH,
    figure,
    value: rounded(median(times)),
    unit: 'ms',
  }))
}

const COMPARISON = 'comparison'
const FIXED = 'fixed-costs'

/** Runs the comparison, then measures the fixed costs and the growth: all, or what `only` names. */
export const benchEngine = async (options: EngineOptions): Promise<readonly Figure[]> => {
  const { say, only } = options
  const parts = [COMPARISON, FIXED, ...GROWTH_FIGURES]
  const unknown = only?.find((name) => !parts.includes(name) && name !== GROWTH)
  if (unknown !== undefined) {
    say(`There is no part "${unknown}". There are: ${[...parts, GROWTH].join(', ')}`)
    process.exitCode = 2
    return []
  }
  const isWanted = (part: string): boolean => only === undefined || only.includes(part)
  const figures: Figure[] = []
  if (isWanted(COMPARISON)) {
    say(`${HEADER}\n`)
    figures.push(...(await compare(options)))
  }
  if (isWanted(FIXED)) figures.push(...(await measureFixedCosts(options)))
  figures.push(...(await measureGrowth({ say, only: isWanted(GROWTH) ? undefined : only })))
  return figures
}
