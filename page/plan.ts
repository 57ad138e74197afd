/** The view of the plan: a drawing from sources to outputs, and the same as a table. */
import type { AttemptAnswer, BatchAnswer, NodeAnswer } from './answers.ts'
import { emptyNote, html, section, svg, table } from './dom.ts'
import { ask, type Known } from './live.ts'
import { type Place, placeNodes } from './plan-layout.ts'
import type { View } from './overview.ts'
import { bytesText, countOf, durationText, shortText } from './words.ts'

const WIDTH = 152
const HEIGHT = 58
const COLUMN = 200
const ROW = 88
const MARGIN = 16
const CHARACTERS = 19
const SCALE_MIN = 0.72

const cut = (text: string): string =>
  text.length <= CHARACTERS ? text : `${text.slice(0, CHARACTERS - 1)}…`

/** What the last batch says of a node. */
interface NodeFigures {
  readonly text: string
  readonly edge?: string
}

const figuresOf = (node: NodeAnswer, attempt: AttemptAnswer | undefined): NodeFigures => {
  const source = attempt?.sources?.find(({ id }) => id === node.id)
  if (source !== undefined) {
    const amount =
      source.objects > 0
        ? countOf(source.objects, 'file')
        : `${shortText(source.records)} ${source.records === 1 ? 'record' : 'records'}`
    return { text: node.name ?? '', edge: amount }
  }
  const state = attempt?.states?.find(({ id }) => id === node.id)
  if (state !== undefined) {
    const keys = state.keys === undefined ? '' : `${shortText(state.keys)} keys, `
    return { text: `${keys}${bytesText(state.bytes)}` }
  }
  const output = attempt?.outputs?.find(({ id }) => id === node.id)
  if (output !== undefined)
    return { text: output.error === undefined ? durationText(output.ms) : 'failed' }
  const stages = (attempt?.stages ?? []).filter(({ node: id }) => id === node.id)
  const ms = stages.reduce((total, one) => total + one.ms, 0)
  if (stages.length > 0) return { text: durationText(ms) }
  return { text: node.name ?? '' }
}

const at = ({ column, row }: Place): { readonly x: number; readonly y: number } => ({
  x: MARGIN + column * COLUMN,
  y: MARGIN + row * ROW,
})

const nodeDrawing = (node: NodeAnswer, place: Place, figures: NodeFigures): SVGElement => {
  const { x, y } = at(place)
  const what = node.keeps === undefined ? node.kind : `${node.kind}, keeps ${node.keeps}`
  return svg(
    'g',
    { class: `node ${node.role}${node.keeps === undefined ? '' : ' keeps'}` },
    svg(
      'title',
      {},
      [node.id, what, node.declaredAt].filter((one) => one !== undefined).join('\n'),
    ),
    svg('rect', { x, y, width: WIDTH, height: HEIGHT, rx: 8 }),
    svg('text', { x: x + 12, y: y + 25, class: 'name' }, cut(node.id)),
    svg('text', { x: x + 12, y: y + 46, class: 'figures' }, cut(figures.text || what)),
  )
}

const edgeDrawing = (
  from: Place,
  to: Place,
  { shuffles, text }: { readonly shuffles: boolean; readonly text: string | undefined },
): SVGElement => {
  const start = at(from)
  const end = at(to)
  const [x1, y1] = [start.x + WIDTH, start.y + HEIGHT / 2]
  const [x2, y2] = [end.x - 7, end.y + HEIGHT / 2]
  const middle = (x1 + x2) / 2
  return svg(
    'g',
    { class: shuffles ? 'edge shuffle' : 'edge' },
    svg('path', {
      d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`,
      'marker-end': 'url(#arrow)',
    }),
    text !== undefined && svg('text', { x: x1 + 4, y: y1 - 7, class: 'amount' }, text),
  )
}

const drawing = (nodes: readonly NodeAnswer[], attempt: AttemptAnswer | undefined): HTMLElement => {
  const places = placeNodes(nodes)
  const all = [...places.values()]
  const columns = all.reduce((most, { column }) => Math.max(most, column + 1), 1)
  const rows = all.reduce((most, { row }) => Math.max(most, row + 1), 1)
  const figures = new Map(nodes.map((node) => [node.id, figuresOf(node, attempt)]))
  const edges = nodes.flatMap((node) =>
    node.parents.flatMap((parent) => {
      const [from, to] = [places.get(parent), places.get(node.id)]
      if (from === undefined || to === undefined) return []
      return [edgeDrawing(from, to, { shuffles: node.shuffles, text: figures.get(parent)?.edge })]
    }),
  )
  const width = MARGIN * 2 + (columns - 1) * COLUMN + WIDTH
  const height = MARGIN * 2 + (rows - 1) * ROW + HEIGHT
  const arrow = svg(
    'marker',
    {
      id: 'arrow',
      viewBox: '0 0 8 8',
      refX: 2,
      refY: 4,
      markerWidth: 7,
      markerHeight: 7,
      orient: 'auto',
    },
    svg('path', { d: 'M0 0L8 4L0 8z' }),
  )
  const picture = svg(
    'svg',
    { width, height, viewBox: `0 0 ${width} ${height}`, class: 'plan', role: 'img' },
    svg('title', {}, `The plan: ${countOf(nodes.length, 'node')}. The table below says the same.`),
    svg('defs', {}, arrow),
    ...edges,
    ...nodes.map((node) => {
      const place = places.get(node.id) ?? { column: 0, row: 0 }
      return nodeDrawing(node, place, figures.get(node.id) ?? { text: '' })
    }),
  )
  // It shrinks to fit, as far as its texts can be read.
  picture.style.minWidth = `${width * SCALE_MIN}px`
  return html(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'The plan' },
    picture,
  )
}

const legend = (): HTMLElement =>
  html(
    'p',
    { class: 'legend' },
    html('span', { class: 'key source' }, 'source'),
    html('span', { class: 'key operator' }, 'operator'),
    html('span', { class: 'key keeps' }, 'keeps state or batches'),
    html('span', { class: 'key output' }, 'output'),
    html('span', { class: 'key shuffle' }, 'begins a new stage'),
  )

const nodeTable = (nodes: readonly NodeAnswer[], attempt: AttemptAnswer | undefined): HTMLElement =>
  table(
    'The nodes of the plan',
    [
      { title: 'Node' },
      { title: 'Takes' },
      { title: 'Keeps' },
      { title: 'Last batch' },
      { title: 'Declared at' },
    ],
    nodes.map((node) => {
      const { edge, text } = figuresOf(node, attempt)
      return [
        html('code', {}, node.id),
        node.parents.join(', ') || (node.name ?? '–'),
        node.keeps ?? '–',
        edge ?? (text === node.name || text === '' ? '–' : text),
        node.declaredAt === undefined ? '–' : html('code', {}, node.declaredAt),
      ]
    }),
  )

/** The view of the plan. It shows the figures of the last completed batch. */
export const planView = (): View => {
  const element = html('div')
  let shownMs: number | undefined
  const draw = (known: Known, attempt: AttemptAnswer | undefined): void => {
    const { app } = known
    if (app.plan === undefined) {
      const command = `millrace ui MODULE ${app.target}`
      element.replaceChildren(
        section(
          'Plan',
          emptyNote(`The store does not hold the plan. Give its module to see it: ${command}`),
        ),
      )
      return
    }
    const { nodes, hash } = app.plan
    const isOther = app.status.planHash !== undefined && app.status.planHash !== hash
    const about = isOther
      ? `This is plan ${hash} of the module. What has run is plan ${app.status.planHash}.`
      : attempt === undefined
        ? `Plan ${hash}. No batch has run yet.`
        : `Plan ${hash}, with the figures of the last batch that had input.`
    element.replaceChildren(
      section(
        'Plan',
        html('p', { class: 'about' }, about),
        drawing(nodes, attempt),
        legend(),
        nodeTable(nodes, attempt),
      ),
    )
  }
  const show = (known: Known): void => {
    const hasInput = ({ records, objects }: { records: number; objects: number }): boolean =>
      records > 0 || objects > 0
    const done = known.rows.filter(({ status }) => status === 'completed')
    const last = done.find(hasInput) ?? done[0]
    if (last === undefined) return draw(known, undefined)
    if (last.timeMs === shownMs) return
    const isFirst = shownMs === undefined
    shownMs = last.timeMs
    if (isFirst) draw(known, undefined)
    void ask<BatchAnswer>(`/api/batches/${last.timeMs}`).then(
      ({ attempts }) => draw(known, attempts.at(-1)),
      () => undefined,
    )
  }
  return { element, show }
}
