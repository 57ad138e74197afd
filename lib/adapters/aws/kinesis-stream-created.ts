import { DescribeStreamSummaryCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
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
): Promise<number> => {
  try {
    const { StreamDescriptionSummary } = await client.send(
      new DescribeStreamSummaryCommand({ StreamARN: streamArn }),
    )
    return StreamDescriptionSummary?.StreamCreationTimestamp?.getTime() ?? 0
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
