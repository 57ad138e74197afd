/** Streams of tables of DynamoDB as sources. */
import { StreamViewType } from 'aws-cdk-lib/aws-dynamodb'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import { MillraceError } from '../../lib/base/errors.ts'
import { TEXT } from '../../lib/dstream/sources/declaration.ts'
import type { DynamodbView } from '../../lib/dstream/sources/dynamodb-stream.ts'
import type { KeyUse, KindParts } from '../deployed-kind.ts'
import type { Worker } from '../functions.ts'
import type { KindGrants } from '../grants.ts'
import { type AnyTable, createTable } from '../resources.ts'
import {
  discardGrants,
  keyOfDiscards,
  mapShards,
  obtainDiscards,
  reachOfDiscards,
  shardRules,
} from '../shard-mappings.ts'
import { shapeOf } from '../table-shape.ts'
import { tableType } from '../tables.ts'
import {
  type Connection,
  type DeployedSources,
  registerSourceKind,
  type SourceNeed,
} from './source-kind.ts'

/** Lambda reads the shards. The functions need nothing: intake stores what comes. */
const grants = {
  tableStreams: {
    intake: [
      {
        by: 'service',
        actions: [
          'dynamodb:DescribeStream',
          'dynamodb:GetRecords',
          'dynamodb:GetShardIterator',
          'dynamodb:ListStreams',
        ],
      },
    ],
  },
  discards: discardGrants,
} satisfies KindGrants

/** A table, and what its sources ask of it. */
interface ReadTable {
  readonly table: AnyTable
  readonly streamArn: string
  /** The name of its first source. */
  readonly name: string
  /** The ids of its sources. */
  readonly sources: readonly string[]
  /** The events that at least one of them wants. */
  readonly events: readonly string[]
}

const viewOf = ({ source: { settings } }: SourceNeed): DynamodbView =>
  (settings?.['view'] as DynamodbView | undefined) ?? 'NEW_AND_OLD_IMAGES'

const eventsOf = ({ source: { settings } }: SourceNeed): readonly string[] =>
  String(settings?.['events'] ?? '').split(',')

const hasView = (view: string, wanted: DynamodbView): boolean =>
  view === wanted || view === 'NEW_AND_OLD_IMAGES' || wanted === 'KEYS_ONLY'

/** The stream of a table. A source that misses an image would only find out when records come. */
const streamOf = (table: AnyTable, need: SourceNeed): string => {
  const { tableStreamArn } = table
  const wanted = viewOf(need)
  const view = shapeOf(table)?.view
  if (tableStreamArn !== undefined && (view === undefined || hasView(view, wanted)))
    return tableStreamArn
  throw new MillraceError('BINDING_UNFIT', {
    problem:
      tableStreamArn === undefined
        ? `The source "${need.name}" is bound to a table without a stream, as far as is known`
        : `The stream of the table of "${need.name}" has less than the source asks for`,
    value: view ?? table.node.path,
    allowed: `a table with the stream ${wanted}`,
    fix:
      `give the table stream: StreamViewType.${wanted} (dynamoStream of TableV2), import it with ` +
      'Table.fromTableAttributes(..., { tableStreamArn }), or bind the ARN of the stream',
  })
}

/** The partition key of created tables. */
const KEY = 'key'

/** Lambda has one mapping for each stream and function, so the sources of a table share it. */
const findTables = (
  needs: readonly SourceNeed[],
  { scope, pool, storage }: KindParts,
): readonly ReadTable[] => {
  const reads = needs.map((need) => {
    const { name } = need
    const table = pool.obtain(tableType, name, () =>
      createTable(scope, `Table-${name}`, storage, {
        partitionKey: KEY,
        stream: StreamViewType.NEW_AND_OLD_IMAGES,
      }),
    )
    return { table, streamArn: streamOf(table, need), need }
  })
  const groups = [...Map.groupBy(reads, ({ streamArn }) => streamArn).values()]
  return groups.flatMap((readers) =>
    readers.slice(0, 1).map(({ table, streamArn, need }) => ({
      table,
      streamArn,
      name: need.name,
      sources: readers.map((reader) => reader.need.source.id),
      events: [...new Set(readers.flatMap((reader) => eventsOf(reader.need)))].toSorted(),
    })),
  )
}

const ALL_EVENTS = 3

const connect = (
  parts: KindParts,
  tables: readonly ReadTable[],
  intake: Worker,
  discards: Bucket,
): Connection => {
  const mappings = tables.map(({ name, streamArn, events }) => {
    const patterns = events.length < ALL_EVENTS ? { patterns: [{ eventName: events }] } : {}
    return mapShards(parts, { id: `Mapping-${name}`, streamArn, ...patterns }, intake, discards)
  })
  return { mappings, alarms: shardRules(mappings, intake, parts.lagMax) }
}

const keyOf = ({ table: { encryptionKey: key } }: ReadTable): KeyUse => ({
  key,
  role: 'intake',
  use: 'decrypt',
})

const deploy = (needs: readonly SourceNeed[], parts: KindParts): DeployedSources => {
  const tables = findTables(needs, parts)
  const discards = obtainDiscards(parts.scope, parts.storage)
  return {
    locations: Object.fromEntries(
      tables.flatMap(({ streamArn, sources }) =>
        sources.map((id) => [id, { kind: 'dynamodb-stream', streamArn }]),
      ),
    ),
    reaches: [
      ...tables.map(({ streamArn }) => ({ grants: grants.tableStreams, arnOf: () => streamArn })),
      reachOfDiscards(discards),
    ],
    keys: [...tables.map(keyOf), keyOfDiscards(discards)],
    commands: tables.map(({ name, table: { tableName } }) => ({
      id: `Change-${name}`,
      value: `aws dynamodb put-item --table-name ${tableName} --item '{"key": {"S": "a"}}'`,
      description: `Changes an item: ${name}`,
    })),
    shared: { discards },
    connect: (intake) => connect(parts, tables, intake, discards),
  }
}

registerSourceKind({
  name: 'dynamodb-stream',
  type: tableType,
  gives: [TEXT],
  // The code that reads it comes with the declaration.
  isAlone: true,
  declaredKind: 'dynamodb-stream',
  grants,
  packages: [],
  deploy,
})
