/**
 * Writes text files of batches to a bucket. S3 cannot rename, so the order of the writes keeps the
 * promises of the port:
 *
 * 1. List the existing objects. Each must carry a fence of this application, and none may carry a
 *    newer fence.
 * 2. Remove `_SUCCESS`, so that a reader that waits for it sees nothing while parts change.
 * 3. Write the parts. Each write has the condition that it replaces the object seen in step 1.
 *    Remove stale parts.
 * 4. List again, and remove what an older attempt has written since step 1.
 * 5. Write `_SUCCESS`, if it still does not exist. If a condition is not met, start again at 1,
 *    where a newer fence ends this attempt.
 *
 * The conditions compare entity tags, which are equal for equal bytes. So an attempt that paused
 * after step 1 cannot notice two later attempts if the second restored the bytes that it saw. It
 * then writes its own bytes. These are equal too, if the same batch gives the same bytes (B3).
 */
import type { S3Client } from '@aws-sdk/client-s3'
import type { Fence } from '../../ports/fence.ts'
import type { OpenBatch, Sink, SinkBatch } from '../../ports/sink.ts'
import {
  checkReplaceable,
  fenceIn,
  outputFiles,
  outputNames,
  SUCCESS_FILE,
} from '../output-layout.ts'
import { mapAtOnce } from '../../base/concurrency.ts'
import { MillraceError } from '../../base/errors.ts'
import { s3Client } from './s3-client.ts'
import { s3Error } from './s3-errors.ts'
import {
  type Bucket,
  deleteIfSeen,
  headObject,
  listKeys,
  putIfSeen,
  type SeenObject,
} from './s3-files.ts'

/** Settings of {@link s3Sink}. */
export interface S3SinkOptions {
  readonly bucket: string
  /** The beginning of all keys, for example `results/`. Default: empty. */
  readonly prefix?: string
  /** Default: the client of this process. */
  readonly client?: S3Client
}

const FENCE_METADATA = 'millrace-fence'
const TRIES_MAX = 20
const CALLS_AT_ONCE = 16

/** One attempt to write one directory. */
interface Attempt {
  readonly place: Bucket
  readonly path: string
  readonly directory: string
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly fence: Fence
}

/** Metadata is ASCII. */
const fenceMetadata = (success: Uint8Array): Readonly<Record<string, string>> => ({
  [FENCE_METADATA]: encodeURIComponent(Buffer.from(success).toString().trim()),
})

const isPercentEncoded = (text: string): boolean => /^(?:[^%]|%[0-9A-F]{2})*$/i.test(text)

/** The fence of an object, as the text of a `_SUCCESS` file. */
const fenceOf = ({ metadata }: SeenObject): Uint8Array | undefined => {
  const text = metadata[FENCE_METADATA]
  return text === undefined || !isPercentEncoded(text)
    ? undefined
    : Buffer.from(decodeURIComponent(text))
}

/** Step 1. Errors: `OUTPUT_EXISTS`, `OUTPUT_FENCED`. */
const readExisting = async ({
  place,
  path,
  directory,
  fence,
}: Attempt): Promise<ReadonlyMap<string, SeenObject>> => {
  const [keys, stranger] = await Promise.all([
    listKeys(place, `${directory}/`),
    headObject(place, directory),
  ])
  if (stranger !== undefined) checkReplaceable(path, undefined, fence)
  const seen = new Map<string, SeenObject>()
  await mapAtOnce(keys, CALLS_AT_ONCE, async (key) => {
    const object = await headObject(place, key)
    if (object === undefined) return
    checkReplaceable(path, fenceOf(object), fence)
    seen.set(key, object)
  })
  return seen
}

/**
 * Steps 2 to 5. Returns whether the batch is complete. If not, an object has changed in between.
 */
const replace = async (
  attempt: Attempt,
  seen: ReadonlyMap<string, SeenObject>,
): Promise<boolean> => {
  const { place, directory, files } = attempt
  const successKey = `${directory}/${SUCCESS_FILE}`
  const success = files.get(SUCCESS_FILE) as Uint8Array
  const stale = seen.get(successKey)
  if (stale !== undefined && !(await deleteIfSeen(place, successKey, stale))) return false
  if (!(await writeParts(attempt, seen))) return false
  if (!(await removeOthers(attempt))) return false
  return (
    (await putIfSeen(
      place,
      { key: successKey, bytes: success, metadata: fenceMetadata(success) },
      undefined,
    )) !== undefined
  )
}

const writeParts = async (
  { place, directory, files }: Attempt,
  seen: ReadonlyMap<string, SeenObject>,
): Promise<boolean> => {
  const metadata = fenceMetadata(files.get(SUCCESS_FILE) as Uint8Array)
  let written = true
  await mapAtOnce([...files], CALLS_AT_ONCE, async ([name, bytes]) => {
    const key = `${directory}/${name}`
    if (name === SUCCESS_FILE || !written) return
    if ((await putIfSeen(place, { key, bytes, metadata }, seen.get(key))) === undefined)
      written = false
  })
  return written
}

/** Removes parts with higher numbers, left by attempts that had more parts. */
const removeOthers = async ({
  place,
  path,
  directory,
  files,
  fence,
}: Attempt): Promise<boolean> => {
  const keys = await listKeys(place, `${directory}/`)
  let removed = true
  await mapAtOnce(keys, CALLS_AT_ONCE, async (key) => {
    const name = key.slice(directory.length + 1)
    if (files.has(name) && name !== SUCCESS_FILE) return
    const object = await headObject(place, key)
    if (object === undefined) return
    checkReplaceable(path, fenceOf(object), fence)
    if (!(await deleteIfSeen(place, key, object))) removed = false
  })
  return removed
}

/** Removes the parts that this attempt has written next to those of a newer attempt. */
const removeOwnParts = async ({ place, directory, files, fence }: Attempt): Promise<void> => {
  await mapAtOnce([...files.keys()], CALLS_AT_ONCE, async (name) => {
    const key = `${directory}/${name}`
    const object = await headObject(place, key)
    const by = object === undefined ? undefined : fenceIn(fenceOf(object) ?? new Uint8Array())
    if (
      object === undefined ||
      by?.app !== fence.app ||
      by.generation !== fence.generation ||
      by.epoch !== fence.epoch
    )
      return
    await deleteIfSeen(place, key, object)
  })
}

const write = async (attempt: Attempt): Promise<void> => {
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    try {
      if (await replace(attempt, await readExisting(attempt))) return
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'OUTPUT_FENCED')
        await removeOwnParts(attempt)
      throw error
    }
  }
  throw new MillraceError('OUTPUT_FAILED', {
    problem: `Other attempts have changed this output ${TRIES_MAX} times while it was written`,
    value: attempt.path,
    retryable: true,
  })
}

/**
 * The end of the last write of each directory by this process: attempts in one process wait for
 * each other.
 */
const turns = new Map<string, Promise<void>>()

const inTurn = async (name: string, action: () => Promise<void>): Promise<void> => {
  const turn = (turns.get(name) ?? Promise.resolve()).then(action)
  const over = turn.catch(() => undefined)
  turns.set(name, over)
  try {
    await turn
  } finally {
    if (turns.get(name) === over) turns.delete(name)
  }
}

/**
 * A {@link Sink} of files in a bucket. Each part carries the fence in its metadata; `_SUCCESS` also
 * has it as its text. Content stays in memory until `finish` writes it to the bucket.
 *
 * @example
 * ```ts
 * const sink = s3Sink({ bucket: 'results' })
 * const fence = { app: 'a', generation: 1, epoch: 1 }
 * const batch = await sink.open({ path: 'totals-1000', timeMs: 1_000 }, fence)
 * await batch.write(0, Buffer.from('to,1'))
 * await batch.finish()
 * ```
 */
export const s3Sink = ({
  bucket,
  prefix = '',
  client = s3Client(),
}: S3SinkOptions): Sink<Uint8Array> => ({
  description: `bucket ${bucket}`,
  async open({ path }: SinkBatch, fence: Fence): Promise<OpenBatch<Uint8Array>> {
    const directory = prefix + outputNames(path).join('/')
    const place = { client, bucket }
    const parts: Uint8Array[] = []
    return {
      async write(partition, bytes): Promise<void> {
        parts[partition] = new Uint8Array(bytes)
      },
      async finish(): Promise<void> {
        const attempt = { place, path, directory, files: outputFiles(parts, fence), fence }
        try {
          await inTurn(`${bucket}/${directory}`, () => write(attempt))
        } catch (error) {
          throw s3Error(error, 'OUTPUT_FAILED', {
            action: 's3:PutObject, s3:GetObject, s3:DeleteObject or s3:ListBucket',
            place: `s3://${bucket}/${directory}`,
          })
        }
      },
      async abandon(): Promise<void> {
        parts.length = 0
      },
    }
  },
})
