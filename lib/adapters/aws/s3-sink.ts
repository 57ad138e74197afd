/** Writes files of batches to a bucket of S3. The protocol is that of object-sink.ts. */
import type { S3Client } from '@aws-sdk/client-s3'
import type { Fence } from '../../ports/fence.ts'
import type { OpenBatch, Sink, SinkBatch } from '../../ports/sink.ts'
import { objectSink } from '../object-sink.ts'
import { outputNames } from '../output-layout.ts'
import { s3Client } from './s3-client.ts'
import { s3Error } from './s3-errors.ts'
import { s3ConditionalBucket } from './s3-files.ts'

/** Settings of {@link s3Sink}. */
export interface S3SinkOptions {
  readonly bucket: string
  /** The beginning of all keys, for example `results/`. Default: empty. */
  readonly prefix?: string
  /** Default: the client of this process. */
  readonly client?: S3Client
}

/**
 * A {@link Sink} of files in a bucket of S3. Each object carries the fence in its metadata.
 * `_SUCCESS` names the attempt and the parts.
 *
 * @example
 * ```ts
 * const sink = s3Sink({ bucket: 'results' })
 * const fence = { app: 'a', generation: 1, epoch: 1 }
 * const batch = { path: 'totals-1000', timeMs: 1_000 }
 * const opened = await sink.open(batch, fence)
 * await opened.write(0, Buffer.from('to,1'))
 * const receipt = await opened.finish()
 * await sink.publish?.(batch, fence, receipt)
 * ```
 */
export const s3Sink = ({
  bucket,
  prefix = '',
  client = s3Client(),
}: S3SinkOptions): Sink<Uint8Array> => {
  const sink = objectSink({
    description: `bucket ${bucket}`,
    bucket: s3ConditionalBucket({ client, bucket }),
    prefix,
  })
  const explained = async <T>(path: string, call: () => Promise<T> | undefined): Promise<T> => {
    try {
      return (await call()) as T
    } catch (error) {
      throw s3Error(error, 'OUTPUT_FAILED', {
        action: 's3:PutObject, s3:GetObject, s3:DeleteObject or s3:ListBucket',
        place: `s3://${bucket}/${prefix}${outputNames(path).join('/')}`,
      })
    }
  }
  return {
    description: sink.description,
    async open(batch: SinkBatch, fence: Fence): Promise<OpenBatch<Uint8Array>> {
      const opened = await sink.open(batch, fence)
      return {
        ...opened,
        write: (partition, bytes) => explained(batch.path, () => opened.write(partition, bytes)),
        admit: () => explained(batch.path, () => opened.admit?.()),
        finish: () => explained(batch.path, () => opened.finish()),
      }
    },
    writePart: (batch, fence, partition, bytes) =>
      explained(batch.path, () => sink.writePart?.(batch, fence, partition, bytes)),
    publish: (batch, fence, receipt) =>
      explained(batch.path, () => sink.publish?.(batch, fence, receipt)),
  }
}
