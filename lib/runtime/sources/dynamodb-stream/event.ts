/**
 * Turns a Lambda event of the stream of a table into messages. An event holds records of one shard,
 * in their order. Lambda delivers a shard only after its parents, and the next records of a shard
 * only after these were taken. So the order of appends is the order of changes of each item.
 *
 * An event does not name its shard, so nothing tells how far a shard has come. What comes again is
 * known by its id, as a message of a queue is.
 */
import { MillraceError } from '../../../base/errors.ts'
import { kindLane } from '../../../state/lanes.ts'
import type { BoundSource, EventContent, EventReader } from '../../intake/event-reader.ts'
import type { Location } from '../../locations.ts'
import type { LaneMessage } from '../lanes/message-reader.ts'
import { isWanted, type TableRecord, textOf } from './records.ts'

/** The stream of a table. */
export interface TableStreamLocation extends Location {
  readonly kind: 'dynamodb-stream'
  /** Its ARN. Left out: it is looked up. */
  readonly streamArn?: string
  /** The name of the table, for a machine that reads the stream by itself. */
  readonly table?: string
}

interface TableEventRecord extends TableRecord {
  readonly eventSource: 'aws:dynamodb'
  readonly eventSourceARN: string
}

const isTableRecord = (record: object): record is TableEventRecord =>
  'eventSource' in record &&
  record.eventSource === 'aws:dynamodb' &&
  'eventSourceARN' in record &&
  typeof record.eventSourceARN === 'string'

/** The lane of changes. All shards append to it, each in its order. */
export const CHANGE_LANE: string = kindLane('changes')

const invalid = (problem: string, value: unknown, allowed: string): MillraceError =>
  new MillraceError('EVENT_INVALID', {
    problem,
    value,
    allowed,
    fix: 'let only event source mappings of tables that sources are bound to invoke this function',
  })

/** The message of a record. Some emulators give no ids. */
const messageOf = (record: TableEventRecord): LaneMessage => {
  const id = record.eventID ?? record.dynamodb?.SequenceNumber
  if (id === undefined || id === '')
    throw invalid('A record of the stream of a table has no id', record, "{ eventID: '...' }")
  return { id, body: textOf(record) }
}

/** Several sources may read one table. */
const readersOf = (
  arn: string,
  sources: readonly BoundSource<TableStreamLocation>[],
): readonly BoundSource<TableStreamLocation>[] => {
  const readers = sources.filter(({ location }) => location.streamArn === arn)
  if (readers.length > 0) return readers
  const allowed = sources.map(({ location }) => location.streamArn).join(', ')
  throw invalid('Changes arrived from a table to which no source is bound', arn, allowed)
}

/** Reads the events of streams of tables. */
export const tableStreamEvents: EventReader<TableStreamLocation> = {
  claims: ({ Records: [first] = [] }) => first !== undefined && isTableRecord(first),
  async read({ Records = [] }, sources): Promise<EventContent> {
    const byStream = Map.groupBy(
      Records.filter(isTableRecord),
      ({ eventSourceARN }) => eventSourceARN,
    )
    const appends = [...byStream].flatMap(([arn, records]) =>
      readersOf(arn, sources).flatMap(({ source, declared }) => {
        const wanted = records.filter((record) => isWanted(record, declared)).map(messageOf)
        return wanted.length === 0 ? [] : [{ source, lane: CHANGE_LANE, records: wanted }]
      }),
    )
    return { appends }
  },
}
