import type { Outcome } from './outcome.ts'
import type { Mode } from './pipeline.ts'
import { runCase } from './run-case.ts'
import type { Vector } from './vector.ts'

/** A case and its outcome. */
export interface CaseResult {
  readonly vector: Vector
  readonly outcome: Outcome
}

/** The cases of one suite. */
export interface SuiteResult {
  readonly suite: string
  readonly cases: readonly CaseResult[]
}

/** Runs all cases, one after another, suite by suite. */
export const runSuites = async (
  vectors: readonly Vector[],
  mode: Mode,
): Promise<readonly SuiteResult[]> => {
  const results: SuiteResult[] = []
  for (const [suite, own] of Map.groupBy(vectors, (vector) => vector.suite)) {
    const cases: CaseResult[] = []
    for (const vector of own) cases.push({ vector, outcome: await runCase(vector, mode) })
    results.push({ suite, cases })
  }
  return results
}
