import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3'
import { type ByteRange, bytesIn, type ObjectContent } from '../../ports/object-source.ts'
import type { ObjectPage, ObjectStore, ObjectVersion } from '../../ports/object-store.ts'
import { isWatchedKey } from '../../ports/object-names.ts'
import { answerSkewOf } from './answer-skew.ts'
import { statusOf } from './aws-errors.ts'
import { s3Client } from './s3-client.ts'
import {
  archivedObject,
  isArchivedObject,
  isConditionFailed,
  isMissingObject,
  isRefusedObject,
  refusedObject,
  s3Error,
} from './s3-errors.ts'

/** Settings of {@link s3ObjectStore}. */
export interface S3ObjectStoreOptions {
  readonly bucket: string
  /** Default: the client of this process. */
  readonly client?: S3Client
  /** The clock of this machine, in epoch milliseconds. */
  readonly now?: () => number
}

const versionOf = (
  key: string,
  { VersionId, ETag = '', LastModified, ContentLength = 0 }: HeadObjectCommandOutput,
): ObjectVersion => {
  // A bucket that never had versioning gives no ids. Objects from before versioning was enabled
  // have the id "null".
  const isVersioned = VersionId !== undefined && VersionId !== 'null'
  const modifiedMs = LastModified?.getTime() ?? 0
  return {
    key,
    version: isVersioned ? VersionId : ETag,
    isVersioned,
    ...(isVersioned ? { entityTag: ETag } : {}),
    modifiedMs,
    sizeBytes: ContentLength,
  }
}

/** The last byte of a range of HTTP belongs to it. */
const rangeOf = (range: ByteRange | undefined): { readonly Range?: string } =>
  range === undefined ? {} : { Range: `bytes=${range.from}-${range.to - 1}` }

/** The object does not exist, or has a delete marker. */
const isGone = (error: unknown): boolean =>
  isMissingObject(error) || statusOf(error) === 404 || statusOf(error) === 405

/** What a read that failed says of its object. Throws if it says nothing. */
const goneBy = (error: unknown, place: string): ObjectContent => {
  if (isGone(error)) return { found: false, gone: 'missing' }
  if (isConditionFailed(error)) return { found: false, gone: 'replaced' }
  if (isArchivedObject(error)) throw archivedObject(error, place)
  if (isRefusedObject(error, false)) throw refusedObject(error, place)
  throw s3Error(error, 'OBJECT_UNREADABLE', { action: 's3:GetObject', place })
}

/**
 * The objects of a bucket as an {@link ObjectStore}. Each read names one upload: by the id of its
 * version if the bucket keeps versions, otherwise by its entity tag. So a batch never reads another
 * upload in place of the one it has taken.
 *
 * @example
 * ```ts
 * const objects = s3ObjectStore({ bucket: 'clicks' })
 * const object = await objects.head('in/a.txt')
 * ```
 */
export const s3ObjectStore = ({
  bucket,
  client = s3Client(),
  now = Date.now,
}: S3ObjectStoreOptions): ObjectStore => ({
  description: `bucket ${bucket}`,
  aheadMs: answerSkewOf(client, now),
  async head(key: string, version?: string): Promise<ObjectVersion | undefined> {
    try {
      const pinned = version === undefined ? {} : { VersionId: version }
      return versionOf(
        key,
        await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ...pinned })),
      )
    } catch (error) {
      if (isGone(error)) return undefined
      if (isRefusedObject(error, true)) throw refusedObject(error, `s3://${bucket}/${key}`)
      throw s3Error(error, 'OBJECT_UNREADABLE', {
        action: 's3:GetObject',
        place: `s3://${bucket}/${key}`,
      })
    }
  },
  async read(
    { key, version, isVersioned }: ObjectVersion,
    range?: ByteRange,
  ): Promise<ObjectContent> {
    try {
      const pinned = isVersioned ? { VersionId: version } : { IfMatch: version }
      const { Body, ContentEncoding, ContentRange } = await client.send(
        new GetObjectCommand({ Bucket: bucket, Key: key, ...pinned, ...rangeOf(range) }),
      )
      const encoding = ContentEncoding === undefined ? {} : { contentEncoding: ContentEncoding }
      const given = (await Body?.transformToByteArray()) ?? new Uint8Array()
      // By the rules of HTTP a server may ignore a range, and give all: then it names no range.
      const bytes = ContentRange === undefined ? bytesIn(given, range) : given
      return { found: true, bytes, ...encoding }
    } catch (error) {
      return goneBy(error, `s3://${bucket}/${key}`)
    }
  },
  async list(prefix: string, after?: string): Promise<ObjectPage> {
    try {
      const from = after === undefined ? {} : { StartAfter: after }
      const { Contents = [], IsTruncated } = await client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...from }),
      )
      const objects = Contents.map(({ Key = '', LastModified }) => ({
        key: Key,
        modifiedMs: LastModified?.getTime() ?? 0,
      }))
      const next = IsTruncated === true ? objects.at(-1)?.key : undefined
      return {
        objects: objects.filter(({ key }) => isWatchedKey(key, prefix)),
        ...(next === undefined ? {} : { next }),
      }
    } catch (error) {
      throw s3Error(error, 'OBJECT_UNREADABLE', {
        action: 's3:ListBucket',
        place: `s3://${bucket}/${prefix}`,
      })
    }
  },
})
