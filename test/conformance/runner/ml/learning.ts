/** Runs a model that learns from a stream, as a pipeline under test. */
import { milliseconds, stream, type StreamingContext } from 'millrace'
import { testStream } from 'millrace/testing'
import { XorShift } from '../../../../lib/ml/random/xor-shift.ts'
import { encoded } from '../compare.ts'
import { Mismatch } from '../outcome.ts'
import type { Mode } from '../pipeline.ts'

const INTERVAL_MS = 1_000

/** The stream of the elements of a case. */
export type Elements<T> = ReturnType<typeof elementsOf<T>>

const elementsOf = <T>(ssc: StreamingContext) =>
  ssc.kinesisTextStream('in').flatMap((text) => JSON.parse(text) as T[])

/** What a pipeline gives in each batch: the elements of its `foreachRDD`, in their order. */
export const runLearning = async <T>(
  batches: readonly (readonly T[])[],
  { cold }: Mode,
  describe: (elements: Elements<T>) => readonly { foreachRDD(f: () => void): void }[],
): Promise<readonly (readonly (readonly unknown[])[])[]> => {
  let outputs = 0
  const options = { batchInterval: milliseconds(INTERVAL_MS), whenIdle: 'tick' } as const
  const pipeline = stream('learning', options, (ssc) => {
    const made = describe(elementsOf<T>(ssc))
    outputs = made.length
    for (const one of made) one.foreachRDD(() => undefined)
  })
  const app = await testStream(pipeline, { now: new Date(0) })
  for (const batch of batches) {
    if (batch.length > 0) app.input('in').add(JSON.stringify(batch))
    await app.advance(milliseconds(INTERVAL_MS))
    if (cold) await app.restart()
  }
  return Array.from({ length: outputs }, (_, at) =>
    app.output(`foreachRDD-${at + 1}`).elements.map((batch) => batch ?? []),
  )
}

/** Throws unless all numbers of both are equal within a tolerance, and all else is the same. */
export const checkClose = (expected: unknown, got: unknown, tolerance: number): void => {
  if (!isClose(expected, encoded(got), tolerance)) throw new Mismatch(expected, encoded(got))
}

const isClose = (expected: unknown, got: unknown, tolerance: number): boolean => {
  if (expected === null) return got === null || Number.isNaN(got)
  if (typeof expected === 'number')
    return Math.abs(expected - Number(got)) <= tolerance * Math.max(1, Math.abs(expected))
  if (typeof expected !== 'object' || typeof got !== 'object' || got === null)
    return expected === got
  const [one, other] = [Object.entries(expected), new Map(Object.entries(got))]
  return (
    one.length === other.size &&
    one.every(([name, value]) => other.has(name) && isClose(value, other.get(name), tolerance))
  )
}

/** Throws unless something is true of a result. */
export const checkThat = (claim: string, isTrue: boolean, got: unknown): void => {
  if (!isTrue) throw new Mismatch(claim, encoded(got))
}

/** Data that a case describes in words, drawn from a seed. */
export const drawn = (seed: number) => {
  const random = new XorShift(seed)
  return {
    uniform: (): number => random.nextDouble(),
    normal: (mean: number, deviation: number): number => mean + deviation * random.nextGaussian(),
    points: (center: readonly number[], deviation: number): number[] =>
      center.map((x) => x + deviation * random.nextGaussian()),
  }
}

/** So many of what `make` gives, in so many batches. */
export const batchesOf = <T>(batches: number, size: number, make: () => T): readonly T[][] =>
  Array.from({ length: batches }, () => Array.from({ length: size }, make))
