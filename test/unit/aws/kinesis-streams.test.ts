import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { expect, test } from 'vitest'
import {
  kinesisStreamCreatedMs,
  kinesisStreamRetentionMs,
} from '../../../lib/adapters/aws/kinesis-streams.ts'

const ARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/clicks'
const HOUR_MS = 3_600_000

const clientOf = (StreamDescriptionSummary: unknown): Pick<KinesisClient, 'send'> => ({
  send: async () => ({ StreamDescriptionSummary }),
})

test.each([
  ['a day', { RetentionPeriodHours: 24 }, 24 * HOUR_MS],
  ['a year', { RetentionPeriodHours: 8_760 }, 8_760 * HOUR_MS],
  ['unknown: the longest', undefined, 8_760 * HOUR_MS],
])('the retention of a stream: %s', async (_, summary, expected) => {
  expect(await kinesisStreamRetentionMs(ARN, clientOf(summary))).toBe(expected)
})

test('a stream that cannot be described is an error that says how to go on', async () => {
  const denied = {
    send: () => Promise.reject(Object.assign(new Error(), { name: 'AccessDeniedException' })),
  }
  const asked = [kinesisStreamRetentionMs(ARN, denied), kinesisStreamCreatedMs(ARN, denied)]
  for (const answer of asked)
    await expect(answer).rejects.toMatchObject({ code: 'STREAM_UNREADABLE', retryable: false })
})
