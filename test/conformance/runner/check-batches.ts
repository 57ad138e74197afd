/**
 * Cases of operations: input batches, and the expected output batches or the expected failure of a
 * batch.
 */
import { MillraceError } from 'millrace'
import { checkBatches, checkSame, checkSet, encoded } from './compare.ts'
import { Mismatch } from './outcome.ts'
import { type Mode, type Run, runPipeline } from './pipeline.ts'
import type { Batch, Vector } from './vector.ts'

/** Runs the case. Throws unless the result is as expected. */
export const checkOperation = async (vector: Vector, mode: Mode): Promise<void> => {
  const { expectError } = vector
  if (expectError !== undefined && vector.inputBatches.length === 0)
    return checkRefused(vector, mode)
  const run = await runPipeline(vector, mode)
  if (expectError === undefined && run.app.failures[0] !== undefined)
    throw run.app.failures[0].error
  if (expectError !== undefined) checkFailure(vector, run)
  if (
    vector.compare !== 'error' &&
    vector.expectedBatches === undefined &&
    vector.looseAssertions === undefined
  )
    throw new Error('the case does not say which batches are expected')
  const expected = vector.expectedBatches ?? []
  const until = expectError?.batchIndex ?? expected.length
  if (vector.compare !== 'error') checkResults(vector, expected.slice(0, until), run)
}

/** A slice is one set of elements, from any number of RDDs. */
export const checkSlice = async (vector: Vector, mode: Mode): Promise<void> => {
  const { params, batchIntervalMs } = vector
  // As many batches as the slice needs: the last one completes its RDDs.
  const toMs = Number(params['toMs'] ?? batchIntervalMs + Number(params['toOffsetMs']))
  const needed = Array.from({ length: Math.floor(toMs / batchIntervalMs) }, () => [])
  const { batches, app } = await runPipeline({ ...vector, expectedBatches: needed }, mode)
  if (app.failures[0] !== undefined) throw app.failures[0].error
  checkBatches(vector.compare, vector.expectedBatches ?? [], [
    batches.flatMap((batch) => batch ?? []),
  ])
}

/** The pipeline is refused while its description runs. */
const checkRefused = async (vector: Vector, mode: Mode): Promise<void> => {
  const error: unknown = await runPipeline({ ...vector, inputBatches: [[]] }, mode).catch(
    (thrown: unknown) => thrown,
  )
  if (error instanceof MillraceError && error.code === 'ARGUMENT_INVALID') return
  if (error instanceof Error) throw error
  throw new Mismatch('a pipeline that is refused', 'one that runs')
}

/** The batch fails, with the error of the user's function where the case is about that error. */
const checkFailure = ({ expectError, params }: Vector, { app, batches, slideMs }: Run): void => {
  const failure = app.failures[0]
  if (failure === undefined) throw new Mismatch('a batch that fails', batches)
  if (expectError?.batchIndex !== undefined)
    checkSame((expectError.batchIndex + 1) * slideMs, failure.timeMs)
  const text = expectError?.messageContains
  if (
    params['f'] === 'always throws' &&
    text !== undefined &&
    !failure.error.message.includes(text)
  )
    throw new Mismatch(`an error with "${text}"`, failure.error.message)
}

const checkResults = (vector: Vector, expected: readonly Batch[], run: Run): void => {
  if (vector.looseAssertions !== undefined) return checkLoosely(vector.looseAssertions, run)
  checkBatches(vector.compare, expected, run.batches.slice(0, expected.length))
  if (vector.expectedSnapshots !== undefined) {
    checkBatches(
      'multiset',
      vector.expectedSnapshots,
      run.snapshots.slice(0, vector.expectedSnapshots.length),
    )
  }
  if (vector.expectedPartitionsPerBatch !== undefined) {
    checkSame(
      vector.expectedPartitionsPerBatch,
      run.partitions.slice(0, vector.expectedPartitionsPerBatch.length),
    )
  }
}

/** Cases in which Spark itself does not define the batch in which something happens. */
const checkLoosely = (
  loose: NonNullable<Vector['looseAssertions']>,
  { batches, snapshots }: Run,
): void => {
  const flattened = batches
    .flatMap((batch) => batch ?? [])
    .map((element) => JSON.stringify(encoded(element)))
  checkSame(
    loose.flattenedOutputsSorted.map((element) => JSON.stringify(element)),
    flattened.toSorted(),
  )
  checkSet(loose.lastSnapshotEquals, snapshots.at(-1) ?? [])
  const isThere = snapshots.some((snapshot) => {
    try {
      checkSet(loose.someSnapshotEquals, snapshot ?? [])
      return true
    } catch {
      return false
    }
  })
  if (!isThere) throw new Mismatch(loose.someSnapshotEquals, snapshots)
}
