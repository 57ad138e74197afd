/** What users say of a table, and what a row of it is made of. */
import { MillraceError } from '../../base/errors.ts'
import type { Row, TableOptions } from '../../rdd/sink-declaration.ts'

/** The settings of a table. They are part of the plan. */
export interface TableSettings {
  /** `totals`, or with a schema: `public.totals`. */
  readonly table: string
  /** Whether rows with a known key are replaced, or all rows are added. */
  readonly mode: 'upsert' | 'append'
  /** The columns that identify a row. Empty: none do. */
  readonly key: readonly string[]
  /** The column that gets the value of a pair which is no object. */
  readonly value: string
  /** The column that gets the batch time, in epoch milliseconds. */
  readonly batchTime?: string
}

const invalid = (who: string, problem: string, value: unknown, fix: string): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', { problem: `${who}: ${problem}`, value, fix })

const isName = (name: unknown): name is string =>
  typeof name === 'string' && name !== '' && !name.includes('\u0000')

/** Checks that the name of a sink can be bound. */
export const checkSinkName = (kind: string, name: unknown): string => {
  if (typeof name === 'string' && /^[A-Za-z0-9][\w.-]*$/.test(name)) return name
  throw invalid(
    `${kind}()`,
    'needs a name that can be bound',
    name,
    `letters, digits, and . _ -, for example ${kind}('scores', { table: 'totals' })`,
  )
}

/**
 * Checks the options of a table, and fills in the defaults.
 *
 * @throws MillraceError `ARGUMENT_INVALID`.
 */
export const tableSettings = (
  kind: string,
  { table, key = [], mode, value = 'value', batchTime }: TableOptions<never>,
): TableSettings => {
  const who = `${kind}()`
  const keys = typeof key === 'string' ? [key] : [...key]
  if (!isName(table) || table.split('.').some((part) => part === ''))
    throw invalid(who, 'needs a table', table, "for example { table: 'totals' }")
  for (const name of [...keys, value, batchTime ?? value])
    if (!isName(name)) throw invalid(who, 'this is not the name of a column', name, 'name a column')
  const chosen = mode ?? (keys.length === 0 ? 'append' : 'upsert')
  if (chosen !== 'upsert' && chosen !== 'append')
    throw invalid(who, 'this mode is not allowed', mode, "write 'upsert' or 'append'")
  if (chosen === 'upsert' && keys.length === 0)
    throw invalid(who, 'upsert needs a key', undefined, "for example { key: 'word' }")
  return {
    table,
    mode: chosen,
    key: keys,
    value,
    ...(batchTime === undefined ? {} : { batchTime }),
  }
}

const isObject = (value: unknown): value is Row =>
  typeof value === 'object' &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)

const keyColumns = (key: readonly string[], value: unknown, element: unknown): Row => {
  if (key.length === 1) return { [key[0] as string]: value }
  if (isObject(value)) return value
  if (Array.isArray(value) && value.length === key.length)
    return Object.fromEntries(key.map((name, index) => [name, (value as unknown[])[index]]))
  throw new MillraceError('KEY_UNSUPPORTED', {
    problem: 'The key of a pair does not fit the key columns of the table',
    value: element,
    allowed: `a list, or an object, of ${key.length} values: ${key.join(', ')}`,
    fix: 'give the sink a function: { row: (element) => ({ ... }) }',
  })
}

const defaultRow = ({ key, value }: TableSettings, element: unknown): Row => {
  if (isObject(element)) return element
  if (Array.isArray(element) && element.length === 2 && key.length > 0) {
    const [first, second] = element as unknown as readonly [unknown, unknown]
    const columns = keyColumns(key, first, element)
    // The key of a pair is what its row is known by, whatever fields the value has. It comes first.
    return { ...columns, ...(isObject(second) ? second : { [value]: second }), ...columns }
  }
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'A table takes objects, or pairs if it has a key',
    value: element,
    fix: 'give the sink a function: { row: (element) => ({ ... }) }',
  })
}

/**
 * Makes the function from elements to rows. `checkValue` throws for a value that a column cannot
 * hold.
 */
export const rowMaker =
  <T>(
    settings: TableSettings,
    row: ((element: T) => Row) | undefined,
    checkValue: (value: unknown, column: string) => void = () => undefined,
  ): ((element: T) => Row) =>
  (element) => {
    const made = row === undefined ? defaultRow(settings, element) : row(element)
    if (!isObject(made))
      throw new MillraceError('VALUE_UNSUPPORTED', {
        problem: 'A row must be a plain object',
        value: made,
        fix: 'return an object with a field for each column',
      })
    const given = Object.entries(made).filter(([, value]) => value !== undefined)
    for (const [column, value] of given) checkValue(value, column)
    for (const column of settings.mode === 'upsert' ? settings.key : [])
      if ((made[column] ?? null) === null)
        throw new MillraceError('KEY_UNSUPPORTED', {
          problem: `A row has no value in the column "${column}", which is part of its key`,
          value: made,
          fix: 'leave out such elements with filter, or give them a key',
        })
    return Object.fromEntries(given)
  }
