/**
 * Answers of executors as the answers of functions, and the bytes that belong to a request.
 *
 * The answer of a function has at most 6 MB, as JSON. So the bytes of a task go inside it as Base64
 * while they fit. Larger ones go into a bucket, and the answer names the blob. The driver reads the
 * blob once and deletes it. Nothing else ever names it: when a driver dies in between, the blob is
 * garbage at once, whatever happens later. So a rule of the bucket may delete what is old there. A
 * name has a random part, so two answers to one request never share a blob.
 */
import { randomUUID } from 'node:crypto'
import type { BlobStore } from '../../ports/blob-store.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Usage } from '../../base/prices.ts'
import { addUsage, type Meter } from '../../ports/meter.ts'

/** What an executor function answers. */
export type FunctionAnswer = (
  | {
      /** The bytes, as Base64. */
      readonly bytes: string
    }
  | {
      /** The name of the blob that has the bytes, and how many it has. */
      readonly blob: string
      readonly length: number
    }
) & {
  /** What the executor has used since it said so last. Left out: it does not count. */
  readonly usage?: Usage
}

/**
 * The most bytes that go inside an answer. Lambda takes 6 MB and some; Base64 makes four characters
 * of three bytes, and the rest of the answer takes a few more.
 */
export const INLINE_BYTES_MAX: number = 4_700_000

/** An answer with the bytes inside. */
export const inlineAnswer = (bytes: Uint8Array): FunctionAnswer => ({
  bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
})

/** An answer whose bytes are in a blob. Nothing else may have its name. */
export const blobAnswer = async (
  bytes: Uint8Array,
  blobs: BlobStore,
  name: string,
): Promise<FunctionAnswer> => {
  await blobs.put(name, bytes)
  return { blob: name, length: bytes.byteLength }
}

/** The most bytes that go inside a request. The rest of it takes some room. */
const INLINE_DATA_MAX = 4_500_000

/**
 * The bytes that belong to a request. Large ones go into a blob, which `remove` deletes after the
 * call.
 *
 * @throws MillraceError `EXECUTOR_LOST` when they are too large, and there is no bucket. The errors
 * of the blob store.
 */
export const packData = async (
  bytes: Uint8Array,
  blobs: BlobStore | undefined,
  name: string,
): Promise<{ readonly data: FunctionAnswer; readonly remove: () => Promise<void> }> => {
  if (bytes.byteLength <= INLINE_DATA_MAX)
    return { data: inlineAnswer(bytes), remove: async () => undefined }
  if (blobs === undefined)
    throw noAnswer(`a request with ${bytes.byteLength} bytes needs a bucket`, name)
  const blob = `data/${randomUUID()}`
  return {
    data: await blobAnswer(bytes, blobs, blob),
    remove: () => blobs.deleteAll([blob]).catch(() => undefined),
  }
}

/**
 * The bytes of `packData`, in the function.
 *
 * @throws Error when they are not there. The errors of the blob store.
 */
export const unpackData = async (
  data: FunctionAnswer,
  blobs: BlobStore | undefined,
): Promise<Uint8Array> => {
  if ('bytes' in data) return Buffer.from(data.bytes, 'base64')
  const bytes = await blobs?.get(data.blob)
  if (bytes?.byteLength !== data.length) throw new Error(`the data ${data.blob} is gone`)
  return bytes
}

/**
 * The bytes of an answer of a function. A blob is deleted: if that fails, the rule of the bucket
 * does it.
 *
 * @throws MillraceError `EXECUTOR_LOST` when it is no answer, or when the blob is not there. The
 * errors of the blob store.
 */
export const unpackAnswer = async (
  payload: Uint8Array,
  { name, blobs, meter }: AnswerParts,
): Promise<Uint8Array> => {
  const answer = parse(payload)
  if (meter !== undefined && answer?.usage !== undefined) addUsage(meter, answer.usage)
  if (typeof answer?.bytes === 'string') return Buffer.from(answer.bytes, 'base64')
  if (typeof answer?.blob !== 'string' || blobs === undefined)
    throw noAnswer(`it answered ${shown(payload)}`, name)
  const bytes = await blobs.get(answer.blob)
  if (bytes === undefined || bytes.byteLength !== answer.length)
    throw noAnswer(`the large result ${answer.blob} is gone`, name)
  await blobs.deleteAll([answer.blob]).catch(() => undefined)
  return bytes
}

/** Whose answer is read, and with what. */
export interface AnswerParts {
  /** The name of the function. */
  readonly name: string
  readonly blobs: BlobStore | undefined
  /** Counts what the function has used. */
  readonly meter?: Meter | undefined
}

type AnyAnswer = Partial<Record<'bytes' | 'blob' | 'length', unknown>> & { readonly usage?: Usage }

const parse = (payload: Uint8Array): AnyAnswer | undefined => {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

const SHOWN_MAX = 200

const shown = (payload: Uint8Array): string =>
  new TextDecoder().decode(payload.subarray(0, SHOWN_MAX))

/** The error for a call without an answer. The driver runs the task itself. */
export const noAnswer = (problem: string, name: string, cause?: unknown): MillraceError =>
  new MillraceError('EXECUTOR_LOST', {
    problem: `An executor function gave no result: ${problem}`,
    value: name,
    fix:
      'nothing, if it is rare: the task runs in the driver. If it goes on, look at the log of ' +
      'the executors, and give them more memory or time',
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  })
