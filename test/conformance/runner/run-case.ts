/** One case, run and compared. */
import { checkOperation, checkSlice } from './check-batches.ts'
import { differenceOf } from './differences.ts'
import { eventTimeChecks } from './check-event-time.ts'
import { fileChecks } from './check-files.ts'
import { rateChecks } from './check-rates.ts'
import { graphChecks } from './check-graphs.ts'
import { listenerChecks } from './check-listeners.ts'
import { pageChecks } from './check-page.ts'
import { lifecycleCheck, runChecks } from './check-runs.ts'
import { stateChecks } from './check-states.ts'
import { sourceChecks } from './check-sources.ts'
import { checkTimeline } from './check-timelines.ts'
import { timerChecks } from './check-timer.ts'
import { timeChecks } from './check-times.ts'
import { encoded } from './compare.ts'
import { insteadOf } from './instead.ts'
import { clusterChecks } from './ml/check-clusters.ts'
import { regressionChecks } from './ml/check-regressions.ts'
import { testChecks } from './ml/check-tests.ts'
import { isOperation } from './operations.ts'
import { Mismatch, type Outcome, UnknownWord } from './outcome.ts'
import type { Mode } from './pipeline.ts'
import { entry } from './table.ts'
import type { Vector } from './vector.ts'

type Check = (vector: Vector, mode: Mode) => Promise<void>

/** Cases that are not about the batches of an operation. */
const CHECKS: Readonly<Record<string, Check>> = {
  ...timeChecks,
  ...timerChecks,
  ...fileChecks,
  ...sourceChecks,
  ...stateChecks,
  ...runChecks,
  ...listenerChecks,
  ...pageChecks,
  ...rateChecks,
  ...clusterChecks,
  ...regressionChecks,
  ...testChecks,
  ...eventTimeChecks,
  ...graphChecks,
  slice: checkSlice,
}

const checkOf = (vector: Vector): Check => {
  const { op, params } = vector
  if ('timeline' in params) return checkTimeline
  const check = op === 'lifecycle' ? lifecycleCheck(vector) : entry(CHECKS, op)
  if (check !== undefined) return check
  if (isOperation(op)) return checkOperation
  if (op.split('/').every(isOperation)) return checkEach
  throw new UnknownWord('operation', op)
}

/** `join/cogroup`: the case applies to each of them. */
const checkEach: Check = async (vector, mode) => {
  for (const op of vector.op.split('/')) await checkOperation({ ...vector, op }, mode)
}

/** Runs a case. An error of the case is a failure. */
export const runCase = async (given: Vector, mode: Mode): Promise<Outcome> => {
  const instead = insteadOf(given)
  const vector = differenceOf(given)?.expected(given) ?? given
  try {
    if (instead === undefined) await checkOf(vector)(vector, mode)
    else await instead.check(mode)
    return instead === undefined ? { kind: 'passed' } : { kind: 'passed', instead: instead.row }
  } catch (error) {
    const expected =
      vector.expectedBatches ?? vector.expectedValue ?? vector.expectedState ?? vector.expectError
    if (error instanceof Mismatch)
      return { kind: 'failed', expected: error.expected, got: error.got }
    return {
      kind: 'failed',
      expected: encoded(expected),
      got: error instanceof Error ? `${error.name}: ${error.message}` : error,
    }
  }
}
