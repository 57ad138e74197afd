/** What the readers of streams share: records, and errors of calls. */
import type { _Record as KinesisRecord } from '@aws-sdk/client-kinesis'
import { MillraceError } from '../../base/errors.ts'
import type { StreamRecord } from '../../ports/stream-reader.ts'
import { deniedError, deniedFix, errorName, isDenied, isTransient } from './aws-errors.ts'

/** A record of an answer. */
export const streamRecordOf = ({
  SequenceNumber = '',
  PartitionKey = '',
  Data,
  ApproximateArrivalTimestamp,
}: KinesisRecord): StreamRecord => ({
  sequenceNumber: SequenceNumber,
  partitionKey: PartitionKey,
  data: Data ?? new Uint8Array(),
  arrivalMs: ApproximateArrivalTimestamp?.getTime() ?? 0,
})

/** The error of a call on a stream, or on a shard of it. */
export const streamError = (
  error: unknown,
  action: string,
  value: { readonly streamArn: string; readonly shardId?: string } | string,
): MillraceError => {
  const place = typeof value === 'string' ? value : value.streamArn
  if (errorName(error) === 'CredentialsProviderError')
    return deniedError(error, { service: 'Kinesis', action, place })
  return new MillraceError('STREAM_UNREADABLE', {
    problem: isDenied(error) ? `The stream refuses ${action}` : `The call ${action} failed`,
    value,
    ...(isDenied(error) ? { fix: deniedFix(action, place) } : {}),
    retryable: isTransient(error),
    cause: error,
  })
}
