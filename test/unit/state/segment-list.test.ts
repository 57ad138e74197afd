import { describe, expect, test } from 'vitest'
import { PAGE_REFS, SegmentList } from '../../../lib/state/segment-list.ts'
import { segmentId, type NameSegment, type SegmentRef } from '../../../lib/state/segments.ts'
import { Random } from '../../../lib/testing/random.ts'

const NODE = 'totals'

/** A partition whose segments are numbered, with the pages that were written for it. */
class Bed {
  list = SegmentList.empty()
  /** The segments as they should be, by number. */
  plain: number[] = []
  readonly pages = new Map<string, Uint8Array>()
  bytes = 0
  #next = 0

  readonly #namePage: NameSegment = (bytes) => {
    const ref = { ...this.#ref(), node: `@pages/${NODE}`, bytes: bytes.byteLength }
    this.pages.set(segmentId(ref), bytes)
    this.bytes += bytes.byteLength
    return ref
  }

  #ref(): SegmentRef {
    const number = this.#next++
    const at = String(number).padStart(15, '0')
    return { node: NODE, part: 0, at, by: `attempt${number}`, chunks: 1, bytes: 100, checksum: 7 }
  }

  #numbered(count: number): readonly SegmentRef[] {
    return Array.from({ length: count }, () => this.#ref())
  }

  append(count: number): void {
    const refs = this.#numbered(count)
    this.plain.push(...refs.map(({ at }) => Number(at)))
    this.#change(this.list.append(refs, this.#namePage))
  }

  dropFirst(count: number): void {
    this.plain = this.plain.slice(count)
    const { list, retired } = this.list.dropFirst(count)
    this.#change(list, retired)
  }

  replace(from: number, to: number, count: number): void {
    const refs = this.#numbered(count)
    this.plain.splice(from, to - from, ...refs.map(({ at }) => Number(at)))
    const { list, retired } = this.list.replace(from, to, refs, this.#namePage)
    this.#change(list, retired)
  }

  /** One segment comes, and one leaves. */
  slide(): void {
    const refs = this.#numbered(1)
    this.plain = [...this.plain.slice(1), Number(refs[0]?.at)]
    this.list = this.list.append(refs, this.#namePage).dropFirst(1).list
  }

  /** What is retired is what the list named before, and does not name now. */
  #change(list: SegmentList, retired: readonly SegmentRef[] = []): void {
    const now = new Set(list.all.map(segmentId))
    const gone = this.list.all.map(segmentId).filter((id) => !now.has(id))
    expect(retired.map(segmentId).toSorted()).toEqual(gone.toSorted())
    this.list = list
  }

  /** Reads the list again, as a cold process does. */
  async cold(): Promise<SegmentList> {
    const { stored } = this.list
    return SegmentList.load(NODE, stored, async (ref) => this.pages.get(segmentId(ref)) as never)
  }

  async check(): Promise<void> {
    for (const list of [this.list, await this.cold()]) {
      expect(list.refs.map(({ at }) => Number(at))).toEqual(this.plain)
      expect(list.stored).toEqual(this.list.stored)
      expect(list.all.map(segmentId)).toEqual(this.list.all.map(segmentId))
    }
    expect(this.list.stored).toMatchObject({
      count: this.plain.length,
      bytes: 100 * this.plain.length,
    })
  }
}

test.for([1, 2, 3, 4, 5, 6])('a list is as a plain array, seed %i', async (seed) => {
  const random = new Random(seed)
  const bed = new Bed()
  for (let step = 0; step < 300; step++) {
    const { length } = bed.plain
    const from = random.between(0, length)
    const change = random.between(0, 9)
    if (change < 6) bed.append(random.pick([1, 1, 1, 3, 40]))
    else if (change < 9) bed.dropFirst(random.between(0, Math.min(length, 30)))
    else if (random.chance(0.3)) bed.replace(from, random.between(from, length), 2)
    if (step % 10 === 0) await bed.check()
  }
  await bed.check()
})

describe('a window of 20,000 panes', () => {
  const panes = 20_000
  const bed = new Bed()
  bed.append(panes)

  test('is named by a few references', () => {
    const { pages, refs } = bed.list.stored
    expect(pages.length + refs.length).toBeLessThanOrEqual(4 * PAGE_REFS)
  })

  test('costs the same for each new pane', () => {
    const before = bed.bytes
    for (let pane = 0; pane < 1_000; pane++) bed.slide()
    // A page for each 16 references, with at most a page above it for each 16 pages.
    expect((bed.bytes - before) / 1_000).toBeLessThan(60)
  })

  test('is whole after a cold start', () => bed.check())

  test('is read some pages at a time, and each page once', async () => {
    const read = { pages: 0, atOnce: 0, most: 0 }
    await SegmentList.load(NODE, bed.list.stored, async (ref) => {
      read.pages += 1
      read.most = Math.max(read.most, ++read.atOnce)
      await new Promise(setImmediate)
      read.atOnce -= 1
      return bed.pages.get(segmentId(ref)) as Uint8Array
    })
    const named = bed.list.all.filter(({ node }) => node !== NODE)
    expect([read.pages, read.most]).toEqual([named.length, 64])
  })
})
