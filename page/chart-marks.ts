/** What is drawn into a time line beside its lines: failures, deployments, and a limit. */
import type uPlotClass from 'uplot'

/** What to draw. */
export interface Marks {
  /** Times at which something else began to run. */
  readonly marks: readonly { readonly timeMs: number; readonly label: string }[]
  /** Times of failures. */
  readonly failedMs: readonly number[]
  /** A value that should not be exceeded. */
  readonly limit?: { readonly value: number; readonly label: string }
}

const FONT_PX = 11
const FONT = 'system-ui, sans-serif'

/** A colour of the page, as the style sheet has it for light or dark. */
export const colourOf = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

/**
 * Draws them. `highest`: the value at the top of the chart. The label of a mark is left out where
 * another text is already.
 */
export const drawMarks = (
  chart: uPlotClass,
  { marks, failedMs, limit }: Marks,
  highest: number,
): void => {
  const { ctx, bbox } = chart
  const scale = devicePixelRatio
  ctx.save()
  ctx.lineWidth = scale
  ctx.font = `${FONT_PX * scale}px ${FONT}`
  ctx.textBaseline = 'bottom'
  for (const timeMs of failedMs) vertical(chart, timeMs, { colour: 'bad', dash: [] })
  const end = limit === undefined ? Infinity : drawLimit(chart, limit, highest)
  ctx.textAlign = 'left'
  let free = -Infinity
  for (const { timeMs, label } of marks) {
    const x = vertical(chart, timeMs, { colour: 'mark', dash: [2, 3] })
    const [from, width] = [(x ?? 0) + 4 * scale, ctx.measureText(label).width]
    if (x === undefined || from < free || from + width > end) continue
    ctx.fillStyle = colourOf('mark')
    ctx.fillText(label, from, bbox.top - 3 * scale)
    free = from + width + 8 * scale
  }
  ctx.restore()
}

/** Draws a line at a time, and returns where. Undefined: it is not in the chart. */
const vertical = (
  chart: uPlotClass,
  timeMs: number,
  { colour, dash }: { readonly colour: string; readonly dash: readonly number[] },
): number | undefined => {
  const { ctx, bbox } = chart
  const x = Math.round(chart.valToPos(timeMs / 1_000, 'x', true))
  if (x < bbox.left || x > bbox.left + bbox.width) return undefined
  ctx.strokeStyle = colourOf(colour)
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio))
  ctx.beginPath()
  ctx.moveTo(x, bbox.top)
  ctx.lineTo(x, bbox.top + bbox.height)
  ctx.stroke()
  return x
}

/** Draws a limit. Returns where its text begins, if that is above the chart. */
const drawLimit = (
  chart: uPlotClass,
  { value, label }: NonNullable<Marks['limit']>,
  highest: number,
): number => {
  const { ctx, bbox } = chart
  const scale = devicePixelRatio
  const right = bbox.left + bbox.width
  ctx.fillStyle = colourOf('limit')
  ctx.strokeStyle = colourOf('limit')
  ctx.textAlign = 'right'
  if (value > highest) {
    const text = `${label} is above this chart ↑`
    ctx.fillText(text, right, bbox.top - 3 * scale)
    return right - ctx.measureText(text).width - 8 * scale
  }
  const y = Math.round(chart.valToPos(value, 'y', true))
  ctx.setLineDash([6 * scale, 4 * scale])
  ctx.lineWidth = 1.5 * scale
  ctx.beginPath()
  ctx.moveTo(bbox.left, y)
  ctx.lineTo(right, y)
  ctx.stroke()
  ctx.fillText(label, right, y - 4 * scale)
  return Infinity
}
