import { DescribeStreamSummaryCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { MillraceError } from '../../base/errors.ts'
import { deniedFix, isDenied, isTransient } from './aws-errors.ts'
import { kinesisClient } from './kinesis-client.ts'

/**
 * When a stream was created, epoch milliseconds: what tells it from an earlier one under its name.
 * Twenty of these calls a second are all that an account has.
 *
 * Errors: `STREAM_UNREADABLE` (retryable, unless access is denied or there is no such stream).
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
      problem: isDenied(error) ? `The stream refuses ${action}` : `The stream did not do ${action}`,
      value: streamArn,
      ...(isDenied(error) ? { fix: deniedFix(action, streamArn) } : {}),
      retryable: isTransient(error),
      cause: error,
    })
  }
}
