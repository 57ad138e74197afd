/** Vectors: cases as data. Their format is described in ../README.md. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A batch of input; null: no dataset at all. */
export type Batch = readonly unknown[] | null

/** One stream operation with its parameters, as they stand in a vector or in a step of a chain. */
export interface Step {
  readonly op: string
  readonly params: Params
}

/** Parameters of an operation. What a name in them means is said by the words in `words/`. */
export type Params = Readonly<Record<string, unknown>>

/** A case. */
export interface Vector extends Step {
  readonly suite: string
  readonly name: string
  readonly batchIntervalMs: number
  readonly inputBatches: readonly Batch[]
  readonly inputBatches2?: readonly Batch[]
  readonly inputBatches3?: readonly Batch[]
  readonly expectedBatches?: readonly Batch[]
  readonly expectedSnapshots?: readonly Batch[]
  readonly expectedPartitionsPerBatch?: readonly number[]
  readonly expectedState?: unknown
  readonly expectedValue?: unknown
  readonly expectedTable?: readonly unknown[]
  readonly expectError?: { readonly batchIndex?: number; readonly messageContains?: string; readonly kind?: string }
  readonly looseAssertions?: {
    readonly flattenedOutputsSorted: readonly unknown[]
    readonly someSnapshotEquals: readonly unknown[]
    readonly lastSnapshotEquals: readonly unknown[]
  }
  readonly script?: readonly Params[]
  readonly skipEmptyBatches?: boolean
  readonly quirk?: boolean
  readonly compare: string
  readonly notes?: string
  readonly [field: string]: unknown
}

/** All vectors of a directory, file by file. */
export const readVectors = (directory: string): readonly Vector[] =>
  readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .flatMap((file) => {
      const vectors: unknown = JSON.parse(readFileSync(join(directory, file), 'utf8'))
      if (!Array.isArray(vectors)) throw new Error(`${join(directory, file)} is no array of vectors`)
      return vectors as Vector[]
    })

/** How a case is called in reports. */
export const caseName = ({ suite, name }: Vector): string => `${suite} > ${name}`
