/** The plan as a drawing from sources to outputs. */
import type { NodeAnswer } from './answers.ts'
import { html, svg } from './dom.ts'
import type { NodeFigures } from './plan-figures.ts'
import { type Place, placeNodes } from './plan-layout.ts'
import { countOf } from './words.ts'

const WIDTH = 180
/** With a line more where it says where a node ran. */
const HEIGHT = 58
const HEIGHT_PLACED = 76
const ROW_GAP = 34
/** Between two columns. Figures on the edges need more. */
const GAP = 48
const GAP_FIGURES = 104
const MARGIN = 16
const CHARACTERS = 19
const SCALE_MIN = 0.72

const cut = (text: string): string =>
  text.length <= CHARACTERS ? text : `${text.slice(0, CHARACTERS - 1)}…`

/** Where things are, in pixels. */
interface Layout {
  readonly xOf: (column: number) => number
  readonly yOf: (row: number) => number
  readonly height: number
}

const nodeDrawing = (
  node: NodeAnswer,
  { column, row }: Place,
  { figures, layout }: { readonly figures: NodeFigures; readonly layout: Layout },
): SVGElement => {
  const [x, y] = [layout.xOf(column), layout.yOf(row)]
  const what = node.keeps === undefined ? node.kind : `${node.kind}, keeps ${node.keeps}`
  const about = [node.id, what, figures.text, figures.place, node.declaredAt]
  return svg(
    'g',
    { class: `node ${node.role}${node.keeps === undefined ? '' : ' keeps'}` },
    svg('title', {}, about.filter((one) => one !== undefined && one !== '').join('\n')),
    svg('rect', { x, y, width: WIDTH, height: layout.height, rx: 8 }),
    svg('text', { x: x + 12, y: y + 25, class: 'name' }, cut(node.id)),
    svg('text', { x: x + 12, y: y + 46, class: 'figures' }, cut(figures.text || what)),
    figures.place !== undefined &&
      svg('text', { x: x + 12, y: y + 64, class: 'figures place' }, cut(`in ${figures.place}`)),
  )
}

interface Edge {
  readonly from: Place
  readonly to: Place
  readonly shuffles: boolean
  readonly above: string | undefined
  /** What the node before it gave in bytes. */
  readonly below: string | undefined
  /** What moved to the node after it, at the end of the edge. */
  readonly taken: string | undefined
}

const edgeDrawing = (
  { from, to, shuffles, above, below, taken }: Edge,
  { xOf, yOf, height }: Layout,
): SVGElement => {
  const [x1, y1] = [xOf(from.column) + WIDTH, yOf(from.row) + height / 2]
  const [x2, y2] = [xOf(to.column) - 7, yOf(to.row) + height / 2]
  const middle = (x1 + x2) / 2
  // On the side from which the edge does not come.
  const takenY = from.row < to.row ? y2 + 17 : y2 - 8
  return svg(
    'g',
    { class: shuffles ? 'edge shuffle' : 'edge' },
    svg('path', {
      d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`,
      'marker-end': 'url(#arrow)',
    }),
    above !== undefined && svg('text', { x: x1 + 6, y: y1 - 7, class: 'amount' }, above),
    below !== undefined && svg('text', { x: x1 + 6, y: y1 + 16, class: 'amount' }, below),
    taken !== undefined &&
      svg('text', { x: x2 - 4, y: takenY, class: 'amount', 'text-anchor': 'end' }, taken),
  )
}

const edgesOf = (
  nodes: readonly NodeAnswer[],
  places: ReadonlyMap<string, Place>,
  figures: ReadonlyMap<string, NodeFigures>,
): readonly Edge[] =>
  nodes.flatMap((node) =>
    node.parents.flatMap((parent) => {
      const [from, to] = [places.get(parent), places.get(node.id)]
      if (from === undefined || to === undefined) return []
      const given = figures.get(parent)
      const taken = figures.get(node.id)?.takes
      // An edge that says something at its start has no room for more at its end.
      const [above, below] = [given?.edge, given?.edgeBytes]
      const ends = above === undefined ? taken : undefined
      return [{ from, to, shuffles: node.shuffles, above, below, taken: ends }]
    }),
  )

/** Draws the nodes, with their figures on them and on the edges. */
export const planDrawing = (
  nodes: readonly NodeAnswer[],
  figures: ReadonlyMap<string, NodeFigures>,
): HTMLElement => {
  const places = placeNodes(nodes)
  const all = [...places.values()]
  const columns = all.reduce((most, { column }) => Math.max(most, column + 1), 1)
  const rows = all.reduce((most, { row }) => Math.max(most, row + 1), 1)
  const edges = edgesOf(nodes, places, figures)
  const isWide = (column: number): boolean =>
    edges.some(
      ({ from, to, above, taken }) =>
        (from.column === column && above !== undefined) ||
        (to.column === column + 1 && taken !== undefined),
    )
  const xs = [MARGIN]
  for (let column = 0; column < columns - 1; column++)
    xs.push((xs[column] ?? 0) + WIDTH + (isWide(column) ? GAP_FIGURES : GAP))
  const isPlaced = [...figures.values()].some(({ place }) => place !== undefined)
  const nodeHeight = isPlaced ? HEIGHT_PLACED : HEIGHT
  const layout: Layout = {
    xOf: (column) => xs[column] ?? MARGIN,
    yOf: (row) => MARGIN + row * (nodeHeight + ROW_GAP),
    height: nodeHeight,
  }
  const width = layout.xOf(columns - 1) + WIDTH + MARGIN
  const height = layout.yOf(rows - 1) + nodeHeight + MARGIN
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
    ...edges.map((edge) => edgeDrawing(edge, layout)),
    ...nodes.map((node) => {
      const place = places.get(node.id) ?? { column: 0, row: 0 }
      return nodeDrawing(node, place, { figures: figures.get(node.id) ?? { text: '' }, layout })
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
