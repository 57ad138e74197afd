import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  type StreamDescriptionSummary,
} from '@aws-sdk/client-kinesis'
import { MillraceError } from '../../base/errors.ts'
import { deniedFix, isDenied, isTransient } from './aws-errors.ts'
import { kinesisClient } from './kinesis-client.ts'

/**
 * The time when a stream was created, in epoch milliseconds. It distinguishes the stream from an
 * earlier one with the same name. An account may make at most 20 of these calls a second.
 *
 * Errors: `STREAM_UNREADABLE` (retryable, unless access is denied or the stream does not exist).
 *
 * @example
 * ```ts
 * const arn = 'arn:aws:kinesis:us-east-1:123456789012:stream/clicks'
 * const createdMs = await kinesisStreamCreatedMs(arn)
 * ```
 */
export const kinesisStreamCreatedMs = async (
  streamArn: string,
  client: Pick<KinesisClient, 'send'> = kinesisClient(),
): Promise<number> => (await summaryOf(streamArn, client))?.StreamCreationTimestamp?.getTime() ?? 0

const HOUR_MS = 3_600_000
const RETENTION_HOURS_MAX = 365 * 24

/**
 * How long a stream keeps its records, in milliseconds: from a day to a year.
 *
 * Errors: those of {@link kinesisStreamCreatedMs}.
 *
 * @example
 * ```ts
 * const arn = 'arn:aws:kinesis:us-east-1:123456789012:stream/clicks'
 * const retentionMs = await kinesisStreamRetentionMs(arn)
 * ```
 */
export const kinesisStreamRetentionMs = async (
  streamArn: string,
  client: Pick<KinesisClient, 'send'> = kinesisClient(),
): Promise<number> =>
  ((await summaryOf(streamArn, client))?.RetentionPeriodHours ?? RETENTION_HOURS_MAX) * HOUR_MS

const summaryOf = async (
  streamArn: string,
  client: Pick<KinesisClient, 'send'>,
): Promise<StreamDescriptionSummary | undefined> => {
  try {
    const answer = await client.send(new DescribeStreamSummaryCommand({ StreamARN: streamArn }))
    return answer.StreamDescriptionSummary
  } catch (error) {
    const action = 'kinesis:DescribeStreamSummary'
    throw new MillraceError('STREAM_UNREADABLE', {
      problem: isDenied(error) ? `The stream refuses ${action}` : `The call ${action} failed`,
      value: streamArn,
      ...(isDenied(error) ? { fix: deniedFix(action, streamArn) } : {}),
      retryable: isTransient(error),
      cause: error,
    })
  }
}
