/**
 * The keyed state of one operator, read from outside while batches may run. A manifest is
 * immutable, and so is every segment that it names: what is read is the state after one batch,
 * whole.
 *
 * B11: a segment that is missing means that the reader was overtaken, if the head names another
 * manifest by now. Then the view moves to that manifest and reads again. Segments that both
 * manifests name are not read twice, so a slow reader of a large state gets to its end.
 */
import { mapWithin } from '../../base/concurrency.ts'
import { isMillraceError, MillraceError } from '../../base/errors.ts'
import { checkKey, partitionOf } from '../../base/keys.ts'
import { HeadStore } from '../../state/head.ts'
import {
  type Manifest,
  readManifest,
  stateSegments,
  type StoredState,
} from '../../state/manifest.ts'
import { EMPTY_PARTITION } from '../../state/stored-list.ts'
import { readSegment, segmentId, type SegmentRef } from '../../state/segments.ts'
import type { StoredApp } from '../driver/last-manifest.ts'
import { withRetries } from '../retry.ts'
import { keyedState } from './known-states.ts'
import { type ReadPartition, readPartition, type StateEntry } from './state-partition-reader.ts'

/** How many segments are read at the same time, and how many bytes of them. */
const SEGMENTS_AT_ONCE = 16
const BYTES_AT_ONCE = 64 * 1024 * 1024

/** What a head names: an immutable manifest. */
export interface NamedManifest {
  readonly ref: SegmentRef
  readonly manifest: Manifest
}

/** The manifest that the view shows, the state in it, and the partitions that `get` has read. */
interface Shown extends NamedManifest {
  readonly stored: StoredState
  readonly partitions: Map<number, Promise<ReadPartition>>
}

/** All entries of a state after one batch. */
export interface ReadState {
  readonly timeMs: number
  /** Partition by partition, sorted by key in each. Can be read once. */
  readonly entries: AsyncGenerator<StateEntry, void, undefined>
}

/** Segments in memory, by their ids. */
type Segments = Map<string, Uint8Array>

/** A whole state, of which some partitions are in memory already, and of the others the bytes. */
interface Fetched {
  readonly shown: Shown
  readonly inMemory: ReadonlyMap<number, ReadPartition>
  readonly segments: Segments
}

/**
 * Reads the newest manifest.
 *
 * @throws MillraceError `STATE_UNKNOWN` when no batch has run yet; the errors of `readSegment`.
 */
export const newestManifest = async (opened: StoredApp): Promise<NamedManifest> => {
  const { store, app, clock } = opened
  let before: SegmentRef | undefined
  for (;;) {
    const head = await withRetries(clock, () => new HeadStore(store, app).read())
    const ref = head?.manifest
    if (ref === undefined)
      throw new MillraceError('STATE_UNKNOWN', {
        problem: 'No batch of this application has run yet, so it has no state',
        value: app,
        fix: 'try again after its first batch',
      })
    try {
      return { ref, manifest: await withRetries(clock, () => readManifest(store, app, ref)) }
    } catch (error) {
      if (!isMissing(error) || isSame(before, ref)) throw error
      before = ref
    }
  }
}

const isMissing = (error: unknown): boolean =>
  isMillraceError(error) && error.code === 'SEGMENT_MISSING'

const isSame = (a: SegmentRef | undefined, b: SegmentRef): boolean =>
  a !== undefined && segmentId(a) === segmentId(b)

/** A reader of one state. */
export class StateView {
  readonly id: string
  readonly #opened: StoredApp
  #shown: Shown

  private constructor(opened: StoredApp, id: string, shown: Shown) {
    this.#opened = opened
    this.id = id
    this.#shown = shown
  }

  /**
   * Opens the state of an operator, as of the newest batch.
   *
   * @throws MillraceError `STATE_UNKNOWN`, and the errors of the store.
   */
  static async open(opened: StoredApp, id: string): Promise<StateView> {
    return new StateView(opened, id, shownIn(await newestManifest(opened), id))
  }

  /** The batch time of what the view shows. It grows when the view is overtaken or refreshed. */
  get timeMs(): number {
    return this.#shown.manifest.timeMs
  }

  /** Moves to the newest batch. */
  async refresh(): Promise<void> {
    const newest = await newestManifest(this.#opened)
    if (!isSame(this.#shown.ref, newest.ref)) this.#shown = shownIn(newest, this.id)
  }

  /**
   * Where the state of a key is: its partition, how many there are, and how many bytes this one
   * has. Reads nothing.
   *
   * @throws MillraceError `KEY_UNSUPPORTED`.
   */
  placeOf(key: unknown): {
    readonly partition: number
    readonly partitions: number
    readonly bytes: number
  } {
    checkKey(key)
    const { partitions } = this.#shown.stored
    const partition = partitionOf(key, partitions.length)
    return { partition, partitions: partitions.length, bytes: partitions[partition]?.bytes ?? 0 }
  }

  /**
   * The state of a key. Reads the partition of the key, once. Undefined: the key has no state.
   *
   * @throws MillraceError `KEY_UNSUPPORTED`.
   */
  async get(key: unknown): Promise<StateEntry | undefined> {
    checkKey(key)
    const partition = await this.#read(async (shown) => {
      const part = partitionOf(key, shown.stored.partitions.length)
      const found =
        shown.partitions.get(part) ?? this.#load(shown, part, (ref) => this.#segment(ref))
      shown.partitions.set(part, found)
      return found
    })
    return partition.get(key)
  }

  /** The number of keys. Holds one partition at a time in memory, besides the stored bytes. */
  async count(): Promise<number> {
    const fetched = await this.#fetch()
    let total = 0
    for (const part of fetched.shown.stored.partitions.keys())
      total += (await this.#partition(fetched, part)).size
    return total
  }

  /**
   * All entries, after one batch. All stored bytes are read first, since they may be deleted later;
   * those of a partition are dropped when it is in memory.
   */
  async readAll(): Promise<ReadState> {
    const fetched = await this.#fetch()
    return { timeMs: fetched.shown.manifest.timeMs, entries: this.#entries(fetched) }
  }

  async *#entries(fetched: Fetched): ReadState['entries'] {
    for (const part of fetched.shown.stored.partitions.keys())
      yield* (await this.#partition(fetched, part)).entries()
  }

  async #partition({ shown, inMemory, segments }: Fetched, part: number): Promise<ReadPartition> {
    return inMemory.get(part) ?? this.#load(shown, part, async (ref) => takeFrom(segments, ref))
  }

  async #load(
    { manifest, stored }: Shown,
    part: number,
    read: (ref: SegmentRef) => Promise<Uint8Array>,
  ): Promise<ReadPartition> {
    return readPartition(manifest, { id: this.id, stored }, part, read)
  }

  async #segment(ref: SegmentRef): Promise<Uint8Array> {
    const { store, app, clock } = this.#opened
    return withRetries(clock, () => readSegment(store, app, ref))
  }

  /** Reads the stored bytes of all partitions of one manifest. */
  async #fetch(): Promise<Fetched> {
    let segments: Segments = new Map()
    return this.#read(async (shown) => {
      const inMemory = new Map<number, ReadPartition>()
      for (const [part, partition] of shown.partitions) inMemory.set(part, await partition)
      const { id } = this
      const partitions = shown.stored.partitions.map((one, part) =>
        inMemory.has(part) ? EMPTY_PARTITION : one,
      )
      const before = segments
      const pages = new Map<string, Uint8Array>()
      const states = { [id]: { ...shown.stored, partitions } }
      const refs = await stateSegments({ states }, async (ref) => {
        const bytes = before.get(segmentId(ref)) ?? (await this.#segment(ref))
        pages.set(segmentId(ref), bytes)
        return bytes
      })
      // What an earlier manifest named and this one does not is needed no more.
      const now = new Map(
        refs.flatMap((ref) => {
          const bytes = pages.get(segmentId(ref)) ?? before.get(segmentId(ref))
          return bytes === undefined ? [] : [[segmentId(ref), bytes] as const]
        }),
      )
      segments = now
      await mapWithin(
        refs.filter((ref) => !now.has(segmentId(ref))),
        { atOnce: SEGMENTS_AT_ONCE, weight: BYTES_AT_ONCE, weightOf: ({ bytes }) => bytes },
        async (ref) => void now.set(segmentId(ref), await this.#segment(ref)),
      )
      return { shown, inMemory, segments: now }
    })
  }

  /** Reads of the manifest that is shown. When this reader is overtaken, again of a newer one. */
  async #read<T>(read: (shown: Shown) => Promise<T>): Promise<T> {
    for (;;) {
      const shown = this.#shown
      try {
        return await read(shown)
      } catch (error) {
        shown.partitions.clear()
        if (!isMissing(error)) throw error
        await this.refresh()
        if (isSame(this.#shown.ref, shown.ref)) throw error
      }
    }
  }
}

const shownIn = ({ ref, manifest }: NamedManifest, id: string): Shown => ({
  ref,
  manifest,
  stored: keyedState(manifest, id),
  partitions: new Map(),
})

/** Each segment is read once, so its bytes need not stay. */
const takeFrom = (segments: Segments, ref: SegmentRef): Uint8Array => {
  const bytes = segments.get(segmentId(ref)) as Uint8Array
  segments.delete(segmentId(ref))
  return bytes
}
