import { KinesisClient } from '@aws-sdk/client-kinesis'
import { http2ClientSettings, once } from './clients.ts'

/** The client of Kinesis of this process. */
export const kinesisClient: () => KinesisClient = once(
  () => new KinesisClient(http2ClientSettings('KINESIS')),
)
