/**
 * Time lines with a histogram beside them. Each has a sentence that says the same in words, and a
 * table of its figures on demand, for those who cannot see it.
 */
import type uPlotClass from 'uplot'
import { colourOf, drawMarks, type Marks } from './chart-marks.ts'
import { html, table } from './dom.ts'
import { AXIS_HEIGHT, HEIGHT, histogramOf, TOP } from './histogram.ts'
import { clockText, timeText } from './words.ts'

/** From its own file, which the page loads before this module. */
declare const uPlot: typeof uPlotClass

/** A line of a chart. */
export interface Line {
  readonly label: string
  /** One value for each time. Null: not known. */
  readonly values: readonly (number | null)[]
}

/** What a chart shows. */
export interface ChartData extends Marks {
  readonly timesMs: readonly number[]
  /** The first one is told in words, and counted in the histogram. */
  readonly lines: readonly Line[]
  /** Times that are further apart are not joined by a line. */
  readonly gapMs: number
}

const TABLE_ROWS = 50
/** A limit that is so many times as high as all values is not drawn, but named at the top. */
const LIMIT_FACTOR = 6

const knownOf = (values: readonly (number | null)[]): readonly number[] =>
  values.filter((value): value is number => value !== null)

const greatest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value), 0)

/** The next number above that is easy to read on an axis. */
const roundUp = (value: number): number => {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((one) => one * power >= value) ?? 10
  return step * power
}

/** The value below which this part of the values is. */
const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0

/** A time line, its histogram, and both in words. */
export class TimeChart {
  readonly element: HTMLElement
  readonly #format: (value: number) => string
  readonly #plot = html('div', { class: 'plot', role: 'img' })
  readonly #histogram = html('div', { class: 'histogram', role: 'img' })
  readonly #body = html('div', { class: 'chart-body' })
  readonly #summary = html('p', { class: 'summary' })
  readonly #read = html('output', { class: 'read' })
  readonly #legend = html('p', { class: 'legend' })
  readonly #details = html('details', { class: 'figures' }, html('summary', {}, 'Figures'))
  readonly #title: string
  #data: ChartData | undefined
  #chart: uPlotClass | undefined
  #highest = 1

  constructor(title: string, about: string, format: (value: number) => string) {
    this.#title = title
    this.#format = format
    const id = `chart-${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`
    this.element = html(
      'section',
      { class: 'chart', 'aria-labelledby': id },
      html('div', { class: 'chart-head' }, html('h3', { id, title: about }, title), this.#read),
      this.#summary,
      this.#body,
      this.#legend,
      this.#details,
    )
    this.#body.append(this.#plot, this.#histogram)
    this.#details.addEventListener('toggle', () => this.#showFigures())
    new ResizeObserver(() => this.#resize()).observe(this.#plot)
  }

  /** Shows other data. */
  update(data: ChartData): void {
    const isSame = data.lines.length === this.#data?.lines.length
    this.#data = data
    const all = data.lines.flatMap(({ values }) => knownOf(values))
    const most = greatest(all)
    const limit = data.limit?.value ?? 0
    this.#highest = roundUp((limit <= most * LIMIT_FACTOR ? Math.max(most, limit) : most) * 1.05)
    const sorted = knownOf(data.lines[0]?.values ?? []).toSorted((a, b) => a - b)
    // An empty plot has only axes, and their figures mean nothing.
    const isEmpty = data.timesMs.length === 0
    this.#body.hidden = isEmpty
    this.#details.hidden = isEmpty
    this.#describe(sorted)
    this.#histogram.replaceChildren(histogramOf(sorted, this.#highest))
    this.#showFigures()
    if (this.#chart === undefined || !isSame) this.redraw()
    else this.#chart.setData(this.#columns(data))
  }

  /** Draws everything again, as when the colours have changed. */
  redraw(): void {
    const data = this.#data
    if (data === undefined) return
    this.#chart?.destroy()
    this.#chart = new uPlot(this.#options(data), this.#columns(data), this.#plot)
    this.#legend.replaceChildren(
      ...(data.lines.length < 2 ? [] : data.lines).map(({ label }, index) =>
        html('span', { class: `key key-${index}` }, label),
      ),
    )
  }

  #resize(): void {
    const width = this.#plot.clientWidth
    if (width > 0) this.#chart?.setSize({ width, height: HEIGHT })
  }

  /** The columns of the plot, with a gap wherever no batch has run for long. */
  #columns({ timesMs, lines, gapMs }: ChartData): uPlotClass.AlignedData {
    const times: number[] = []
    const columns: (number | null)[][] = lines.map(() => [])
    let lastMs = timesMs[0] ?? 0
    const add = (timeMs: number, valueOf: (line: Line) => number | null): void => {
      times.push(timeMs / 1_000)
      for (const [index, line] of lines.entries()) columns[index]?.push(valueOf(line))
    }
    for (const [index, timeMs] of timesMs.entries()) {
      if (timeMs - lastMs > gapMs) add((timeMs + lastMs) / 2, () => null)
      add(timeMs, ({ values }) => values[index] ?? null)
      lastMs = timeMs
    }
    return [times, ...columns]
  }

  #options(data: ChartData): uPlotClass.Options {
    const axis = {
      stroke: colourOf('quiet'),
      grid: { stroke: colourOf('grid'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    }
    return {
      width: Math.max(200, this.#plot.clientWidth),
      height: HEIGHT,
      padding: [TOP, 26, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: 'time' }, y: false, points: { size: 7 } },
      scales: { x: { time: true }, y: { range: () => [0, this.#highest] } },
      axes: [
        { ...axis, size: AXIS_HEIGHT, space: 72, values: (_, splits) => axisTimes(splits) },
        {
          ...axis,
          size: 66,
          space: 34,
          values: (_, splits) => splits.map((value) => this.#format(value)),
        },
      ],
      series: [
        {},
        ...data.lines.map(({ label }, index) => ({
          label,
          stroke: colourOf(`line-${index}`),
          width: 1.75,
          ...(data.lines.length === 1 ? { fill: colourOf('fill') } : {}),
        })),
      ],
      hooks: {
        drawAxes: [(chart) => this.#data && drawMarks(chart, this.#data, this.#highest)],
        setCursor: [(chart) => this.#readOut(chart)],
      },
    }
  }

  #readOut({ cursor, data }: uPlotClass): void {
    const index = cursor.idx
    const at = index === null || index === undefined ? undefined : data[0][index]
    if (at === undefined || index === null || index === undefined) {
      this.#read.textContent = ''
      return
    }
    const values = (this.#data?.lines ?? []).flatMap(({ label }, line) => {
      const value = data[line + 1]?.[index]
      if (value === null || value === undefined) return []
      const text = this.#format(value)
      return [this.#data?.lines.length === 1 ? text : `${label} ${text}`]
    })
    this.#read.textContent = `${clockText(at * 1_000)}: ${values.join(', ') || 'not known'}`
  }

  #describe(sorted: readonly number[]): void {
    const last = this.#data?.lines[0]?.values.findLast((value) => value !== null)
    const now = typeof last !== 'number' ? '' : `last ${this.#format(last)}, `
    const text =
      sorted.length === 0
        ? 'Nothing is known yet.'
        : `${now}median ${this.#format(quantile(sorted, 0.5))}, ` +
          `95 % below ${this.#format(quantile(sorted, 0.95))}, ` +
          `highest ${this.#format(sorted.at(-1) ?? 0)}`
    this.#summary.textContent = text
    this.#plot.setAttribute('aria-label', `${this.#title} by time: ${text}`)
    this.#histogram.setAttribute('aria-label', `How often each value occurs: ${text}`)
  }

  #showFigures(): void {
    const data = this.#data
    const [summary] = this.#details.children
    if (data === undefined || !this.#details.open || summary === undefined) return
    const rows = data.timesMs
      .map((timeMs, index) => [
        timeText(timeMs),
        ...data.lines.map(({ values }) => {
          const value = values[index]
          return value === null || value === undefined ? 'not known' : this.#format(value)
        }),
      ])
      .slice(-TABLE_ROWS)
      .toReversed()
    const columns = data.lines.map(({ label }) => ({ title: label, isNumber: true }))
    this.#details.replaceChildren(
      summary,
      table(`${this.#title}, the last batches`, [{ title: 'Batch time' }, ...columns], rows),
    )
  }
}

/** Times on an axis. */
const axisTimes = (splits: readonly number[]): string[] => {
  const spanMs = ((splits.at(-1) ?? 0) - (splits[0] ?? 0)) * 1_000
  return splits.map((at) => {
    const text = timeText(Math.round(at) * 1_000)
    return spanMs > 86_400_000 ? text.slice(5, 16) : text.slice(11)
  })
}
