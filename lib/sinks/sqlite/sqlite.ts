import { MillraceError } from '../../base/errors.ts'
import type { SinkDeclaration, TableOptions } from '../../rdd/sink-declaration.ts'
import { checkSinkName, rowMaker, tableSettings } from '../rows/row-settings.ts'

const INTEGER_BITS = 64

/** What a column cannot hold. In a list or an object, it is text. */
const checkValue = (value: unknown, column: string): void => {
  const problem =
    (typeof value === 'bigint' && BigInt.asIntN(INTEGER_BITS, value) !== value && 'so large') ||
    (Number.isNaN(value) && 'that is no number, and would be null') ||
    (value instanceof Date && Number.isNaN(value.getTime()) && 'that is no date')
  if (problem === false) return
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem: `SQLite cannot hold a value ${problem}: column "${column}"`,
    value,
    allowed: 'whole numbers of 64 bits, numbers, texts, bytes, dates, lists and objects',
    fix: 'map it to a text or to null first',
  })
}

/**
 * A table in a file of SQLite on this machine, for `saveTo`. Nothing needs to be installed. It
 * promises what `postgres` promises. The file, the table and its columns are made when they are
 * missing. Dates are texts, and objects and arrays are JSON.
 *
 * @param name The name to bind: `--bind scores=sqlite:./data/scores.db`. Without a binding it is
 * the file `NAME.db` in the current directory. There are no files on AWS.
 * @throws MillraceError `ARGUMENT_INVALID`. In a batch: `OUTPUT_FAILED`, `OUTPUT_FENCED`,
 * `OUTPUT_EXISTS`, `VALUE_UNSUPPORTED`, `KEY_UNSUPPORTED`.
 * @example
 * ```ts
 * counts.saveTo(sqlite('scores', { table: 'totals', key: 'word', value: 'count' }))
 * ```
 */
export const sqlite = <T>(name: string, options: TableOptions<T>): SinkDeclaration<T> => {
  const settings = tableSettings('sqlite', options)
  return Object.freeze({
    kind: 'sqlite',
    place: `sqlite://${checkSinkName('sqlite', name)}/${settings.table}`,
    shape: 'rows',
    settings,
    send: rowMaker(settings, options.row, checkValue),
  })
}
