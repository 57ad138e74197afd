import { DeleteObjectsCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { BlobStore } from '../../ports/blob-store.ts'
import { s3Client } from './s3-client.ts'
import { s3Error } from './s3-errors.ts'
import { readObject } from './s3-files.ts'

/** Settings of {@link s3BlobStore}. */
export interface S3BlobStoreOptions {
  readonly bucket: string
  /** The beginning of all keys, for example `blocks/`. Default: empty. */
  readonly prefix?: string
  /** Default: the client of this process. */
  readonly client?: S3Client
}

/** The most keys that one DeleteObjects takes. */
const DELETES_MAX = 1_000

/**
 * A {@link BlobStore} in a bucket.
 *
 * @example
 * ```ts
 * const blobs = s3BlobStore({ bucket: 'blocks', prefix: 'clicks/' })
 * await blobs.put('a', Buffer.from('to be'))
 * ```
 */
export const s3BlobStore = ({
  bucket,
  prefix = '',
  client = s3Client(),
}: S3BlobStoreOptions): BlobStore => {
  const calling = async <T>(action: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call()
    } catch (error) {
      throw s3Error(error, 'STORE_FAILED', { action, place: `s3://${bucket}/${prefix}` })
    }
  }
  const deleteGroup = async (names: readonly string[]): Promise<void> => {
    const Objects = [...new Set(names)].map((name) => ({ Key: prefix + name }))
    const { Errors = [] } = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    )
    const [first] = Errors.filter(({ Code }) => Code !== 'NoSuchKey')
    // The call as a whole succeeded, so the SDK does not retry the keys that failed.
    if (first !== undefined)
      throw Object.assign(new Error(`${first.Key}: ${first.Message}`), {
        name: first.Code ?? 'InternalServerError',
      })
  }

  return {
    put: (name: string, bytes: Uint8Array): Promise<void> =>
      calling('s3:PutObject', async () => {
        // A copy, because the SDK sends it later, and the caller may change its bytes before that.
        await client.send(
          new PutObjectCommand({ Bucket: bucket, Key: prefix + name, Body: new Uint8Array(bytes) }),
        )
      }),
    get: (name: string): Promise<Uint8Array | undefined> =>
      calling(
        's3:GetObject',
        async () => (await readObject({ client, bucket }, prefix + name))?.bytes,
      ),
    deleteAll: (names: readonly string[]): Promise<void> =>
      calling('s3:DeleteObject', async () => {
        for (let from = 0; from < names.length; from += DELETES_MAX)
          await deleteGroup(names.slice(from, from + DELETES_MAX))
      }),
  }
}
