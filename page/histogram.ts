/** How often each value occurs: bars beside a time line, on the same scale. */
import { svg } from './dom.ts'
import { countOf } from './words.ts'

/** The height of a time line, of its axis of time, and of the room above it. */
export const HEIGHT = 164
export const AXIS_HEIGHT = 28
export const TOP = 16

const BINS = 16
const WIDTH = 120
/** On the line of the times. */
const LABEL = HEIGHT - AXIS_HEIGHT + 14

/** The bars of sorted values from 0 to `highest`. */
export const histogramOf = (sorted: readonly number[], highest: number): SVGElement => {
  const height = HEIGHT - AXIS_HEIGHT - TOP
  const counts = Array.from({ length: BINS }, () => 0)
  for (const value of sorted) {
    const bin = Math.min(BINS - 1, Math.floor((value / highest) * BINS))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  const most = counts.reduce((one, other) => Math.max(one, other), 1)
  const bars = counts.map((count, bin) =>
    svg('rect', {
      x: 0.5,
      y: TOP + height - ((bin + 1) * height) / BINS + 1,
      width: count === 0 ? 0 : Math.max(2, (count / most) * (WIDTH - 1)),
      height: height / BINS - 2,
    }),
  )
  const base = svg('line', { x1: 0.5, x2: 0.5, y1: TOP, y2: TOP + height })
  const axis = svg('text', { x: 0, y: LABEL }, '0')
  const end = svg(
    'text',
    { x: WIDTH, y: LABEL, 'text-anchor': 'end' },
    sorted.length === 0 ? '' : countOf(most, 'batch', 'batches'),
  )
  return svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, 'aria-hidden': 'true' },
    ...bars,
    base,
    axis,
    end,
  )
}
