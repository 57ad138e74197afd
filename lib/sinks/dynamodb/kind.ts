/** Writes rows as items of a table of DynamoDB that has key attributes of its own. */
import { loadAws } from '../../adapters/aws/packages.ts'
import type { Row } from '../../rdd/sink-declaration.ts'
import { invalidLocation, type Location, type LocationForm } from '../../runtime/locations.ts'
import {
  registerSinkKind,
  type SinkKind,
  type SinkLocation,
} from '../../runtime/sinks/sink-kind.ts'
import { encodeRows } from '../rows/encode-rows.ts'

/** A table. */
interface ItemsLocation extends Location {
  readonly kind: 'items'
  readonly table: string
}

type ItemsSinkLocation = ItemsLocation & SinkLocation

const form: LocationForm<ItemsLocation> = {
  shown: 'dynamodb:TABLE',
  example: 'dynamodb:scores',
  schemes: ['dynamodb'],
  parse(uri) {
    const table = uri.replace(/^dynamodb:/i, '')
    if (/^[\w.-]{3,255}$/.test(table) || table.startsWith('arn:')) return { kind: 'items', table }
    throw invalidLocation('This is not the name of a table of DynamoDB', uri, {
      allowed: 'dynamodb:TABLE, with 3 to 255 letters, digits, and . _ -, or its ARN',
      fix: 'for example dynamodb:scores',
    })
  },
}

const isItems = (location: Location): location is ItemsLocation => location.kind === 'items'

const itemsKind: SinkKind<ItemsSinkLocation, readonly Row[]> = {
  name: 'items',
  noun: 'a table of DynamoDB',
  form,
  takes: ['rows'],
  isAvailable: ({ connections }) => connections !== undefined,
  locateBound(location, path) {
    if (!isItems(location)) throw new TypeError(`${location.kind} is no table of DynamoDB`)
    return { ...location, path }
  },
  parseDeployed: ({ table }): ItemsLocation | undefined =>
    typeof table === 'string' && table !== '' ? { kind: 'items', table } : undefined,
  deployedForm: '{ "kind": "items", "table": "name" }',
  key: ({ table }) => table,
  async open({ table }, { connections }) {
    if (connections === undefined) throw new TypeError('there are no connections in this world')
    const { dynamodbRowSink } = await loadAws(
      () => import('../../adapters/aws/dynamodb-row-sink.ts'),
    )
    return dynamodbRowSink({ table, clock: connections.clock })
  },
  encode: encodeRows,
}

registerSinkKind(itemsKind)
