/**
 * Files of rows that are divided among directories. A partition of a batch becomes a bundle: a file
 * of the format for each directory that its rows belong to.
 */
import { MillraceError } from '../base/errors.ts'
import { packFiles } from '../base/file-bundle.ts'
import type { Format } from './format.ts'
import {
  checkColumns,
  hiveDirectory,
  type PartitionColumns,
  partitionText,
} from './hive-directory.ts'

/** How rows are divided. */
export interface Partitioning {
  readonly partitionBy: (row: never) => PartitionColumns
  /** So many directories at most in one bundle. */
  readonly partitionsMax: number
  /** Of the files: `.parquet`. */
  readonly extension: string
}

const isPlain = (row: unknown): row is Readonly<Record<string, unknown>> => {
  if (typeof row !== 'object' || row === null) return false
  const prototype: unknown = Object.getPrototypeOf(row)
  return prototype === Object.prototype || prototype === null
}

const columnsOf = (partitionBy: Partitioning['partitionBy'], row: unknown): PartitionColumns => {
  const columns: unknown = partitionBy(row as never)
  if (isPlain(columns)) return columns as PartitionColumns
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem: 'partitionBy gave no object',
    value: columns,
    fix: 'return the columns: partitionBy: (row) => ({ day: row.day })',
  })
}

/** Whether a row says the same of a column as its directory. */
const isSame = (column: string, ofRow: unknown, ofDirectory: unknown): boolean => {
  try {
    return partitionText(column, ofRow) === partitionText(column, ofDirectory)
  } catch {
    return false
  }
}

/** A row without what its directory says. Readers would find such columns twice. */
const withoutColumns = (row: unknown, columns: PartitionColumns): unknown => {
  if (!isPlain(row)) return row
  const twice = Object.keys(columns).filter((column) => Object.hasOwn(row, column))
  if (twice.length === 0) return row
  const other = twice.find((column) => !isSame(column, row[column], columns[column]))
  if (other === undefined)
    return Object.fromEntries(Object.entries(row).filter(([name]) => !twice.includes(name)))
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem: `A row has another value for ${other} than partitionBy, and a table has one column`,
    value: { row: row[other], partition: columns[other] },
    fix: `give the partition another name: { ${other}_part: ... }, or the row the same value`,
  })
}

const tooMany = (partitionsMax: number, directories: Iterable<string>): MillraceError =>
  new MillraceError('OUTPUT_FAILED', {
    problem: `A part of a batch has rows for more than ${partitionsMax} directories`,
    value: [...directories].slice(0, 3),
    allowed: `${partitionsMax} directories, or what maxPartitions says`,
    fix: 'partition by fewer values, such as a day and not a second, or set maxPartitions',
  })

/** The rows of each directory, in the order of their first rows. */
const divide = (
  rows: readonly unknown[],
  { partitionBy, partitionsMax }: Partitioning,
): ReadonlyMap<string, readonly unknown[]> => {
  const divided = new Map<string, unknown[]>()
  let names: string | undefined
  for (const row of rows) {
    const columns = columnsOf(partitionBy, row)
    const given = Object.keys(columns)
    if (names === undefined) checkColumns(given)
    names ??= given.join('\0')
    if (names !== given.join('\0'))
      throw new MillraceError('VALUE_UNSUPPORTED', {
        problem: 'partitionBy gave other columns than for the rows before, or in another order',
        value: given,
        allowed: names.split('\0').join(', '),
        fix: 'give the same columns for all rows; a value may be null',
      })
    const directory = hiveDirectory(columns)
    const own = divided.get(directory) ?? []
    if (own.push(withoutColumns(row, columns)) === 1) divided.set(directory, own)
    if (divided.size > partitionsMax) throw tooMany(partitionsMax, divided.keys())
  }
  return divided
}

/** A format of bundles. */
export const partitionedFiles = (format: Format, partitioning: Partitioning): Format => ({
  name: `${format.name} in directories`,
  isSplittable: false,
  encode(rows) {
    const files = [...divide(rows, partitioning)].map(([directory, own]) => ({
      directory,
      bytes: format.encode(own),
    }))
    return packFiles({ extension: partitioning.extension, files })
  },
  decode: (bytes) => ({ elements: [bytes], rejected: [] }),
})
