/** Vectors: cases as data. Their format is described in ../README.md. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A batch of input; null: no RDD at all. */
export type Batch = readonly unknown[] | null

/** One stream operation with its parameters, as in a vector or in a step of a chain. */
export interface Step {
  readonly op: string
  readonly params: Params
}

/** Parameters of an operation. The words in `words/` define the meaning of names in them. */
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
  readonly expectError?: {
    readonly batchIndex?: number
    readonly messageContains?: string
    readonly kind?: string
  }
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

/** The input cannot be read as vectors: nothing runs. */
export class UnreadableVectors extends Error {}

/** All vectors of a directory, file by file. Throws UnreadableVectors. */
export const readVectors = (directory: string): readonly Vector[] => {
  const files = filesIn(directory)
  if (files.length === 0)
    throw new UnreadableVectors(`${directory}: it contains no file of vectors (*.json)`)
  return files.flatMap((file) => vectorsIn(join(directory, file)))
}

const filesIn = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory)
      .filter((file) => file.endsWith('.json'))
      .toSorted()
  } catch (error) {
    throw new UnreadableVectors(`${directory}: this directory cannot be read (${String(error)})`)
  }
}

const vectorsIn = (file: string): readonly Vector[] => {
  const vectors = parsed(file)
  if (!Array.isArray(vectors))
    throw new UnreadableVectors(`${file}: this is not an array of vectors`)
  vectors.forEach((vector, index) => {
    const bad = faultOf(vector)
    if (bad !== undefined)
      throw new UnreadableVectors(`${file}: vector ${index} (counted from 0) ${bad}`)
  })
  return (vectors as readonly Vector[]).map(withoutNull)
}

/** Cases that are not about batches have null for them. */
const withoutNull = ({ expectedBatches, ...vector }: Vector): Vector => ({
  ...vector,
  ...(expectedBatches && { expectedBatches }),
})

const parsed = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UnreadableVectors(
      `${file}: this is not JSON (${error instanceof Error ? error.message : String(error)})`,
    )
  }
}

const isBatches = (value: unknown): boolean =>
  Array.isArray(value) && value.every((batch) => batch === null || Array.isArray(batch))

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The problem with the form of a vector. Undefined: none. */
const faultOf = (vector: unknown): string | undefined => {
  if (!isObject(vector)) return 'is no object'
  const text = ['suite', 'name', 'op', 'compare'].find((field) => typeof vector[field] !== 'string')
  if (text !== undefined) return `has no text as "${text}"`
  if (!isObject(vector['params'])) return 'has no object as "params"'
  if (typeof vector['batchIntervalMs'] !== 'number') return 'has no number as "batchIntervalMs"'
  if (!isBatches(vector['inputBatches'])) return 'has no array of batches as "inputBatches"'
  const batches = ['inputBatches2', 'inputBatches3'].find(
    (field) => !isBatches(vector[field] ?? []),
  )
  if (batches !== undefined) return `has a "${batches}" that is not an array of batches`
  return Array.isArray(vector['expectedBatches'] ?? [])
    ? undefined
    : 'has something else than an array as "expectedBatches"'
}

/** The name of a case in reports. */
export const caseName = ({ suite, name }: Vector): string => `${suite} > ${name}`
