/**
 * Windows by time. The values of a key in a batch are combined in tasks, by span, and go through
 * one exchange to the partition of the key, which has the open windows as its state.
 *
 * The latest event time of each lane comes with them, so one pass over the records is enough. The
 * driver makes the watermark of it before any partition moves. Which records are late follows from
 * the watermark before the batch: the order of records in a batch makes no difference.
 */
import { Unmergeable } from '../../rdd/combined-map.ts'
import {
  combinedExchange,
  type Exchange,
  exchangeByPartition,
  mergedParts,
  type PartsByPartition,
} from '../../rdd/exchange.ts'
import { rddOfElements, type RDD } from '../../rdd/rdd.ts'
import type { EventTime } from '../../state/operator/event-time.ts'
import type { Span } from '../../state/operator/time-spans.ts'
import {
  type BatchView,
  type Moved,
  narrowNode,
  operatorNode,
  type OperatorNode,
  type PlanNode,
  type StateMove,
} from '../plan-node.ts'
import { setDueOf } from './due.ts'
import { checkStorable, storeChecked } from './storable.ts'
import {
  noteLanes,
  timedCombining,
  type TimedValue,
  type TimedValues,
  type TimedWindows,
  WindowedPartition,
} from './windowed-partition.ts'

type Timed = readonly [key: unknown, timed: TimedValue<unknown>]
type Windows = TimedWindows<unknown, unknown>

/** Where the time of windows comes from. */
export interface TimeOfWindows {
  /** Makes the pairs of a lane, each with its time. Throws for an element that has none. */
  readonly timed: (at: BatchView, lane?: string) => (element: unknown) => Timed
  /** What is known of time after a batch, from the latest time of the lanes in it. */
  readonly after: (at: BatchView, seen: ReadonlyMap<string, number>) => EventTime
  /** The batch time at which time alone changes something. Undefined: that of the next window. */
  readonly dueMs?: (after: EventTime) => number | undefined
}

/** How windows are computed and stored. */
export interface TimedWindowsSpec {
  readonly windows: Windows
  readonly time: TimeOfWindows
  readonly partitions: number
}

/** The node of windows by time. It gives their results, and the records that are late. */
export const timedWindowNode = (
  parent: PlanNode,
  { windows, time, partitions }: TimedWindowsSpec,
): OperatorNode => {
  const compute = async (
    input: RDD<unknown> | undefined,
    batch: BatchView,
  ): Promise<readonly Moved[]> => {
    let moved: readonly Moved[] = []
    const run = async (pairs: RDD<Timed> | undefined): Promise<void> => {
      moved = await moveTimed(pairs, { windows, time, partitions }, batch)
    }
    if (input === undefined) await run(undefined)
    else
      await storeChecked(
        input.narrowByLane<Timed>('map', (lane) => time.timed(batch, lane)),
        ([, { value }]) => checkStorable(value),
        run,
      )
    return moved
  }
  return operatorNode(
    windows.kind,
    [parent],
    async ([input], batch) => rddOfElements((await compute(input, batch)).map(elementsOf)),
    {
      stateful: {
        partitions,
        state: true,
        layout: windows.windowing.layout,
        shown: (spans) => (spans as readonly Span<unknown>[]).map(shownSpan),
      },
      move: moveOf(windows),
      parameters: { partitions },
    },
  )
}

const elementsOf = ({ elements }: Moved): readonly unknown[] => elements

const shownSpan = ([from, value, last]: Span<unknown>): Readonly<Record<string, unknown>> =>
  last === undefined ? { from, value } : { from, last, value }

const moveOf = (windows: Windows): StateMove => ({
  exchange: () => nothingBrought,
  async move(parts, view) {
    const combining = timedCombining(windows, view.watermark.before ?? -Infinity)
    const pairs = parts.length === 0 ? [] : await mergedParts(parts, combining, view.pause)
    return new WindowedPartition(windows, view).move(pairs)
  },
})

const moveTimed = async (
  pairs: RDD<Timed> | undefined,
  { windows, time, partitions }: TimedWindowsSpec,
  batch: BatchView,
): Promise<readonly Moved[]> => {
  const exchange = pairs && (await brought(pairs, partitions, windows, batch))
  const seen = new Map<string, number>()
  for (const part of (await exchange?.merged())?.flat() ?? [])
    for (const [, values] of part.pairs()) noteLanes(seen, (values as AnyValues).lanes)
  const { timer } = batch
  const after = time.after(batch, seen)
  timer.setEventTime(after)
  const moved = await batch.moveStates(exchange)
  if (time.dueMs === undefined) setDueOf(timer, moved, { isExact: true })
  else {
    const waiting = moved.reduce((total, one) => total + (one.waiting ?? 0), 0)
    timer.setDue(time.dueMs(after), { waiting, expired: 0, isExact: true })
  }
  const late = moved.flatMap(elementsOf).filter(isLate).length
  if (late > 0) timer.setEventTime({ ...after, late: (after.late ?? 0) + late })
  return moved
}

type AnyValues = TimedValues<unknown, unknown>

/**
 * What the batch brings to the partitions. Its tasks have run: the watermark must be known before
 * the first partition moves. If what two tasks have of a key cannot be merged, the key is found
 * partition by partition of the input.
 */
const brought = async (
  pairs: RDD<Timed>,
  partitions: number,
  windows: Windows,
  { timer }: BatchView,
): Promise<Exchange> => {
  const combining = timedCombining(windows, timer.watermark.before ?? -Infinity)
  const exchange = combinedExchange(pairs, partitions, combining)
  const { isUnread } = exchange
  try {
    return exchangeOf(isUnread, await exchange.merged())
  } catch (error) {
    if (!(error instanceof Unmergeable)) throw error
    return exchangeOf(isUnread, await exchangeByPartition(pairs, partitions, combining).merged())
  }
}

const exchangeOf = (isUnread: boolean, all: PartsByPartition): Exchange => {
  const parts = async (): Promise<PartsByPartition> => all
  return { isUnread, parts, merged: parts }
}

const nothingBrought = exchangeOf(false, [])

const isLate = (element: unknown): boolean => (element as { kind?: unknown }).kind === 'late'

/** The results of windows by time. They have the name of the node. */
export const windowResultsNode = (windows: OperatorNode): OperatorNode => ({
  ...narrowNode('results', windows, (all: RDD<unknown>) => all.filter((one) => !isLate(one))),
  isPartOfParent: true,
})

/** The late records of windows by time. */
export const lateRecordsNode = (windows: OperatorNode): OperatorNode =>
  narrowNode('late', windows, (all: RDD<unknown>) => all.filter(isLate))
