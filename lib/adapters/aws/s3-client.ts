import { S3Client } from '@aws-sdk/client-s3'
import { clientSettings, once } from './clients.ts'

/** The client of S3 of this process. */
export const s3Client: () => S3Client = once(() => new S3Client(clientSettings()))
