/**
 * A large merge that runs beside batches. After each batch it writes a slice of the state. When all
 * slices are written, the next batch names them in place of the segments that the log had when the
 * merge began. Deltas of the batches since then stay after them.
 *
 *     log:   large  small  delta | delta  delta  delta          when it began | since then
 *     then:  slice  slice  slice | delta  delta  delta
 *
 * - *No copy.* It visits the live map, which goes on changing. A key that changes meanwhile may be
 *   visited before or after, or not at all: its delta comes after the slices, and wins. Each other
 *   key is in the map all the time, so it is visited once.
 * - *B11.* Nothing names the slices before that batch, and a sweep may run at any time, also one of
 *   a process that is late. It takes what nothing names up to the last batch time that it knows. So
 *   the slices have the name of a later time, and are not named by any batch after it: a sweep that
 *   may take them has seen the batch that names them, or there will never be one.
 */
import { CodedKey } from '../base/coded-key.ts'
import { type Coded, KeyedMap } from '../base/keys.ts'
import { Packed, type Stored } from '../base/packed.ts'
import type { SegmentName, SegmentRef } from './segments.ts'

/** How large merges run beside batches. */
export interface MergeSettings {
  /** A log up to this size, in bytes before compression, is merged by the batch itself. */
  readonly besideBytes: number
  /** When what came after the last large merge is this many times its size, a batch merges. */
  readonly atOnceAfter: number
  /** A slice is about so large, */
  readonly sliceBytes: number
  /** and has at most so many keys. */
  readonly sliceKeys: number
  /** How long the slices of a merge may be named, in milliseconds of batch time. */
  readonly mergeForMs: number
}

export const MERGE_SETTINGS: MergeSettings = {
  besideBytes: 1_048_576,
  atOnceAfter: 5,
  sliceBytes: 524_288,
  sliceKeys: 32_768,
  mergeForMs: 86_400_000,
}

type Entry = readonly [Coded<unknown>, Stored]

/** Beside the encoding of a key or a value. */
const OVERHEAD_BYTES = 4
const SIMPLE_BYTES = 8

const sizeOf = (value: unknown): number => {
  if (typeof value === 'string') return value.length
  return value instanceof Packed || value instanceof CodedKey ? value.code.length : SIMPLE_BYTES
}

/** Where a merge begins. */
export interface MergeBegin {
  /** The time and the attempt of its slices. */
  readonly name: Pick<SegmentName, 'at' | 'by'>
  readonly untilMs: number
  /** How many of the first segments of the log it replaces, and the last one of these. */
  readonly covers: number
  readonly last: string
}

/** A part of the state. */
export interface MergeSlice {
  readonly entries: readonly Entry[]
  readonly name: MergeBegin['name']
}

/** A merge that has begun. */
export class LargeMerge {
  readonly covers: number
  readonly last: string
  readonly #untilMs: number
  readonly #name: MergeBegin['name']
  readonly #refs: SegmentRef[] = []
  #entries: Iterator<Entry> | undefined
  #isLost = false
  #slices = 0
  /** The keys of the batches since it began. Undefined: so many that no small merge is worth it. */
  #changed: KeyedMap<unknown, true> | undefined = new KeyedMap()

  /** `entries`: those of the live map. */
  constructor({ name, untilMs, covers, last }: MergeBegin, entries: Iterator<Entry>) {
    this.#name = name
    this.#untilMs = untilMs
    this.covers = covers
    this.last = last
    this.#entries = entries
  }

  /** Whether there is more to write. */
  get isRunning(): boolean {
    return this.#entries !== undefined && !this.#isLost
  }

  /** Whether no batch may name it any more: a slice could not be written, or its time is over. */
  isOver(timeMs: number): boolean {
    return this.#isLost || timeMs > this.#untilMs
  }

  /** Whether the batch of this time can name it. */
  isReady(timeMs: number): boolean {
    const isWritten = this.#entries === undefined && this.#refs.length === this.#slices
    return isWritten && !this.isOver(timeMs)
  }

  /** Its slices that are written. */
  get refs(): readonly SegmentRef[] {
    return this.#refs
  }

  get changed(): Iterable<unknown> | undefined {
    return this.#changed && keysOf(this.#changed)
  }

  /** Notes the keys of a batch. `false`: they are so many that they need not be known. */
  note(keys: Iterable<unknown> | false): void {
    if (keys === false) this.#changed = undefined
    else for (const key of keys) this.#changed?.set(key, true)
  }

  /** The next slice, in the order of keys. Undefined: there is none. */
  next({ sliceBytes, sliceKeys }: MergeSettings): MergeSlice | undefined {
    const slice = new KeyedMap<unknown, Stored>()
    let bytes = 0
    while (bytes < sliceBytes && slice.size < sliceKeys) {
      const next = this.#entries?.next()
      if (next === undefined || next.done === true) {
        this.#entries = undefined
        break
      }
      const [key, stored] = next.value
      slice.set(key, stored)
      bytes += sizeOf(key) + sizeOf(stored) + OVERHEAD_BYTES
    }
    if (slice.size === 0) return undefined
    const { at, by } = this.#name
    return { entries: slice.sortedCoded(), name: { at, by: `${by}.m${this.#slices++}` } }
  }

  /** A slice is written. */
  wrote(ref: SegmentRef): void {
    this.#refs.push(ref)
  }

  /** A slice may not be written. */
  lose(): void {
    this.#isLost = true
  }
}

function* keysOf(map: KeyedMap<unknown, true>): Generator<unknown> {
  for (const [key] of map.codedEntries()) yield key
}
