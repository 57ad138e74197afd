/**
 * The S3 calls that the outputs need. When a condition is not met, each returns a normal answer
 * instead of an error.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConditionalBucket, NewObject, SeenObject } from '../conditional-bucket.ts'
import { isConditionFailed, isConflict, isMissingObject } from './s3-errors.ts'

/** A bucket and its client. */
export interface Bucket {
  readonly client: S3Client
  readonly bucket: string
}

const CONFLICTS_MAX = 10
const CONFLICT_PAUSE_MS = 20

/**
 * S3 answers 409 when two conditional writes happen at the same time. Neither is decided, so the
 * call is retried.
 */
const afterConflicts = async <T>(call: () => Promise<T>): Promise<T> => {
  for (let conflicts = 1; ; conflicts++) {
    try {
      return await call()
    } catch (error) {
      if (!isConflict(error) || conflicts === CONFLICTS_MAX) throw error
      await sleep(Math.random() * CONFLICT_PAUSE_MS * 2 ** conflicts)
    }
  }
}

/** All keys that begin with the prefix. */
export const listKeys = async (
  { client, bucket }: Bucket,
  prefix: string,
): Promise<readonly string[]> => {
  const keys: string[] = []
  for (let token: string | undefined; ;) {
    const input = {
      Bucket: bucket,
      Prefix: prefix,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    }
    const { Contents = [], NextContinuationToken } = await client.send(
      new ListObjectsV2Command(input),
    )
    for (const { Key } of Contents) if (Key !== undefined) keys.push(Key)
    if (NextContinuationToken === undefined) return keys
    token = NextContinuationToken
  }
}

/** The bytes of an object and what identifies it; undefined if it does not exist. */
export const readObject = async (
  { client, bucket }: Bucket,
  key: string,
): Promise<(SeenObject & { readonly bytes: Uint8Array }) | undefined> => {
  try {
    const {
      Body,
      ETag = '',
      Metadata = {},
    } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    return {
      etag: ETag,
      metadata: Metadata,
      bytes: (await Body?.transformToByteArray()) ?? new Uint8Array(),
    }
  } catch (error) {
    if (isMissingObject(error)) return undefined
    throw error
  }
}

/** What identifies an object, without its bytes. */
const headObject = async (
  { client, bucket }: Bucket,
  key: string,
): Promise<SeenObject | undefined> => {
  try {
    const { ETag = '', Metadata = {} } = await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key }),
    )
    return { etag: ETag, metadata: Metadata }
  } catch (error) {
    if (isMissingObject(error)) return undefined
    throw error
  }
}

/** Returns whether the object was written. */
const putIfSeen = (
  { client, bucket }: Bucket,
  object: NewObject,
  seen: SeenObject | undefined,
): Promise<boolean> =>
  afterConflicts(async () => {
    try {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: object.key,
          Body: object.bytes,
          Metadata: { ...object.metadata },
          ...(seen === undefined ? { IfNoneMatch: '*' } : { IfMatch: seen.etag }),
        }),
      )
      return true
    } catch (error) {
      if (isConditionFailed(error) || isMissingObject(error)) return false
      throw error
    }
  })

const deleteIfSeen = (
  { client, bucket }: Bucket,
  key: string,
  { etag }: SeenObject,
): Promise<boolean> =>
  afterConflicts(async () => {
    try {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag }))
      return true
    } catch (error) {
      if (isMissingObject(error)) return true
      if (isConditionFailed(error)) return false
      throw error
    }
  })

/** A bucket of S3, with the conditions of its writes. */
export const s3ConditionalBucket = (place: Bucket): ConditionalBucket => ({
  list: (prefix) => listKeys(place, prefix),
  head: (key) => headObject(place, key),
  get: (key) => readObject(place, key),
  putIfSeen: (object, seen) => putIfSeen(place, object, seen),
  deleteIfSeen: (key, seen) => deleteIfSeen(place, key, seen),
})
