/** Writes rows into a file of SQLite on this machine. It also stands in for other databases. */
import { resolve } from 'node:path'
import { parseNamedUri, schemeOf } from '../../runtime/locations.ts'
import { afterScheme, registerNamedKind } from '../connected/named-kind.ts'
import { encodeRows } from '../rows/encode-rows.ts'
import { rowSink } from '../rows/row-sink.ts'

registerNamedKind({
  name: 'sqlite',
  noun: 'a file of SQLite',
  // It is absolute.
  property: 'file',
  form: {
    shown: 'sqlite:FILE',
    example: 'sqlite:./scores.db',
    schemes: ['sqlite'],
    parse(uri, cwd) {
      const file = afterScheme(uri)
      return file === '' || file.startsWith('//') ? undefined : resolve(cwd, file)
    },
    problem: 'This is not the location of a file of SQLite',
    fix: 'for example sqlite:./scores.db, or sqlite:/data/scores.db',
  },
  takes: ['rows'],
  isLocal: true,
  locateUnbound(place, cwd) {
    const uri = schemeOf(place) === 'sqlite' ? parseNamedUri(place) : undefined
    return uri && { kind: 'sqlite', file: resolve(cwd, `${uri.name}.db`), path: uri.rest }
  },
  async connect(file, { clock }) {
    const { sqliteDatabase } = await import('./sqlite-database.ts')
    return rowSink(sqliteDatabase({ file, clock }))
  },
  encode: encodeRows,
})
