/** Writes rows into a table of PostgreSQL. */
import { loadPackage } from '../../base/load-package.ts'
import type { Row } from '../../rdd/sink-declaration.ts'
import {
  registerSecretKind,
  type SecretFields,
  type SecretKind,
  serverOf,
} from '../connected/secret-kind.ts'
import { serverAt } from '../connected/server-at.ts'
import { encodeRows } from '../rows/encode-rows.ts'
import { rowSink } from '../rows/row-sink.ts'

/** What Amazon RDS keeps in a secret. A URL that is made of it asks for TLS. */
const urlOf = (fields: SecretFields): string | undefined => {
  const { username, password, dbname = 'postgres' } = fields
  const server = serverOf(fields, 5432)
  if (server === undefined || username === undefined || password === undefined) return undefined
  return `postgres://${server}/${encodeURIComponent(String(dbname))}?sslmode=verify-full`
}

/** PostgreSQL, as it says of itself. */
export const postgresKind: SecretKind<readonly Row[]> = {
  name: 'postgres',
  noun: 'a PostgreSQL database',
  form: {
    shown: 'postgres://USER:PASSWORD@HOST:PORT/DATABASE',
    example: 'postgres://localhost:5432/scores',
    schemes: ['postgres', 'postgresql'],
  },
  takes: ['rows'],
  urlOf,
  // As the package reads it: parameters may name what comes before them.
  placeAt({ hostname, port, pathname, username, searchParams }) {
    const given = (name: string, before: string): string => searchParams.get(name) || before
    const server = serverAt(given('host', hostname), given('port', port), 5432)
    const database = pathname.slice(1) || given('user', username)
    return `${server}/${database}${searchParams.get('options') ?? ''}`
  },
  fields: 'username, password, host, port and dbname as Amazon RDS writes it',
  async connect(url, { clock }) {
    const { postgresDatabase } = await loadPackage(
      'PostgreSQL',
      () => import('./postgres-database.ts'),
    )
    return rowSink(postgresDatabase({ url, clock }))
  },
  encode: encodeRows,
}

registerSecretKind(postgresKind)
