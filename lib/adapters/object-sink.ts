/**
 * Writes files of batches to a bucket, in such a way that no call can take back what another
 * attempt has written, however late the call arrives. It needs two conditions of the bucket: create
 * if absent, and replace or delete if unchanged.
 *
 * 1. The first `write`, or `admit`, lists what is there. It must be of this application, and
 *    `_SUCCESS` may not carry a newer fence.
 * 2. Parts are created, each only if its name is free: here, or by `writePart` in any process. A
 *    part that is already there with the same digest counts as written. If the bytes differ, the
 *    part gets a name with its own digest: `part-00000-1f3a...`. Bundles always have such names,
 *    because they are removed when their files are shown. Under a plain name, which is free then, a
 *    dead attempt could put its own, and who is still about to show the files would take it.
 * 3. The names of the parts are the receipt, and whether another attempt was seen. The commit
 *    stores it.
 * 4. After the commit, `publish` writes `_SUCCESS` with the names of the parts, if there is none.
 *    Only if another attempt was seen, or there is one, it looks again, and removes what older
 *    attempts have left.
 *
 * Why nothing is taken back (B4):
 * - A part is never overwritten. Whoever finds its name taken compares digests, so the bytes under
 *   a name in a receipt are those of its attempt.
 * - A part is deleted only by `publish`, and only a committed attempt is published. When it is, no
 *   other attempt at this batch can be committed. So what it deletes belongs to nobody.
 * - `_SUCCESS` is written only by `publish`, and never by an attempt that was not committed.
 * - Nothing of this asks who writes. So several processes may write the parts of one attempt, the
 *   same part twice, at any time: a part counts by its name in the receipt, and under a name are
 *   the bytes that were there first. For the same reason `abandon` removes nothing: another attempt
 *   may count what lies there as its own.
 *
 * The limit: a PUT of a dead attempt may arrive after step 1, or after `publish`. Attempts with the
 * same bytes use the same names, so the bucket refuses it. If the bytes differ, because the code or
 * the input of the batch has changed between two attempts, a part stays that `_SUCCESS` does not
 * name. So does a file that another program puts there meanwhile: once the batch is committed,
 * refusing would only keep its output from being seen. A batch whose parts other processes write
 * takes long, and those of a dead attempt may run on beside it: so `finish` looks once more.
 *
 * A part takes four calls: LIST and HEAD at the same time, PUT, and PUT of `_SUCCESS`. The look
 * comes right before the PUT, and not beside the log of the batch, which would save a round trip.
 * The longer the time between the two, the more often an attempt stands still in between, and then
 * leaves such a part.
 */
import { allOrFirstError, mapAtOnce } from '../base/concurrency.ts'
import { MillraceError } from '../base/errors.ts'
import { type Fence, isOlderFence } from '../ports/fence.ts'
import type { OpenBatch, PartReceipt, Receipt, Sink, SinkBatch } from '../ports/sink.ts'
import {
  type ConditionalBucket,
  DIGEST_METADATA,
  digestOf,
  fenceMetadata,
  fenceTextOf,
  type ObjectPlace,
  ownFenceOf,
  type SeenObject,
} from './conditional-bucket.ts'
import { spreadObjects } from './object-spread.ts'
import {
  checkReplaceable,
  outputNames,
  partName,
  partNames,
  SUCCESS_FILE,
  successOf,
} from './output-layout.ts'

/** Settings of {@link objectSink}. */
export interface ObjectSinkOptions {
  readonly description: string
  readonly bucket: ConditionalBucket
  /** The beginning of all keys, for example `results/`. Default: empty. */
  readonly prefix?: string
}

const TRIES_MAX = 20
const CALLS_AT_ONCE = 16

/**
 * What is in the directory, without the parts whose names are given. Step 1.
 *
 * Errors: `OUTPUT_EXISTS`, `OUTPUT_FENCED`.
 */
const readExisting = async (
  { bucket, path, directory, fence }: ObjectPlace,
  without: readonly string[] = [],
): Promise<ReadonlyMap<string, SeenObject>> => {
  const known = new Set(without)
  const [keys, stranger] = await allOrFirstError([
    bucket.list(`${directory}/`),
    bucket.head(directory),
  ])
  if (stranger !== undefined) checkReplaceable(path, undefined, fence)
  const there = new Map<string, SeenObject>()
  await mapAtOnce(keys, CALLS_AT_ONCE, async (key) => {
    const name = key.slice(directory.length + 1)
    if (known.has(name)) return
    const object = await bucket.head(key)
    if (object === undefined) return
    // Only a published fence refuses others: parts of several attempts may lie beside each other.
    if (name === SUCCESS_FILE || ownFenceOf(object, fence) === undefined)
      checkReplaceable(path, fenceTextOf(object), fence)
    there.set(name, object)
  })
  return there
}

/** A part that is written. The receipt of a part is this as JSON. */
export interface CreatedPart {
  readonly name: string
  /** Whether its first name was taken: another attempt was there before, or the same one. */
  readonly isTaken: boolean
}

/** Step 2. */
const createPart = async (
  { bucket, path, directory, fence }: ObjectPlace,
  partition: number,
  bytes: Uint8Array,
  { spreadTo }: Pick<SinkBatch, 'spreadTo'>,
): Promise<CreatedPart> => {
  const digest = digestOf(bytes)
  const metadata = { ...fenceMetadata(fence), [DIGEST_METADATA]: digest }
  const plain = partName(partition)
  const own = `${plain}-${digest}`
  const names = spreadTo === undefined ? [plain, own] : [own]
  for (const name of names) {
    const key = `${directory}/${name}`
    if (await bucket.putIfSeen({ key, bytes, metadata }, undefined))
      return { name, isTaken: name !== names[0] }
    const there = await bucket.head(key)
    if (there !== undefined && ownFenceOf(there, fence) === undefined)
      checkReplaceable(path, fenceTextOf(there), fence)
    if (there?.metadata[DIGEST_METADATA] === digest) return { name, isTaken: true }
  }
  throw changedMeanwhile(`${directory}/${plain}`)
}

const changedMeanwhile = (place: string): MillraceError =>
  new MillraceError('OUTPUT_FAILED', {
    problem: 'Something else changes this output while it is written',
    value: place,
    retryable: true,
  })

/** Removes what other attempts have left. */
const removeOthers = async (
  { bucket, directory, fence }: ObjectPlace,
  there: ReadonlyMap<string, SeenObject>,
): Promise<void> => {
  await mapAtOnce([...there], CALLS_AT_ONCE, async ([name, object]) => {
    const by = ownFenceOf(object, fence)
    if (name === SUCCESS_FILE || by === undefined || isOlderFence(fence, by)) return
    await bucket.deleteIfSeen(`${directory}/${name}`, object)
  })
}

/** Step 4. */
const publish = async (place: ObjectPlace, { parts, others }: Written): Promise<void> => {
  const { bucket, directory, fence } = place
  const key = `${directory}/${SUCCESS_FILE}`
  const bytes = successOf(fence, parts)
  const metadata = { ...fenceMetadata(fence), [DIGEST_METADATA]: digestOf(bytes) }
  if (!others && (await bucket.putIfSeen({ key, bytes, metadata }, undefined))) return
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const there = await readExisting(place, parts)
    const success = there.get(SUCCESS_FILE)
    if (success?.metadata[DIGEST_METADATA] === metadata[DIGEST_METADATA]) return
    await removeOthers(place, there)
    if (await bucket.putIfSeen({ key, bytes, metadata }, success)) return
  }
  throw changedMeanwhile(key)
}

/** What an attempt has written. */
interface Written {
  readonly parts: readonly string[]
  /** Whether another attempt was seen. */
  readonly others: boolean
  /** See `SinkBatch.spreadTo`. */
  readonly spreadTo?: string | undefined
}

type Names = number | readonly string[]

interface Receipted {
  readonly names: Names
  readonly others?: boolean
  readonly spreadTo?: string
}

/** The names of the parts: a number if all are plain, else a list. */
const receiptOf = ({ parts, others, spreadTo }: Written): string => {
  const isPlain = parts.every((name, index) => name === partName(index))
  const names: Names = isPlain ? parts.length : parts
  if (spreadTo !== undefined) return JSON.stringify({ names, others, spreadTo })
  return JSON.stringify(others ? { names, others } : names)
}

const writtenIn = (receipt: Receipt): Written => {
  const value = JSON.parse(receipt ?? '0') as Names | Receipted
  const {
    names,
    others = false,
    spreadTo,
  }: Receipted = typeof value === 'object' && 'names' in value ? value : { names: value }
  return { parts: typeof names === 'number' ? partNames(names) : names, others, spreadTo }
}

/**
 * A {@link Sink} of files in a bucket. Each object carries the fence and a digest in its metadata.
 * Any process can write a part.
 */
export const objectSink = ({
  description,
  bucket,
  prefix = '',
}: ObjectSinkOptions): Sink<Uint8Array> => {
  const placeOf = (path: string, fence: Fence): ObjectPlace => ({
    bucket,
    path,
    directory: prefix + outputNames(path).join('/'),
    fence,
  })
  return {
    description,
    async open(batch: SinkBatch, fence: Fence): Promise<OpenBatch<Uint8Array>> {
      const { path, spreadTo } = batch
      const place = placeOf(path, fence)
      const created: CreatedPart[] = []
      let looked: ReturnType<typeof readExisting> | undefined
      let isShared = false
      const look = (): ReturnType<typeof readExisting> => (looked ??= readExisting(place))
      return {
        async write(partition, bytes): Promise<void> {
          await look()
          created[partition] = await createPart(place, partition, bytes, batch)
        },
        async admit(): Promise<void> {
          await look()
          isShared = true
        },
        wrote(partition, receipt): void {
          created[partition] = JSON.parse(receipt) as CreatedPart
        },
        async finish(): Promise<string> {
          const before = await look()
          const parts = created.map(({ name }) => name)
          const others =
            before.size > 0 ||
            created.some(({ isTaken }) => isTaken) ||
            (isShared && (await readExisting(place, parts)).size > 0)
          return receiptOf({ parts, others, spreadTo })
        },
        abandon: async () => undefined,
      }
    },
    async writePart(batch, fence, partition, bytes): Promise<PartReceipt> {
      const place = placeOf(batch.path, fence)
      return JSON.stringify(await createPart(place, partition, bytes, batch))
    },
    publish({ path, timeMs }, fence, receipt): Promise<void> {
      const place = placeOf(path, fence)
      const written = writtenIn(receipt)
      const { parts: bundles, others, spreadTo } = written
      if (spreadTo === undefined) return publish(place, written)
      return spreadObjects(place, { path, timeMs, spreadTo, fence, bundles }, { prefix, others })
    },
  }
}
