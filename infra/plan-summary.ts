/** What the construct needs to know of a plan. Plain data: it is sent between two processes. */
import type { SourceDeclaration } from '../lib/dstream/sources/declaration.ts'

/** A source of a plan, as its declaration says it. */
export interface SourceSummary extends Pick<
  SourceDeclaration,
  'kind' | 'name' | 'elements' | 'literal' | 'settings'
> {
  /** The id of its node. */
  readonly id: string
}

/** An output operation of a plan. */
export interface OutputSummary {
  /** The name of the operator. */
  readonly kind: string
  /** The place that it writes to, as the pipeline says it. Left out: none that can be bound. */
  readonly writesTo?: string
  /** What it writes for the batch time 0. Left out: the same. */
  readonly firstPlace?: string
}

/** A plan in short. */
export interface PlanSummary {
  readonly name: string
  readonly intervalMs: number
  /** How many tasks of a large batch run at the same time in one process. */
  readonly parallelism: number
  readonly sources: readonly SourceSummary[]
  readonly outputs: readonly OutputSummary[]
  /** Packages with native code that its batches need. */
  readonly packages: readonly string[]
  /** The ids of the operators that keep a state for each key. */
  readonly states: readonly string[]
  /** The names of accumulators whose adds are numbers. */
  readonly accumulators: readonly string[]
}

/** The answer of the process that reads the module. */
export type PlanAnswer =
  | { readonly plan: PlanSummary }
  | { readonly error: { readonly code: string; readonly message: string } }
