import type { SinkDeclaration, TableOptions } from '../../rdd/sink-declaration.ts'
import { checkSinkName, rowMaker, tableSettings } from '../rows/row-settings.ts'
import { checkPostgresValue } from './postgres-values.ts'

/**
 * A table of PostgreSQL, for `saveTo`. Needs the package `pg`.
 *
 * The effect is exactly-once. Each partition of a batch is one transaction, which also checks the
 * batch time and the attempt in the table `millrace_fences`: an older attempt or an older batch
 * changes nothing. With `upsert`, a batch that is tried again replaces its rows. With `append`, a
 * partition that is there is not added again. A batch is not atomic: readers see its partitions one
 * after the other.
 *
 * The table must exist; its columns decide the types. Columns that a row lacks keep their value, or
 * get their default. Of several rows with one key in a batch, the last one counts.
 *
 * @param name The name to bind: `--bind scores=postgres://user@host/database`.
 * @throws MillraceError `ARGUMENT_INVALID`. In a batch: `OUTPUT_FAILED`, `OUTPUT_FENCED`,
 * `OUTPUT_EXISTS`, `VALUE_UNSUPPORTED`, `KEY_UNSUPPORTED`.
 * @example
 * ```ts
 * counts.saveTo(postgres('scores', { table: 'totals', key: 'word', value: 'count' }))
 * ```
 */
export const postgres = <T>(name: string, options: TableOptions<T>): SinkDeclaration<T> => {
  const settings = tableSettings('postgres', options)
  return Object.freeze({
    kind: 'postgres',
    place: `postgres://${checkSinkName('postgres', name)}/${settings.table}`,
    shape: 'rows',
    settings,
    send: rowMaker(settings, options.row, checkPostgresValue),
  })
}
