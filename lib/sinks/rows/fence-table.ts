/** The table of fences, as SQL that every database here understands. */
import type { FenceRow } from './row-sink.ts'

/** The name of the table of fences. It is in the schema that new tables get. */
export const FENCES = 'millrace_fences'

/** Creates the table of fences. */
export const CREATE_FENCES: string = `CREATE TABLE IF NOT EXISTS ${FENCES} (
  output text NOT NULL,
  part integer NOT NULL,
  app text NOT NULL,
  batch_time bigint NOT NULL,
  generation bigint NOT NULL,
  epoch bigint NOT NULL,
  row_count bigint NOT NULL,
  digest text NOT NULL,
  PRIMARY KEY (output, part)
)`

const COLUMNS = 'output, part, app, batch_time, generation, epoch, row_count, digest'

/** Statements on the table of fences. */
export const fenceSql: Readonly<
  Record<'insert' | 'onConflict' | 'select' | 'selectFrom' | 'removeParts', string>
> = {
  insert: `INSERT INTO ${FENCES} (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
  onConflict:
    'ON CONFLICT (output, part) DO UPDATE SET app = excluded.app, ' +
    'batch_time = excluded.batch_time, generation = excluded.generation, ' +
    'epoch = excluded.epoch, row_count = excluded.row_count, digest = excluded.digest',
  select: `SELECT ${COLUMNS} FROM ${FENCES} WHERE output = $1 AND part = $2`,
  selectFrom: `SELECT ${COLUMNS} FROM ${FENCES} WHERE output = $1 AND part >= $2 ORDER BY part`,
  removeParts: `DELETE FROM ${FENCES} WHERE output = $1 AND part >= 0`,
}

/** The values of a fence, in the order of the columns. */
export const fenceValues = (row: FenceRow): readonly (string | number)[] => [
  row.output,
  row.part,
  row.app,
  row.timeMs,
  row.generation,
  row.epoch,
  row.rows,
  row.digest,
]

/** A fence as a database gives it: large numbers may be texts. */
export const fenceOf = (stored: Readonly<Record<string, unknown>>): FenceRow => ({
  output: String(stored['output']),
  part: Number(stored['part']),
  app: String(stored['app']),
  timeMs: Number(stored['batch_time']),
  generation: Number(stored['generation']),
  epoch: Number(stored['epoch']),
  rows: Number(stored['row_count']),
  digest: String(stored['digest']),
})

/** A name in quotes, so that any name is allowed. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A table in quotes, with its schema if it has one. */
export const quoteTable = (table: string): string => table.split('.').map(quoteName).join('.')
