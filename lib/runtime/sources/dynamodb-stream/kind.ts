/** Reads the stream of a table of DynamoDB. */
import { TEXT } from '../../../dstream/sources/declaration.ts'
import type { TableStreamReader } from '../../../ports/table-stream.ts'
import { invalidLocation, type LocationForm } from '../../locations.ts'
import { messagesInput, messagesReader } from '../lanes/message-reader.ts'
import { lanesReader } from '../lanes/reader.ts'
import { registerSourceKind, type SourceKind } from '../source-kind.ts'
import { CHANGE_LANE, type TableStreamLocation, tableStreamEvents } from './event.ts'
import { tableStreamFeed } from './feed.ts'
import { earlierStreams, keptMsOf } from './lanes.ts'

declare module '../source-ports.ts' {
  interface SourcePorts {
    /** Reads the stream of a table. Left out: changes come in events. */
    readonly tableStream?: (table: string) => Promise<TableStreamReader>
  }
}

const form: LocationForm<TableStreamLocation> = {
  shown: 'dynamodb://TABLE',
  example: 'dynamodb://orders',
  schemes: ['dynamodb'],
  parse(uri: string): TableStreamLocation {
    const [, table] = /^dynamodb:\/\/([\w.-]{3,255})$/i.exec(uri) ?? []
    if (table !== undefined) return { kind: 'dynamodb-stream', table }
    throw invalidLocation('This is not the name of a table of DynamoDB', uri, {
      allowed: 'dynamodb://TABLE',
      fix: 'give the name of the table, for example dynamodb://orders',
    })
  },
}

const tableStream: SourceKind<TableStreamLocation> = {
  name: 'dynamodb-stream',
  noun: 'a stream of a table of DynamoDB',
  gives: [TEXT],
  form,
  isAvailable: () => true,
  unboundFix: ({ name }) => `--bind ${name}=dynamodb://TABLE, or --bind ${name}=./in`,
  parseDeployed: ({ streamArn }) =>
    typeof streamArn === 'string' && streamArn !== ''
      ? { kind: 'dynamodb-stream', streamArn }
      : undefined,
  deployedForm: '{ "kind": "dynamodb-stream", "streamArn": "arn:..." }',
  describe: ({ table, streamArn }) => ({ what: `changes of table ${table ?? streamArn}` }),
  open: ({ table }, { store, app, source, held, ports, declared, clock }) => {
    const place = { store, app, source, held }
    if (table === undefined)
      return { reader: messagesReader({ ...place, isRead: (lane) => lane === CHANGE_LANE }) }
    const { tableStream: port } = ports
    if (port === undefined) throw new TypeError('there are no tables in this world')
    const open = (): Promise<TableStreamReader> => port(table)
    return {
      reader: lanesReader({ ...place, predecessors: earlierStreams }),
      feed: tableStreamFeed({ table, source, declared, clock, open }),
    }
  },
  input: messagesInput,
  events: () => tableStreamEvents,
  retentionMs: async (lane) => keptMsOf(lane),
}

registerSourceKind(tableStream)
