/** Writes rows into a table of PostgreSQL. */
import { loadPackage } from '../../base/load-package.ts'
import { invalidLocation, type Location, type LocationForm } from '../../runtime/locations.ts'
import {
  registerSinkKind,
  type SinkKind,
  type SinkLocation,
} from '../../runtime/sinks/sink-kind.ts'
import { connectionStringOf } from './connection-string.ts'
import { encodeRows } from '../rows/encode-rows.ts'
import type { Row } from '../../rdd/sink-declaration.ts'
import { rowSink } from '../rows/row-sink.ts'

/** A database: by its connection string, or by the name or ARN of the secret that holds it. */
interface PostgresLocation extends Location {
  readonly kind: 'postgres'
  readonly url?: string
  readonly secret?: string
}

type PostgresSinkLocation = PostgresLocation & SinkLocation

const FORM = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE'

const form: LocationForm<PostgresLocation> = {
  shown: FORM,
  example: 'postgres://localhost:5432/scores',
  schemes: ['postgres', 'postgresql'],
  parse(uri) {
    if (URL.canParse(uri) && new URL(uri).hostname !== '') return { kind: 'postgres', url: uri }
    // The text may have a password.
    throw invalidLocation('This is not the location of a PostgreSQL database', 'postgres://...', {
      allowed: FORM,
      fix: 'encode characters of a password that a URI does not allow: %40 for @',
    })
  },
}

const isPostgres = (location: Location): location is PostgresLocation =>
  location.kind === 'postgres'

const postgresKind: SinkKind<PostgresSinkLocation, readonly Row[]> = {
  name: 'postgres',
  noun: 'a PostgreSQL database',
  form,
  takes: ['rows'],
  isAvailable: ({ connections }) => connections !== undefined,
  locateBound(location, path) {
    if (!isPostgres(location)) throw new TypeError(`${location.kind} is no PostgreSQL database`)
    return { ...location, path }
  },
  parseDeployed: ({ secret }): PostgresLocation | undefined =>
    typeof secret === 'string' && secret !== '' ? { kind: 'postgres', secret } : undefined,
  deployedForm: '{ "kind": "postgres", "secret": "name or ARN" }',
  key: ({ url, secret }) => url ?? secret ?? '',
  async open({ url, secret }, { connections }) {
    if (connections === undefined) throw new TypeError('there are no connections in this world')
    const { clock } = connections
    const location = url ?? (await connectionString(secret ?? ''))
    const { postgresDatabase } = await loadPackage(
      'PostgreSQL',
      () => import('./postgres-database.ts'),
    )
    return rowSink(postgresDatabase({ url: location, clock }))
  },
  encode: encodeRows,
}

const connectionString = async (secret: string): Promise<string> => {
  const { readSecret } = await loadPackage('AWS', () => import('../../adapters/aws/secret.ts'))
  return connectionStringOf(await readSecret(secret), secret)
}

registerSinkKind(postgresKind)
