import { S3Client } from '@aws-sdk/client-s3'
import { clientSettings, counted, once } from './clients.ts'
import { meterS3 } from './metering.ts'

/** The client of S3 of this process. */
export const s3Client: () => S3Client = once(() => counted(new S3Client(clientSettings()), meterS3))
