/** Writes rows into a file of SQLite on this machine. It also stands in for other databases. */
import { resolve } from 'node:path'
import {
  invalidLocation,
  type Location,
  type LocationForm,
  parseNamedUri,
  schemeOf,
} from '../../runtime/locations.ts'
import {
  registerSinkKind,
  type SinkKind,
  type SinkLocation,
} from '../../runtime/sinks/sink-kind.ts'
import { encodeRows } from '../rows/encode-rows.ts'
import type { Row } from '../../rdd/sink-declaration.ts'
import { rowSink } from '../rows/row-sink.ts'

/** A file. */
interface SqliteLocation extends Location {
  readonly kind: 'sqlite'
  /** Absolute. */
  readonly file: string
}

type SqliteSinkLocation = SqliteLocation & SinkLocation

const form: LocationForm<SqliteLocation> = {
  shown: 'sqlite:FILE',
  example: 'sqlite:./scores.db',
  schemes: ['sqlite'],
  parse(uri, cwd) {
    const file = uri.replace(/^sqlite:/i, '')
    if (file !== '' && !file.startsWith('//')) return { kind: 'sqlite', file: resolve(cwd, file) }
    throw invalidLocation('This is not the location of a file of SQLite', uri, {
      allowed: 'sqlite:FILE',
      fix: 'for example sqlite:./scores.db, or sqlite:/data/scores.db',
    })
  },
}

const isSqlite = (location: Location): location is SqliteLocation => location.kind === 'sqlite'

const sqliteKind: SinkKind<SqliteSinkLocation, readonly Row[]> = {
  name: 'sqlite',
  noun: 'a file of SQLite',
  form,
  takes: ['rows'],
  isAvailable: ({ connections }) => connections?.files === true,
  locateUnbound(place, cwd) {
    const uri = schemeOf(place) === 'sqlite' ? parseNamedUri(place) : undefined
    return uri && { kind: 'sqlite', file: resolve(cwd, `${uri.name}.db`), path: uri.rest }
  },
  locateBound(location, path) {
    if (!isSqlite(location)) throw new TypeError(`${location.kind} is no file of SQLite`)
    return { ...location, path }
  },
  key: ({ file }) => file,
  async open({ file }, { connections }) {
    if (connections === undefined) throw new TypeError('there are no files in this world')
    const { sqliteDatabase } = await import('./sqlite-database.ts')
    return rowSink(sqliteDatabase({ file, clock: connections.clock }))
  },
  encode: encodeRows,
}

registerSinkKind(sqliteKind)
