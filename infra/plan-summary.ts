/** What the construct needs to know of a plan: plain data, so that it fits through a pipe between two processes. */

/** A source of a plan. */
export type SourceSummary =
  | {
      readonly id: string
      readonly from: 'text'
      readonly name: string
      readonly literalUri: string
      /** It reads files in its own way, which no stream has. */
      readonly wholeFiles: boolean
    }
  | {
      readonly id: string
      readonly from: 'kinesis'
      readonly name: string
      readonly elements: 'text' | 'records'
      /** Epoch milliseconds, or the oldest record. */
      readonly startFrom: 'trimHorizon' | number
    }
  | { readonly id: string; readonly from: 'queue' }
  | { readonly id: string; readonly from: 'receiver' }

/** An output operation of a plan. */
export interface OutputSummary {
  readonly kind: string
  /** Where it writes, as the pipeline says it. */
  readonly writesTo?: string
}

/** A plan in a few lines. */
export interface PlanSummary {
  readonly name: string
  readonly intervalMs: number
  readonly sources: readonly SourceSummary[]
  readonly outputs: readonly OutputSummary[]
}

/** What the process that reads the module answers. */
export type PlanAnswer =
  | { readonly plan: PlanSummary }
  | { readonly error: { readonly code: string; readonly message: string } }
