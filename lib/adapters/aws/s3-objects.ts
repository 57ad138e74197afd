import {
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3'
import { MillraceError } from '../../base/errors.ts'
import type { ObjectContent, ObjectSource, ObjectSummary } from '../../ports/object-source.ts'
import { isHiddenName } from '../../ports/object-names.ts'
import { errorName } from './aws-errors.ts'
import { s3Client } from './s3-client.ts'
import { isConditionFailed, isMissingObject, s3Error } from './s3-errors.ts'

/** What {@link s3Objects} is made with. */
export interface S3ObjectsOptions {
  readonly bucket: string
  /** What the keys begin with: a directory, with its `/` at the end. Default: the whole bucket. */
  readonly prefix?: string
  /** Default: the client of this process. */
  readonly client?: S3Client
}

const SECOND_MS = 1_000

/**
 * To whole seconds, which is what S3 has; some places show more in a listing than in the headers of
 * an object.
 */
const modifiedMsOf = (modified: Date | undefined): number =>
  Math.floor((modified?.getTime() ?? 0) / SECOND_MS) * SECOND_MS

const summariesOf = (
  { Contents = [] }: ListObjectsV2CommandOutput,
  prefix: string,
): readonly ObjectSummary[] =>
  Contents.flatMap(({ Key = '', LastModified, Size = 0, ETag }) => {
    const key = Key.slice(prefix.length)
    // The prefix itself, an empty name, is the marker that consoles make for a directory.
    if (key === '' || isHiddenName(key)) return []
    return [
      {
        key,
        modifiedMs: modifiedMsOf(LastModified),
        sizeBytes: Size,
        ...(ETag === undefined ? {} : { version: ETag }),
      },
    ]
  })

const isBelow = (key: string): boolean =>
  key !== '' && key !== '.' && key !== '..' && !key.includes('/')

const readError = (error: unknown, action: string, place: string): MillraceError =>
  errorName(error) === 'NoSuchBucket'
    ? new MillraceError('DIRECTORY_MISSING', {
        problem: 'The watched bucket is not there',
        value: place,
        fix: 'create it, or correct the binding',
        retryable: true,
        cause: error,
      })
    : s3Error(error, 'OBJECT_UNREADABLE', { action, place })

/**
 * The objects directly below a prefix of a bucket as an {@link ObjectSource}, by listing: 1,000 a
 * request, so this is for sweeps and not for every second. An object is pinned by its entity tag:
 * after another upload of other bytes it is `replaced`.
 *
 * @example
 * ```ts
 * const objects = s3Objects({ bucket: 'clicks', prefix: 'in/' })
 * const summaries = await objects.list()
 * ```
 */
export const s3Objects = ({
  bucket,
  prefix = '',
  client = s3Client(),
}: S3ObjectsOptions): ObjectSource => {
  const place = `s3://${bucket}/${prefix}`
  const listPage = (token: string | undefined): Promise<ListObjectsV2CommandOutput> =>
    client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        Delimiter: '/',
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
    )
  const readListed = async ({
    key,
    modifiedMs,
    sizeBytes,
    version,
  }: ObjectSummary): Promise<ObjectContent> => {
    const { Body, LastModified } = await client.send(
      new GetObjectCommand({
        Bucket: bucket,
        Key: prefix + key,
        ...(version === undefined ? {} : { IfMatch: version }),
      }),
    )
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array()
    const isSame =
      modifiedMsOf(LastModified) === modifiedMsOf(new Date(modifiedMs)) &&
      bytes.byteLength === sizeBytes
    return isSame ? { found: true, bytes } : { found: false, gone: 'replaced' }
  }

  return {
    description: `bucket ${place}`,
    async list(): Promise<readonly ObjectSummary[]> {
      const summaries: ObjectSummary[] = []
      try {
        for (let token: string | undefined; ;) {
          const page = await listPage(token)
          summaries.push(...summariesOf(page, prefix))
          if (page.NextContinuationToken === undefined) return summaries
          token = page.NextContinuationToken
        }
      } catch (error) {
        throw readError(error, 's3:ListBucket', place)
      }
    },
    async read(summary: ObjectSummary): Promise<ObjectContent> {
      if (!isBelow(summary.key)) return { found: false, gone: 'missing' }
      try {
        return await readListed(summary)
      } catch (error) {
        if (isMissingObject(error)) return { found: false, gone: 'missing' }
        if (isConditionFailed(error)) return { found: false, gone: 'replaced' }
        throw readError(error, 's3:GetObject', place + summary.key)
      }
    },
  }
}
