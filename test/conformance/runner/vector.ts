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

/** What was given cannot be read as vectors: nothing is run. */
export class UnreadableVectors extends Error {}

/** All vectors of a directory, file by file. Throws UnreadableVectors. */
export const readVectors = (directory: string): readonly Vector[] => {
  const files = filesIn(directory)
  if (files.length === 0)
    throw new UnreadableVectors(`${directory}: there is no file of vectors (*.json) in it`)
  return files.flatMap((file) => vectorsIn(join(directory, file)))
}

const filesIn = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory)
      .filter((file) => file.endsWith('.json'))
      .toSorted()
  } catch (error) {
    throw new UnreadableVectors(
      `${directory}: this is no directory that can be read (${String(error)})`,
    )
  }
}

const vectorsIn = (file: string): readonly Vector[] => {
  const vectors = parsed(file)
  if (!Array.isArray(vectors)) throw new UnreadableVectors(`${file}: this is no array of vectors`)
  vectors.forEach((vector, index) => {
    const bad = faultOf(vector)
    if (bad !== undefined)
      throw new UnreadableVectors(`${file}: vector ${index} (counted from 0) ${bad}`)
  })
  return (vectors as readonly Vector[]).map(withoutNull)
}

/** Cases that are about something else than batches have null for them. */
const withoutNull = ({ expectedBatches, ...vector }: Vector): Vector => ({
  ...vector,
  ...(expectedBatches && { expectedBatches }),
})

const parsed = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UnreadableVectors(
      `${file}: this is no JSON (${error instanceof Error ? error.message : String(error)})`,
    )
  }
}

const isBatches = (value: unknown): boolean =>
  Array.isArray(value) && value.every((batch) => batch === null || Array.isArray(batch))

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What is wrong with the form of a vector; undefined: nothing. */
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
  if (batches !== undefined) return `has something else than an array of batches as "${batches}"`
  return Array.isArray(vector['expectedBatches'] ?? [])
    ? undefined
    : 'has something else than an array as "expectedBatches"'
}

/** How a case is called in reports. */
export const caseName = ({ suite, name }: Vector): string => `${suite} > ${name}`
