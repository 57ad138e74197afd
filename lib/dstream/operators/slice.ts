import { MillraceError } from '../../base/errors.ts'
import { isSimple } from '../../base/packed.ts'
import { Time } from '../../base/time.ts'
import { allOrFirstError } from '../../base/concurrency.ts'
import { rddOfElements } from '../../rdd/rdd.ts'
import { DStream } from '../dstream.ts'
import { operatorNode, type BatchView } from '../plan-node.ts'
import type { CarryOver } from '../../state/operator/state-declaration.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Collects all elements of the batches from one time to another, both included, in one RDD. The
     * stream has this RDD once, at the batch of the second time, or at the first batch that runs
     * after it. At all other batch times the stream has no RDD: outputs do nothing, operations such
     * as `map` and `reduceByKey` also have no RDD, and operations that need an RDD from each parent
     * (`count`, `transform`, joins) fail.
     *
     * A time between two batch times means the earlier batch time. The elements are kept in the
     * store from the first time on, so a slice holds only what came after the slice was first
     * deployed.
     *
     * @param from The first time of the slice.
     * @param to The last time of the slice.
     * @throws MillraceError `ARGUMENT_INVALID` when a time is neither a Time nor a valid Date.
     * @example
     * ```ts
     * lines
     *   .slice(new Date('2026-11-27T00:00:00Z'), new Date('2026-11-27T23:59:59Z'))
     *   .saveAsTextFiles('black-friday')
     * ```
     */
    slice(from: Time | Date, to: Time | Date): DStream<T>
  }
}

type Elements = readonly (readonly unknown[])[]

DStream.prototype.slice = function (from, to) {
  const [fromMs, toMs] = [momentOf('from', from), momentOf('to', to)]
  const slideMs = this.slideDuration.milliseconds
  return this.to(
    operatorNode(
      'slice',
      [this.node],
      async ([input], batch) => {
        const [firstMs, lastMs] = [floorOf(fromMs, slideMs, batch), floorOf(toMs, slideMs, batch)]
        const isOver = (batch.timer.firedMs ?? -Infinity) >= lastMs
        batch.timer.setDue(isOver || batch.timeMs >= lastMs ? undefined : lastMs)
        const panes = batch.panes<Elements>(0)
        // When the slice is over, no panes are kept. A later deployment may have moved the first
        // time: then older panes are dropped.
        panes.dropBefore(isOver ? Infinity : firstMs)
        if (isOver) return undefined
        const isHeld = input !== undefined && firstMs <= batch.timeMs && batch.timeMs <= lastMs
        const elements = isHeld ? copyOf(await input.partitions()) : []
        if (elements.some((part) => part.length > 0))
          panes.put(elements, elements.flat().every(isSimple))
        if (batch.timeMs < lastMs) return undefined
        const times = panes.times.filter((timeMs) => timeMs < batch.timeMs && timeMs <= lastMs)
        await panes.fetch(times)
        const older = await allOrFirstError(times.map((timeMs) => panes.read(timeMs)))
        batch.timer.fire()
        return rddOfElements(copyOf([...older.flat(), ...elements]))
      },
      {
        stateful: {
          partitions: 1,
          panes: true,
          layout: layoutOf(slideMs, fromMs, toMs),
          carryOver: carryOverTo(slideMs, fromMs),
        },
        parameters: { fromMs, toMs },
      },
    ),
  )
}

const layoutOf = (slideMs: number, fromMs: number, toMs: number): string =>
  `batches of ${slideMs} ms from ${fromMs} to ${toMs}`

/**
 * A slice with other times is whole if its first batch is yet to come, or if the stored slice is
 * not over and began no later.
 */
const carryOverTo =
  (slideMs: number, fromMs: number): CarryOver =>
  (layout, doneMs) => {
    const [, slide, from, to] = /^batches of (\d+) ms from (-?\d+) to (-?\d+)$/.exec(layout) ?? []
    const isHeld = Number(from) <= fromMs && doneMs < Number(to)
    return Number(slide) === slideMs && (fromMs > doneMs || isHeld) ? 'as it is' : undefined
  }

const momentOf = (name: string, moment: Time | Date): number => {
  const ms =
    moment instanceof Time ? moment.milliseconds : moment instanceof Date ? moment.getTime() : NaN
  if (Number.isFinite(ms)) return ms
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `slice() needs a time as "${name}"`,
    value: moment,
    allowed: 'a Time or a Date',
    fix: "for example new Date('2026-11-27T00:00:00Z'), or timeOf(milliseconds)",
  })
}

/** The last batch time at or before a time. */
const floorOf = (
  momentMs: number,
  slideMs: number,
  { zeroMs }: Pick<BatchView, 'zeroMs'>,
): number => zeroMs + Math.floor((momentMs - zeroMs) / slideMs) * slideMs

const copyOf = (elements: Elements): Elements => elements.map((part) => [...part])
