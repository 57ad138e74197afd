import type { DStream } from '../../../dstream/dstream.ts'
import type { Attempt } from '../../../dstream/plan-node.ts'
import type { StreamingContext } from '../../../dstream/streaming-context.ts'
import type { Random } from '../../random.ts'
import type { Code, PlanChange } from '../environment.ts'

/** What each process builds a pipeline of the simulation with. */
export interface Build {
  readonly code: Code
  readonly change: PlanChange
  /** Throws now and then, as functions of users do. */
  readonly maybeThrow: () => void
  /** A sink of the user's own that refuses older attempts. */
  readonly sink: (path: string, text: string, attempt: Attempt) => Promise<void>
}

/** One committed batch, as the world knows it. */
export interface ModelBatch {
  readonly timeMs: number
  /** The batch time before the first: slides are counted from it. */
  readonly zeroMs: number
  /** The lines of the batch in order, by the name of their source. */
  readonly lines: Readonly<Record<string, readonly string[]>>
  /** The code that has computed each of these lines up to the first shuffle. */
  readonly codes: Readonly<Record<string, readonly Code[]>>
  /** The code and the plan that have computed it. */
  readonly code: Code
  readonly change: PlanChange
  /** The broadcast values that its logged input names. */
  readonly values: Readonly<Record<string, unknown>>
}

/** All committed batches up to one, oldest first. */
export type History = readonly ModelBatch[]

/** What a batch adds to a table: the text for each directory. */
export type TableFiles = ReadonlyMap<string, string>

/**
 * A pipeline that is simulated, and what it must give, recomputed from scratch: no code of the
 * engine is used to predict the engine.
 */
export interface SimulatedPipeline {
  readonly name: string
  readonly streams: readonly string[]
  readonly buckets: readonly string[]
  /** Default: none. */
  readonly directories?: readonly string[]
  /** Whether the plan stores its state in another way when it is built with `stored`. */
  readonly storesAnew?: boolean
  /** Whether it gives something at a time for which it waits at rest. */
  readonly restsUntilTimer?: boolean
  /** The n-th line of a source. Its first word is the key of a record. */
  readonly line: (random: Random, n: number) => string
  readonly describe: (ssc: StreamingContext, build: Build) => void
  /** What each output holds after a batch, by the prefix of its path. */
  readonly outputs: (
    batch: ModelBatch,
    history: History,
    intervalMs: number,
  ) => Readonly<Record<string, string>>
  /**
   * What a batch adds to each table, by its path. No two rows of a table are alike. Default:
   * nothing.
   */
  readonly tables?: (
    batch: ModelBatch,
    history: History,
    intervalMs: number,
  ) => Readonly<Record<string, TableFiles>>
  /**
   * The time at which, after a batch, the pipeline gives something new without new input. The head
   * must not rest for longer, and the world is not done before. Default: never.
   */
  readonly nextMs?: (history: History, intervalMs: number) => number | undefined
  /** The state of each state node after the last batch, by its id, as text. */
  readonly states?: (history: History) => Readonly<Record<string, string>>
  /** The values of accumulators after the last batch, by name. Default: there are none. */
  readonly accumulators?: (history: History) => Readonly<Record<string, unknown>>
  /**
   * Whether the function of the source stage throws on a line. Such a line is put aside, and is not
   * among the lines of the model.
   */
  readonly isPoison?: (line: string, code: Code) => boolean
}

const WORDS = [
  'apple',
  'pear',
  'fig',
  'f',
  '__proto__',
  'zebra',
  'Äpfel',
  'pear2',
  'constructor',
  'quince',
]

/** A line of a few words. */
export const randomLine = (random: Random): string =>
  Array.from({ length: random.between(1, 4) }, () => random.pick(WORDS)).join(' ')

/** All lines of a batch, source by source in the order given. */
export const linesOf = ({ lines }: ModelBatch, sources: readonly string[]): readonly string[] =>
  sources.flatMap((source) => lines[source] ?? [])

export const wordsOf = (lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => line.split(' '))

/** How often each word occurs. */
export const countsOf = (words: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

/** How often each word occurs in the lines that batches have of sources. */
export const countsIn = (batches: History, ...sources: readonly string[]): Map<string, number> =>
  countsOf(wordsOf(batches.flatMap((batch) => linesOf(batch, sources))))

/** Pairs as their output shows them: in the order of keys. */
export const pairsText = (pairs: Iterable<readonly [string, unknown]>): string =>
  [...pairs]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `(${key},${String(value)})\n`)
    .join('')

/** Counts the words of a stream, batch by batch. */
export const wordCounts = (lines: DStream<string>): DStream<[string, number]> =>
  lines
    .flatMap((line) => line.split(' '))
    .mapToPair((word): [string, number] => [word, 1])
    .reduceByKey((a, b) => a + b)
