/** One state in a store of its own, with a plain map beside it. */
import { expect } from 'vitest'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import { mergeBeside } from '../../../lib/runtime/driver/merge-beside.ts'
import { sortableTime } from '../../../lib/state/item-keys.ts'
import { LiveState, type StateLayout } from '../../../lib/state/live-state.ts'
import { emptyManifest, type Manifest, stateSegments } from '../../../lib/state/manifest.ts'
import {
  putSegment,
  readSegment,
  segmentId,
  segmentKeys,
  type SegmentRef,
} from '../../../lib/state/segments.ts'
import { SegmentList } from '../../../lib/state/segment-list.ts'
import type { LogSettings } from '../../../lib/state/state-log.ts'

const APP = 'app'
const ID = 'totals'

const LAYOUT: StateLayout = {
  states: [
    {
      id: ID,
      kind: 'updateStateByKey',
      form: 'state',
      partitions: 1,
      layout: '',
      isDivisible: true,
    },
  ],
  operators: [{ id: ID }],
}

type Changes = readonly (readonly [string, number | undefined])[]

/** Runs batches, as the driver does, and deletes what each retires. */
export class LogBed {
  readonly store = memoryItemStore()
  readonly plain = new Map<string, number>()
  manifest: Manifest = emptyManifest(0)
  /** Bytes of state that were written, without pages, and those of deltas alone. */
  written = 0
  deltas = 0
  /** Bytes of state that each batch wrote before its commit. */
  readonly beforeCommit: number[] = []
  /** Of merges beside batches: how many were named, and the largest slice. */
  merges = 0
  sliceBytesMax = 0
  readonly #settings: LogSettings | undefined
  readonly #retired: SegmentRef[] = []
  readonly #slices = new Set<string>()
  #live: LiveState | undefined
  /** While true, the store takes no slices. */
  isDown = false

  constructor(settings?: LogSettings) {
    this.#settings = settings
  }

  readonly read = (ref: SegmentRef): Promise<Uint8Array> => readSegment(this.store, APP, ref)

  /** A cold process reads the state. */
  async cold(): Promise<LiveState> {
    return LiveState.load(LAYOUT, this.manifest, this.read, { log: this.#settings })
  }

  /** Runs a batch. `undefined` removes a key. `afterMs`: since the batch before. */
  async batch(changes: Changes, afterMs = 1_000): Promise<void> {
    this.#live ??= await this.cold()
    const timeMs = this.manifest.timeMs + afterMs
    const drafts = this.#live.draft(timeMs)
    const draft = drafts.state(ID, 0)
    for (const [key, value] of changes) {
      if (value === undefined) draft.remove(key)
      else draft.put(key, value)
      if (value === undefined) this.plain.delete(key)
      else this.plain.set(key, value)
    }
    const delta = draft.delta().byteLength
    const { states, segments, retired } = drafts.flush(this.store, APP, `attempt${timeMs}`)
    for (const segment of segments) await putSegment(this.store, segment)
    const bytes = segments.flatMap(({ ref }) => (ref.node === ID ? [ref.bytes] : []))
    this.deltas += delta
    this.beforeCommit.push(bytes.reduce((sum, one) => sum + one, 0))
    this.written += this.beforeCommit.at(-1) as number
    await this.#countSlices(states)
    this.manifest = { ...this.manifest, timeMs, states }
    drafts.publish()
    await this.store.deleteAll(this.#retired.splice(0).flatMap((ref) => segmentKeys(APP, ref)))
    this.#retired.push(...retired)
    await mergeBeside(this.#runner, this.#live)
  }

  get #runner(): Parameters<typeof mergeBeside>[0] {
    const store = this.isDown
      ? { ...this.store, putAll: async () => Promise.reject(new Error('down')) }
      : this.store
    return { app: APP, store, clock: { now: () => 0, sleep: async () => undefined } }
  }

  async #countSlices({ [ID]: state }: Manifest['states']): Promise<void> {
    const { refs } = await SegmentList.load(ID, state?.partitions[0] as never, this.read)
    const slices = refs.filter(({ by }) => by.includes('.m'))
    const names = slices.map(segmentId)
    if (names.some((name) => !this.#slices.has(name))) this.merges += 1
    for (const [index, { bytes }] of slices.entries()) {
      if (this.#slices.has(names[index] as string)) continue
      this.#slices.add(names[index] as string)
      this.written += bytes
      this.sliceBytesMax = Math.max(this.sliceBytesMax, bytes)
    }
  }

  /** Whether a merge runs beside batches, and has something to write. */
  get isMerging(): boolean {
    return this.#live?.partitions.get(ID)?.[0]?.log.runningMerge !== undefined
  }

  /** The process ends. */
  forget(): void {
    this.#live = undefined
  }

  /** A sweep of another process: up to the last batch, it takes what the manifest does not name. */
  async sweep(): Promise<void> {
    const named = new Set((await stateSegments(this.manifest, this.read)).map(segmentId))
    const doneTime = sortableTime(this.manifest.timeMs)
    const partition = segmentKeys(APP, { node: ID, part: 0, at: '', by: '', chunks: 1 })[0]
    for (const { sort, item } of await this.store.query(partition?.partition as string)) {
      const [at = '', by = ''] = sort.split('#')
      const name = { node: ID, part: 0, at, by }
      if (at > doneTime || named.has(segmentId(name))) continue
      await this.store.deleteAll(segmentKeys(APP, { ...name, chunks: item['chunks'] as number }))
    }
  }

  /** The stored segments of the state. */
  async stored(): Promise<number> {
    const partition = segmentKeys(APP, { node: ID, part: 0, at: '', by: '', chunks: 1 })[0]
    return (await this.store.query(partition?.partition as string)).length
  }

  get partition(): Manifest['states'][string]['partitions'][number] {
    return this.manifest.states[ID]?.partitions[0] as never
  }

  /** The state in the store is the plain map, and only what the manifests name is stored. */
  async check(): Promise<void> {
    const live = await this.cold()
    const found = [
      ...live
        .draft(this.manifest.timeMs + 1)
        .state(ID, 0)
        .entries(),
    ]
    // By hand: comparing two maps of 100,000 keys takes the runner seconds.
    expect(found.filter(([key, value]) => this.plain.get(key as string) !== value)).toEqual([])
    expect(found).toHaveLength(this.plain.size)
    const named = (await stateSegments(this.manifest, this.read)).map(segmentId)
    expect(new Set(named).size).toBe(named.length)
    for (const ref of await stateSegments(this.manifest, this.read)) await this.read(ref)
  }
}

export const keyOf = (number: number): string => `key-${String(number).padStart(6, '0')}`
