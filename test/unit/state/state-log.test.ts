/** How much the log of a state writes and reads, and that it always holds the state. */
import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import { emptyManifest, type Manifest, stateSegments } from '../../../lib/state/manifest.ts'
import { LiveState, type StateLayout } from '../../../lib/state/live-state.ts'
import {
  putSegment,
  readSegment,
  segmentId,
  segmentKeys,
  type SegmentRef,
} from '../../../lib/state/segments.ts'
import { Random } from '../../../lib/testing/random.ts'

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

/** One state in a store of its own, with a plain map beside it. */
class Bed {
  readonly store = memoryItemStore()
  readonly plain = new Map<string, number>()
  manifest: Manifest = emptyManifest(0)
  written = 0
  deltas = 0
  readonly #retired: SegmentRef[] = []
  #live: LiveState | undefined

  readonly read = (ref: SegmentRef): Promise<Uint8Array> => readSegment(this.store, APP, ref)

  /** A cold process reads the state. */
  async cold(): Promise<LiveState> {
    return LiveState.load(LAYOUT, this.manifest, this.read)
  }

  /** Runs a batch. `undefined` removes a key. Deletes what the batch retires. */
  async batch(changes: readonly (readonly [string, number | undefined])[]): Promise<void> {
    this.#live ??= await this.cold()
    const timeMs = this.manifest.timeMs + 1_000
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
    this.deltas += delta
    // Without pages.
    for (const { ref } of segments) if (ref.node === ID) this.written += ref.bytes
    this.manifest = { ...this.manifest, timeMs, states }
    drafts.publish()
    await this.store.deleteAll(this.#retired.splice(0).flatMap((ref) => segmentKeys(APP, ref)))
    this.#retired.push(...retired)
  }

  forget(): void {
    this.#live = undefined
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
    expect(new Map(found as [string, number][])).toEqual(this.plain)
    const named = (await stateSegments(this.manifest, this.read)).map(segmentId)
    expect(new Set(named).size).toBe(named.length)
    for (const ref of await stateSegments(this.manifest, this.read)) await this.read(ref)
  }
}

const keyOf = (number: number): string => `key-${String(number).padStart(6, '0')}`

/** Many batches, each of which changes a share of the keys, by one more. */
const run = async (keys: number, changed: number, batches: number): Promise<Bed> => {
  const bed = new Bed()
  const random = new Random(1)
  await bed.batch(Array.from({ length: keys }, (_, key) => [keyOf(key), 1]))
  bed.written = 0
  bed.deltas = 0
  for (let batch = 0; batch < batches; batch++) {
    const some = Array.from({ length: changed }, () => keyOf(random.between(0, keys - 1)))
    await bed.batch(some.map((key) => [key, (bed.plain.get(key) ?? 0) + 1]))
  }
  await bed.check()
  return bed
}

describe('what changes is written', () => {
  test.for([
    // keys, changed in a batch, batches, times the bytes of the deltas, segments at the end
    [10_000, 100, 1_000, 1.5, 350],
    [10_000, 1, 1_000, 2.2, 80],
    [20_000, 2_000, 100, 1.5, 30],
    [1_000, 1_000, 50, 1.5, 4],
    [10, 10, 50, 1.6, 1],
  ] as const)(
    '%i keys, %i changed, %i batches: %f times',
    async ([keys, changed, batches, times, segments]) => {
      const bed = await run(keys, changed, batches)
      expect(bed.written / bed.deltas).toBeLessThanOrEqual(times)
      expect(bed.partition.count).toBeLessThanOrEqual(segments)
      expect(bed.partition.pages.length + bed.partition.refs.length).toBeLessThanOrEqual(48)
    },
  )
})

test.for([1, 2, 3, 4])(
  'random changes, warm and cold: the state is a plain map, %i',
  async (seed) => {
    const random = new Random(seed)
    const bed = new Bed()
    for (let batch = 0; batch < 400; batch++) {
      const some = Array.from({ length: random.pick([0, 1, 1, 2, 5, 40]) }, () => {
        const key = keyOf(random.between(0, random.pick([20, 500])))
        return [key, random.chance(0.2) ? undefined : batch] as const
      })
      await bed.batch([...new Map(some)])
      if (random.chance(0.05)) bed.forget()
      if (batch % 50 === 0) await bed.check()
    }
    await bed.batch([...bed.plain.keys()].map((key) => [key, undefined]))
    await bed.check()
  },
)
