/** Writes items into a table of DynamoDB. */
import { MillraceError } from '../../../base/errors.ts'
import type { TableItem } from '../../../base/table-item.ts'
import { tableItem, tableItems } from '../../../formats/table-items.ts'
import type { Sink } from '../../../ports/sink.ts'
import { type Location, parseNamedUri, schemeOf } from '../../locations.ts'
import { registerSinkKind, type SinkKind, type SinkLocation } from '../sink-kind.ts'
import { tableTarget } from './table-target.ts'

declare module '../sink-ports.ts' {
  interface SinkPorts {
    /** Writes the items of a table. Loaded when first needed. */
    readonly dynamodb?: (table: string) => Promise<Sink<readonly TableItem[]>>
  }
}

/** A table. */
interface TableLocation extends Location {
  readonly kind: 'dynamodb'
  readonly table: string
}

/** A table, and the name of the output in it. */
export interface TableSinkLocation extends SinkLocation, TableLocation {
  readonly kind: 'dynamodb'
}

const isTable = (location: Location): location is TableLocation => location.kind === 'dynamodb'

const dynamodb: SinkKind<TableSinkLocation, readonly TableItem[]> = {
  name: 'dynamodb',
  noun: 'a table of DynamoDB',
  placeForm: 'dynamodb://TABLE',
  isAvailable: (ports) => ports.dynamodb !== undefined,
  locateUnbound(place) {
    const uri = schemeOf(place) === 'dynamodb' ? parseNamedUri(place) : undefined
    return uri && { kind: 'dynamodb', table: uri.name, path: uri.rest }
  },
  locateBound(location, path) {
    if (!isTable(location)) throw new TypeError(`${location.kind} is not a table of DynamoDB`)
    return { kind: 'dynamodb', table: location.table, path }
  },
  parseDeployed: ({ table }): TableLocation | undefined =>
    typeof table === 'string' && table !== '' ? { kind: 'dynamodb', table } : undefined,
  deployedForm: '{ "kind": "dynamodb", "table": "name" }',
  key: ({ table }) => table,
  target: ({ table }) => tableTarget(table),
  open: ({ table }, { dynamodb: port }) => {
    if (port === undefined) throw new TypeError('there are no tables of DynamoDB in this world')
    return port(table)
  },
  encode(elements, { place, format }) {
    if (format === tableItems) return elements.map(tableItem)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'A table of DynamoDB holds items, but this output writes files',
      value: place,
      fix: 'write pairs with saveToTable(), or give the output a bucket: s3://NAME/PATH',
    })
  },
}

registerSinkKind(dynamodb)
