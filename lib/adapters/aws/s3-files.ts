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
import { isConditionFailed, isConflict, isMissingObject } from './s3-errors.ts'

/** A bucket and its client. */
export interface Bucket {
  readonly client: S3Client
  readonly bucket: string
}

/** An object as it was read. */
export interface SeenObject {
  readonly etag: string
  readonly metadata: Readonly<Record<string, string>>
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
export const headObject = async (
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

/** An object to write. */
export interface NewObject {
  readonly key: string
  readonly bytes: Uint8Array
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Writes the object if it is still the one that was read, or still missing. Returns the new etag;
 * undefined if it was not written.
 */
export const putIfSeen = (
  { client, bucket }: Bucket,
  object: NewObject,
  seen: SeenObject | undefined,
): Promise<string | undefined> =>
  afterConflicts(async () => {
    try {
      const { ETag = '' } = await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: object.key,
          Body: object.bytes,
          Metadata: { ...object.metadata },
          ...(seen === undefined ? { IfNoneMatch: '*' } : { IfMatch: seen.etag }),
        }),
      )
      return ETag
    } catch (error) {
      if (isConditionFailed(error) || isMissingObject(error)) return undefined
      throw error
    }
  })

/** Removes the object if it is still the one that was read. Returns whether it is gone. */
export const deleteIfSeen = (
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
