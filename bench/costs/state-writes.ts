/**
 * What it costs to keep a state of which a batch changes a part. The state is counts in
 * `updateStateByKey`; the keys that change are drawn evenly, the same in each run.
 *
 * - Units: all puts and deletes of the segments of the state.
 * - Amplification: (bytes of the segments written, merges included, plus the bytes of items that
 *   are deleted) / (bytes of the deltas). Deleting an object of a bucket is free. The delta of a
 *   batch is the smallest segment that a batch writes, and its median over all batches counts for
 *   each: some batches write a merge instead of a delta.
 */
import { median } from '../statistics.ts'
import { type CostProgram, short } from './figure.ts'
import {
  bytesOf,
  countedBed,
  isOfState,
  type SegmentTouch,
  segmentsIn,
  unitsOf,
} from './store-bed.ts'
import { draw } from './draw.ts'

/** A state, and how much of it a batch changes. */
export interface StateCase {
  readonly keys: number
  readonly changed: number
  readonly batches: number
}

/** What the batches of a case wrote, on average. */
export interface StateWrites {
  readonly units: number
  readonly amplification: number
  readonly deltaBytes: number
  readonly unitsMax: number
}

/** The sizes of the segments that were written. Chunks of a segment count together. */
const segmentSizes = (touches: readonly SegmentTouch[]): readonly number[] =>
  [...Map.groupBy(touches, ({ segment }) => segment).values()].map(bytesOf)

/** Fills a state and measures batches that change a part of it. */
export const measureState = async ({ keys, changed, batches }: StateCase): Promise<StateWrites> => {
  const bed = countedBed<number>('costs', (numbers) =>
    numbers
      .mapToPair((n) => [`user-${n}`, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
      .foreachRDD(() => undefined),
  )
  await bed.run(Array.from({ length: keys }, (_, n) => n))
  let [units, unitsMax, written, deleted] = [0, 0, 0, 0]
  const smallest: number[] = []
  for (let batch = 0; batch < batches; batch++) {
    const calls = await bed.run(draw(batch, changed, keys))
    const touches = segmentsIn(calls).filter(isOfState)
    const puts = touches.filter(({ kind }) => kind === 'put')
    units += unitsOf(touches)
    unitsMax = Math.max(unitsMax, unitsOf(touches))
    written += bytesOf(puts)
    deleted += bytesOf(touches.filter(({ kind }) => kind === 'delete'))
    smallest.push(Math.min(...segmentSizes(puts)))
  }
  const deltaBytes = median(smallest)
  return {
    units: units / batches,
    unitsMax,
    deltaBytes,
    amplification: (written + deleted) / (deltaBytes * batches),
  }
}

const SMALL: StateCase = { keys: 10_000, changed: 100, batches: 1_000 }
const LARGE: StateCase = { keys: 100_000, changed: 10_000, batches: 100 }

const noteOf = ({ batches }: StateCase, { units, unitsMax, deltaBytes }: StateWrites): string =>
  `${short(batches)} batches; delta ${short(deltaBytes)} bytes; ` +
  `${short(units)} units a batch, at most ${short(unitsMax)}`

/** The figures of 10,000 keys. */
export const smallState: CostProgram = {
  figures: [
    {
      name: 'state-units-10k-1pct',
      what: 'write units of state a batch, 10,000 keys, 1 % changed',
      unit: 'count',
      target: 2.5,
    },
    {
      name: 'amplification-10k-1pct',
      what: 'bytes written and deleted to bytes of deltas, the same',
      unit: 'ratio',
      target: 2.5,
    },
  ],
  async measure() {
    const writes = await measureState(SMALL)
    const note = noteOf(SMALL, writes)
    return [
      { value: writes.units, note },
      { value: writes.amplification, note },
    ]
  },
}

/** The figure of 100,000 keys. */
export const largeState: CostProgram = {
  figures: [
    {
      name: 'amplification-100k-10pct',
      what: 'the same, 100,000 keys, 10 % changed',
      unit: 'ratio',
      target: 1.6,
    },
  ],
  async measure() {
    const writes = await measureState(LARGE)
    return [{ value: writes.amplification, note: noteOf(LARGE, writes) }]
  },
}
