/**
 * The intended differences from Spark: docs/differences.md, as data. A case with a difference runs
 * like any other, with another expected result.
 */
import type { Batch, Vector } from './vector.ts'
import { binaryFunction } from './words/functions.ts'

/** One row of docs/differences.md. */
export interface Difference {
  /** The first cell of its row. */
  readonly row: string
  readonly applies: (vector: Vector) => boolean
  /** The case as it applies to this library. */
  readonly expected: (vector: Vector) => Vector
}

interface Recovery {
  readonly rerun: readonly number[]
  readonly nextBatch: number
}

/** The paths of a batch that takes everything that is there, each once. */
const allThatIsThere = ({ params, expectedBatches = [] }: Vector): readonly Batch[] => {
  const events = params['events'] as readonly {
    readonly visibleAt: number
    readonly path: string
    readonly mtime: number
  }[]
  const times = params['batchTimes'] as readonly number[]
  return expectedBatches.map((_, index) => {
    const from = index === 0 ? -Infinity : Number(times[index - 1])
    return events
      .filter(
        ({ visibleAt, mtime }) =>
          Math.max(visibleAt, mtime) > from && Math.max(visibleAt, mtime) <= Number(times[index]),
      )
      .map(({ path }) => path)
  })
}

type Pairs = readonly (readonly [unknown, unknown])[]

/**
 * The content of each window, reduced by key. A key of an earlier window stays, with what is left
 * of its values.
 */
const windowsWithGaps = ({
  params,
  batchIntervalMs,
  inputBatches,
  expectedBatches = [],
}: Vector): readonly Batch[] => {
  const [windowMs, slideMs] = [Number(params['windowMs']), Number(params['slideMs'])]
  const [reduce, inverse] = [binaryFunction(params['reduce']), binaryFunction(params['inverse'])]
  const left = new Map<string, readonly [unknown, unknown]>()
  return expectedBatches.map((_, index) => {
    const endMs = (index + 1) * slideMs
    const pairs = inputBatches
      .slice((endMs - windowMs) / batchIntervalMs, endMs / batchIntervalMs)
      .flatMap((batch) => (batch ?? []) as Pairs)
    const groups = Map.groupBy(pairs, ([key]) => JSON.stringify(key))
    const sums = new Map(
      [...groups].map(([code, group]) => [
        code,
        [group[0]?.[0], group.map(([, value]) => value).reduce(reduce)] as const,
      ]),
    )
    const both = [...new Map([...left, ...sums]).values()]
    for (const [code, [key, value]] of sums) left.set(code, [key, inverse(value, value)])
    return both
  })
}

/** All differences with cases. */
export const differences: readonly Difference[] = [
  {
    row: 'files',
    applies: ({ op, params }) => op === 'fileStream.selection' && params['newFilesOnly'] === false,
    expected: (vector) => ({ ...vector, expectedBatches: allThatIsThere(vector) }),
  },
  {
    row: 'a committed batch',
    applies: ({ op }) => op === 'recovery',
    expected: (vector) => {
      const { rerun, nextBatch } = vector.expectedValue as Recovery
      const pending = vector.params['pendingTimes'] as readonly number[]
      const committed = pending.includes(Number(vector.params['checkpointTime']))
        ? undefined
        : vector.params['checkpointTime']
      return {
        ...vector,
        expectedValue: { rerun: rerun.filter((timeMs) => timeMs !== committed), nextBatch },
      }
    },
  },
  {
    row: 'an inverse window whose slide is longer',
    applies: ({ op, params }) =>
      op.startsWith('reduceByKeyAndWindow(inverse') &&
      Number(params['slideMs']) > Number(params['windowMs']),
    expected: (vector) => ({ ...vector, expectedBatches: windowsWithGaps(vector) }),
  },
]

/** The difference of a case. */
export const differenceOf = (vector: Vector): Difference | undefined =>
  differences.find(({ applies }) => applies(vector))
