/** Values of the library in the encoding of vectors, and the comparisons of batches. */
import { Mismatch } from './outcome.ts'
import { entry } from './table.ts'
import type { Batch } from './vector.ts'

/** A value as in JSON: an absent value is null, and zero has no sign. */
export const encoded = (value: unknown): unknown => {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Uint8Array || Array.isArray(value))
    return Array.from(value as readonly unknown[], encoded)
  if (value === 0) return 0
  if (typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, encoded(field)]))
}

const text = (value: unknown): string => JSON.stringify(encoded(value))

/** Throws unless both are the same. */
export const checkSame = (expected: unknown, got: unknown): void => {
  if (text(expected) !== text(got)) throw new Mismatch(encoded(expected), encoded(got))
}

const inAnyOrder = (batch: Batch): unknown => batch && batch.map(text).toSorted()

/** The comparisons of batches, by the names that vectors use. */
const COMPARISONS: Readonly<Record<string, (batches: readonly Batch[]) => unknown>> = {
  ordered: (batches) => batches,
  set: (batches) => batches.map(inAnyOrder),
  multiset: (batches) => batches.map(inAnyOrder),
  'flattened-ordered': (batches) => batches.flatMap((batch) => batch ?? []),
  'eventual-set': (batches) =>
    [...new Set(batches.flatMap((batch) => batch ?? []).map(text))].toSorted(),
}

/** Throws unless the batches are equal in the sense of `compare`. */
export const checkBatches = (
  compare: string,
  expected: readonly Batch[],
  got: readonly Batch[],
): void => {
  const view = entry(COMPARISONS, compare)
  if (view === undefined) throw new Error(`the vocabulary has no comparison "${compare}"`)
  if (text(view(expected)) !== text(view(got))) throw new Mismatch(encoded(expected), encoded(got))
}

/** A set of elements that must be equal. */
export const checkSet = (expected: readonly unknown[], got: readonly unknown[]): void =>
  checkBatches('set', [expected], [got])
