/** Reads a query without running it: what it is, which tables it names, what it calls. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { MillraceError } from '../base/errors.ts'
import { type Engine, queryError } from './engine.ts'

/** What a query needs, and whether it gives the same for the same tables. */
export interface QueryFacts {
  /** The names of tables in small letters, those of its own subqueries included. */
  readonly tables: ReadonlySet<string>
  /** What may give something else each time: `random()`. Undefined: nothing does. */
  readonly chance: string | undefined
}

interface Parsed {
  readonly error: boolean
  readonly error_type?: string
  readonly error_message?: string
  readonly statements?: readonly unknown[]
}

/** The words that SQL reads as a function without parentheses. */
const CLOCKS = /^(current_(date|time|timestamp)|local(time|timestamp))$/i

/** DuckDB stores a sample without a seed of its own as one with this seed. */
const NO_SEED = -1

/**
 * Reads a query.
 *
 * @throws MillraceError `QUERY_FAILED` when it is not one SELECT.
 */
export const readQuery = async (
  connection: DuckDBConnection,
  { volatile }: Engine,
  query: string,
): Promise<QueryFacts> => {
  const text = `'${query.replaceAll("'", "''")}'`
  const reader = await connection.runAndReadAll(
    `select json_serialize_sql(${text}, skip_null := true, skip_empty := true)`,
  )
  const parsed = JSON.parse(String(reader.getRows()[0]?.[0])) as Parsed
  const { statements = [] } = parsed
  if (parsed.error || statements.length !== 1) throw notOneQuery(query, parsed)
  const tables = new Set<string>()
  let chance: string | undefined
  walk(statements, (node) => {
    const { type, table_name: table, function_name: called, class: kind } = node
    if (type === 'BASE_TABLE') tables.add(String(table).toLowerCase())
    if (kind === 'FUNCTION' && volatile.has(String(called))) chance ??= `${String(called)}()`
    if (kind === 'COLUMN_REF') chance ??= clockIn(node)
    if (node['seed'] === NO_SEED && 'sample_size' in node) chance ??= 'a sample without a seed'
  })
  return { tables, chance }
}

const clockIn = ({ column_names: names }: Readonly<Record<string, unknown>>): string | undefined =>
  Array.isArray(names) && names.length === 1 && CLOCKS.test(String(names[0]))
    ? String(names[0])
    : undefined

const walk = (value: unknown, visit: (node: Readonly<Record<string, unknown>>) => void): void => {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) visit(value as Readonly<Record<string, unknown>>)
  for (const inner of Object.values(value)) walk(inner, visit)
}

const notOneQuery = (
  query: string,
  { error, error_type: type, ...parsed }: Parsed,
): MillraceError =>
  error && type !== 'not implemented'
    ? queryError(query, new Error(parsed.error_message ?? 'it cannot be read'))
    : new MillraceError('QUERY_FAILED', {
        problem: 'This is not one SELECT',
        value: query,
        allowed: 'one SELECT, also with WITH, VALUES, or FROM first; no PIVOT',
        fix: 'write one query for each result; write results with an output of the stream',
      })
