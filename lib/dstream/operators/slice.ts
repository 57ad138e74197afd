import { MillraceError } from '../../base/errors.ts'
import { isSimple } from '../../base/packed.ts'
import { Time } from '../../base/time.ts'
import { allOrFirstError } from '../../base/all-or-first-error.ts'
import { rddOfElements } from '../../rdd/rdd.ts'
import { DStream } from '../dstream.ts'
import { operatorNode, type BatchView } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * All elements of the batches from one moment to another, both included, as one dataset: it
     * comes once, with the batch of the second moment, or with the first one that runs after it. At
     * all other times the stream has no dataset: its outputs do nothing, `map`, `reduceByKey` and
     * their like pass that on, and what needs a dataset of each parent (`count`, `transform`,
     * joins) fails.
     *
     * Moments between two batch times mean the earlier one. Elements of earlier batches are kept in
     * the store from the first moment on, so a slice holds what came after it was first deployed.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when a moment is neither a Time nor a Date.
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
        // Once it is over nothing is kept; and nothing of before a first moment that a later
        // deployment has moved.
        panes.dropBefore(isOver ? Infinity : firstMs)
        if (isOver) return undefined
        const isHeld = input !== undefined && firstMs <= batch.timeMs && batch.timeMs <= lastMs
        const elements = isHeld ? copyOf(await input.partitions()) : []
        if (elements.some((part) => part.length > 0))
          panes.put(elements, elements.flat().every(isSimple))
        if (batch.timeMs < lastMs) return undefined
        const times = panes.times.filter((timeMs) => timeMs < batch.timeMs && timeMs <= lastMs)
        const older = await allOrFirstError(times.map((timeMs) => panes.read(timeMs)))
        batch.timer.fire()
        return rddOfElements(copyOf([...older.flat(), ...elements]))
      },
      {
        stateful: { partitions: 1, panes: true, layout: `batches of ${slideMs} ms` },
        parameters: { fromMs, toMs },
      },
    ),
  )
}

const momentOf = (name: string, moment: Time | Date): number => {
  const ms =
    moment instanceof Time ? moment.milliseconds : moment instanceof Date ? moment.getTime() : NaN
  if (Number.isFinite(ms)) return ms
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `slice() needs a moment as "${name}"`,
    value: moment,
    allowed: 'a Time or a Date',
    fix: "give it new Date('2026-11-27T00:00:00Z'), or timeOf() of milliseconds",
  })
}

/** The last batch time at or before a moment. */
const floorOf = (
  momentMs: number,
  slideMs: number,
  { zeroMs }: Pick<BatchView, 'zeroMs'>,
): number => zeroMs + Math.floor((momentMs - zeroMs) / slideMs) * slideMs

const copyOf = (elements: Elements): Elements => elements.map((part) => [...part])
