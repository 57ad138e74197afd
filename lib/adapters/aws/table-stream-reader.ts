/** Reads the stream of a table of DynamoDB. */
import { MillraceError } from '../../base/errors.ts'
import type {
  TableShard,
  TableShardCursor,
  TableStreamDescription,
  TableStreamPage,
  TableStreamReader,
  TableStreamRecord,
} from '../../ports/table-stream.ts'
import { deniedFix, errorName, isDenied, isTransient } from './aws-errors.ts'
import {
  type SdkAnswers,
  type SdkRecord,
  type StreamCalls,
  streamCalls,
} from './table-stream-sdk.ts'

/** Settings of {@link tableStreamReader}. */
export interface TableStreamReaderOptions {
  readonly table: string
  /** Closed with the reader. */
  readonly streams: StreamCalls
}

const unreadable = (error: unknown, action: string, table: string): MillraceError =>
  new MillraceError('STREAM_UNREADABLE', {
    problem: isDenied(error) ? `The table refuses ${action}` : `The call ${action} failed`,
    value: table,
    ...(isDenied(error) ? { fix: deniedFix(action, `the stream of ${table}`) } : {}),
    retryable: isTransient(error),
    cause: error,
  })

const withoutStream = (table: string): MillraceError =>
  new MillraceError('STREAM_UNREADABLE', {
    problem: 'The table has no stream that is switched on',
    value: table,
    fix:
      `aws dynamodb update-table --table-name ${table} ` +
      '--stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES',
  })

/** These say that an iterator, or what it points to, is gone. */
const EXPIRED_ITERATOR = 'ExpiredIteratorException'
const TRIMMED = 'TrimmedDataAccessException'
/** A shard that ended a day ago is not there any more. */
const GONE = 'ResourceNotFoundException'

/** As Lambda writes records: bytes in base64, and times in seconds. */
const eventOf = ({ dynamodb, ...record }: SdkRecord): object => ({
  ...record,
  dynamodb: {
    ...dynamodb,
    ...(dynamodb?.ApproximateCreationDateTime === undefined
      ? {}
      : { ApproximateCreationDateTime: dynamodb.ApproximateCreationDateTime.getTime() / 1_000 }),
    ...plainImages(dynamodb),
  },
})

const plainImages = (dynamodb: SdkRecord['dynamodb']): object =>
  Object.fromEntries(
    (['Keys', 'OldImage', 'NewImage'] as const).flatMap((name) =>
      dynamodb?.[name] === undefined ? [] : [[name, plain(dynamodb[name])]],
    ),
  )

const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
}

/** A {@link TableStreamReader} of the stream that a table has now. */
export const tableStreamReader = ({
  table,
  streams,
}: TableStreamReaderOptions): TableStreamReader => {
  let streamArn: string | undefined
  const asking = async <T>(action: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call()
    } catch (error) {
      throw unreadable(error, action, table)
    }
  }
  return {
    async describe(): Promise<TableStreamDescription> {
      const arns = await asking('dynamodb:ListStreams', () => arnsOf(streams, table))
      // A stream that was switched off can be listed for a day. Labels are times.
      const arn = arns.toSorted().at(-1)
      if (arn === undefined) throw withoutStream(table)
      streamArn = arn
      const { isOn, shards } = await asking('dynamodb:DescribeStream', () => shardsOf(streams, arn))
      if (!isOn) throw withoutStream(table)
      return { label: arn.split('/').at(-1) ?? '', shards }
    },
    open: (shardId, after) =>
      new Cursor(streams, { table, shardId, streamArn: streamArn ?? '', after }),
    close(): void {
      streams.destroy()
    },
  }
}

/**
 * Opens the stream of a table.
 *
 * Errors: `PACKAGE_MISSING`.
 */
export const openTableStream = async (table: string): Promise<TableStreamReader> =>
  tableStreamReader({ table, streams: await streamCalls() })

const arnsOf = async (streams: StreamCalls, table: string): Promise<readonly string[]> => {
  const arns: string[] = []
  let from: string | undefined
  do {
    const answer: SdkAnswers['ListStreamsCommand'] = await streams.call('ListStreamsCommand', {
      TableName: table,
      ...(from === undefined ? {} : { ExclusiveStartStreamArn: from }),
    })
    for (const { StreamArn } of answer.Streams ?? [])
      if (StreamArn !== undefined) arns.push(StreamArn)
    from = answer.LastEvaluatedStreamArn
  } while (from !== undefined)
  return arns
}

/** The shards of a stream, and whether it is switched on. */
const shardsOf = async (
  streams: StreamCalls,
  arn: string,
): Promise<{ readonly isOn: boolean; readonly shards: readonly TableShard[] }> => {
  let isOn = false
  const shards: TableShard[] = []
  let from: string | undefined
  do {
    const answer: SdkAnswers['DescribeStreamCommand'] = await streams.call(
      'DescribeStreamCommand',
      { StreamArn: arn, ...(from === undefined ? {} : { ExclusiveStartShardId: from }) },
    )
    const found = answer.StreamDescription
    isOn = found?.StreamStatus?.startsWith('ENABL') === true
    for (const { ShardId: shardId = '', ParentShardId, SequenceNumberRange } of found?.Shards ?? [])
      shards.push({
        shardId,
        isClosed: SequenceNumberRange?.EndingSequenceNumber !== undefined,
        ...(ParentShardId === undefined ? {} : { parentId: ParentShardId }),
      })
    from = found?.LastEvaluatedShardId
  } while (from !== undefined)
  return { isOn, shards }
}

interface CursorPlace {
  readonly table: string
  readonly streamArn: string
  readonly shardId: string
  readonly after: string | undefined
}

/** An iterator is good for a quarter of an hour, so a slow reader gets another one. */
class Cursor implements TableShardCursor {
  readonly #streams: StreamCalls
  readonly #place: CursorPlace
  #after: string | undefined
  #iterator: string | undefined
  #isEnd = false

  constructor(streams: StreamCalls, place: CursorPlace) {
    this.#streams = streams
    this.#place = place
    this.#after = place.after
  }

  async next(): Promise<TableStreamPage> {
    if (this.#isEnd) return { records: [], isEnd: true }
    try {
      return await this.#read()
    } catch (error) {
      if (errorName(error) === TRIMMED) throw this.#expired(error)
      if (errorName(error) === GONE) return { records: [], isEnd: true }
      if (errorName(error) !== EXPIRED_ITERATOR)
        throw unreadable(error, 'dynamodb:GetRecords', this.#place.table)
      this.#iterator = undefined
      return { records: [], isEnd: false }
    }
  }

  async #read(): Promise<TableStreamPage> {
    this.#iterator ??= await this.#open()
    const place = { ShardIterator: this.#iterator }
    const answer = await this.#streams.call('GetRecordsCommand', place)
    this.#iterator = answer.NextShardIterator
    this.#isEnd = this.#iterator === undefined
    const records = (answer.Records ?? []).map((record): TableStreamRecord => ({
      sequenceNumber: record.dynamodb?.SequenceNumber ?? '0',
      event: eventOf(record),
    }))
    this.#after = records.at(-1)?.sequenceNumber ?? this.#after
    return { records, isEnd: this.#isEnd }
  }

  async #open(): Promise<string | undefined> {
    const { streamArn, shardId } = this.#place
    const { ShardIterator } = await this.#streams.call('GetShardIteratorCommand', {
      StreamArn: streamArn,
      ShardId: shardId,
      ...(this.#after === undefined
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: this.#after }),
    })
    return ShardIterator
  }

  #expired(cause: unknown): MillraceError {
    return new MillraceError('RECORDS_EXPIRED', {
      problem: 'Changes of a table were deleted before they were read',
      value: `${this.#place.table} ${this.#place.shardId}`,
      cause,
    })
  }
}
