/** One case: skipped with a reason, or run and compared. */
import { checkOperation } from './check-batches.ts'
import { differenceOf } from './differences.ts'
import { encoded } from './compare.ts'
import { isOperation } from './operations.ts'
import { Mismatch, type Outcome, UnknownWord } from './outcome.ts'
import type { Mode } from './pipeline.ts'
import { skipReason } from './skips.ts'
import type { Vector } from './vector.ts'

type Check = (vector: Vector, mode: Mode) => Promise<void>

/** Cases that are about something else than the batches of an operation. */
const CHECKS: Readonly<Record<string, Check>> = {}

const checkOf = ({ op }: Vector): Check => {
  const check = CHECKS[op]
  if (check !== undefined) return check
  if (isOperation(op)) return checkOperation
  throw new UnknownWord('operation', op)
}

/** Runs a case; what it throws is a failure. */
export const runCase = async (given: Vector, mode: Mode): Promise<Outcome> => {
  const reason = skipReason(given)
  if (reason !== undefined) return { kind: 'skipped', reason }
  const difference = differenceOf(given)
  const vector = difference?.expected(given) ?? given
  try {
    await checkOf(vector)(vector, mode)
    return { kind: 'passed' }
  } catch (error) {
    const expected = vector.expectedBatches ?? vector.expectedValue ?? vector.expectedState ?? vector.expectError
    if (error instanceof Mismatch) return { kind: 'failed', expected: error.expected, got: error.got }
    return { kind: 'failed', expected: encoded(expected), got: error instanceof Error ? `${error.name}: ${error.message}` : error }
  }
}
