/**
 * Directories as Hive names them: `day=2026-11-30/shop=a%2Fb`. Every reader of such tables takes
 * the columns from there, and undoes the escapes.
 */
import { MillraceError } from '../base/errors.ts'

/**
 * The columns that say in which directory a row belongs, in the order of the directories.
 *
 * @example
 * ```ts
 * const columns: PartitionColumns = { day: '2026-11-30', hour: 14 }
 * ```
 */
export type PartitionColumns = Readonly<
  Record<string, string | number | bigint | boolean | null | undefined>
>

/** What stands for null and for the empty text. */
const NOTHING = '__HIVE_DEFAULT_PARTITION__'

/** The characters that Hive escapes. The space and letters of other scripts stay. */
// oxlint-disable-next-line no-control-regex
const ESCAPED = /[\u0000-\u001f\u007f"#%'*/:=?\\{[\]^]/g

/** File systems allow no longer names. */
const NAME_BYTES_MAX = 255

const escaped = (text: string): string =>
  text.replaceAll(
    ESCAPED,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )

/** A text that reads like the name of no value stays a text. File systems may ignore its case. */
const escapedValue = (text: string): string =>
  text.toUpperCase() === NOTHING ? `%5F${text.slice(1)}` : escaped(text)

const refuse = (problem: string, value: unknown, fix: string): never => {
  throw new MillraceError('VALUE_UNSUPPORTED', { problem, value, fix })
}

/** The text of a value. Undefined: there is no value. */
export const partitionText = (column: string, value: unknown): string | undefined => {
  if (value === null || value === undefined || value === '') return undefined
  if (typeof value === 'string' && value.isWellFormed()) return value
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  // -0 is 0.
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  return refuse(
    `The partition column ${column} cannot have this value`,
    value,
    'give a text, a finite number, a bigint, a boolean or null; ' +
      'of a date, for example date.toISOString().slice(0, 10)',
  )
}

/** A name such as `_day` would hide the directory from readers. */
const checkColumn = (column: string): void => {
  if (column === '' || /^[._]/.test(column) || !column.isWellFormed())
    refuse(
      'partitionBy gave a column without a name, or with a hidden one',
      column,
      'begin its name with a letter: { day: row.day }',
    )
}

/** Hive knows no upper case in names of columns. */
const checkDistinct = (columns: readonly string[]): void => {
  if (columns.length === 0)
    refuse(
      'partitionBy gave no column',
      columns,
      'for example partitionBy: (row) => ({ day: ... })',
    )
  if (new Set(columns.map((column) => column.toLowerCase())).size < columns.length)
    refuse('partitionBy gave two columns of one name', columns, 'give each its own name')
}

/** Checks the names of partition columns. */
export const checkColumns = (columns: readonly string[]): void => {
  columns.forEach(checkColumn)
  checkDistinct(columns)
}

/**
 * The directory of a value of each column.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED` for a value that no directory can have.
 */
export const hiveDirectory = (given: PartitionColumns): string =>
  Object.entries(given)
    .map(([column, value]) => {
      const text = partitionText(column, value)
      const name = `${escaped(column)}=${text === undefined ? NOTHING : escapedValue(text)}`
      return Buffer.byteLength(name) <= NAME_BYTES_MAX
        ? name
        : refuse(
            `A directory would have a name of more than ${NAME_BYTES_MAX} bytes`,
            name,
            'partition by a shorter value',
          )
    })
    .join('/')
