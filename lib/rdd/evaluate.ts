/**
 * Evaluates the narrow operators of a partition, fused into one pass.
 *
 * A partition is an array of records and the steps that are still to be applied to them. `evaluate`
 * pushes each record through all steps into a sink. It makes no intermediate arrays and checks
 * little on the way. If anything throws, the output so far is dropped, and the partition is
 * evaluated again, record by record: see by-record.ts. That finds the bad records, and only these
 * become dead letters. So the cost of the search is paid only if there is a bad record. User
 * functions must be deterministic (docs/guarantees.md), so the good records give the same output
 * again.
 */
import { addingSteps } from './adds/adding-steps.ts'
import { evaluateByRecord } from './by-record.ts'
import type { Partition, Target } from './partition.ts'
import { type Pause, RECORDS_PER_SLICE } from '../base/pauses.ts'
import { piecesOf } from './records.ts'
import { chain, type Sink } from './steps.ts'

/**
 * Pushes every element of a partition, in order, into a sink that the target opens. It may open
 * several sinks; only the last one counts. Pauses between records when the target says so.
 *
 * @throws MillraceError `POISON_BREAKER` when too many records are bad; `USER_FUNCTION_FAILED` for
 * a bad record that cannot be put aside.
 */
export const evaluate = async <T>(partition: Partition<T>, target: Target<T>): Promise<void> => {
  const sink = target.open()
  try {
    await pushAll(partition, sink, target.pause)
  } catch (error) {
    await evaluateByRecord(partition, target, error)
  }
}

/** Pushes every element into a sink. Throws what a function of a user throws. */
export const pushAll = async <T>(
  partition: Partition<T>,
  sink: Sink<T>,
  pause?: Pause,
): Promise<void> => {
  const { records, steps, madeFrom } = partition
  const adding = addingSteps(steps)
  const push = chain(adding?.steps ?? steps, sink)
  let number = 0
  for (const piece of piecesOf(records)) {
    for (let first = 0; first < piece.length; first += RECORDS_PER_SLICE) {
      pushSlice({ piece, first, number, madeFrom }, push)
      const due = pause?.()
      if (due !== undefined) await due
    }
    number += piece.length
  }
  adding?.done(number)
}

/** Some records: those of a piece from an index on. */
interface Slice {
  readonly piece: readonly unknown[]
  readonly first: number
  /** The number of the first record of the piece. */
  readonly number: number
  readonly madeFrom: readonly number[] | undefined
}

/** A function of its own: V8 runs an asynchronous one unoptimized for a while after each pause. */
const pushSlice = ({ piece, first, number, madeFrom }: Slice, push: Sink<unknown>): void => {
  const end = Math.min(first + RECORDS_PER_SLICE, piece.length)
  if (madeFrom === undefined) for (let i = first; i < end; i++) push(piece[i], number + i)
  else for (let i = first; i < end; i++) push(piece[i], madeFrom[number + i] as number)
}
