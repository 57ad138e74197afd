import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { callWithEntries, type EntriesAnswer, refusalsOf } from './entries.ts'
import { kinesisClient } from './kinesis-client.ts'

/** A record for a stream. */
export interface StreamEntry {
  readonly partitionKey: string
  readonly data: Uint8Array
}

/** Codes of a key that the stream is encrypted with, and may not be used. */
const FAULT = /AccessDenied|NotFound|Disabled|InvalidState|OptInRequired/

/**
 * Puts at most 500 records.
 *
 * @param stream The name of the stream, or its ARN.
 * @throws MillraceError `OUTPUT_FAILED` when trying again cannot help.
 */
export const putRecords = async <E extends StreamEntry>(
  stream: string,
  entries: readonly E[],
  client: Pick<KinesisClient, 'send'> = kinesisClient(),
): Promise<EntriesAnswer<E>> => {
  const where = { noun: 'stream', place: stream, action: 'kinesis:PutRecords' }
  const command = new PutRecordsCommand({
    ...(stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream }),
    Records: entries.map(({ partitionKey, data }) => ({ PartitionKey: partitionKey, Data: data })),
  })
  return callWithEntries(entries, where, async () =>
    refusalsOf((await client.send(command)).Records, FAULT),
  )
}
