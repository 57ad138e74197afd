/**
 * Where the nodes of a plan are drawn: in columns from sources to outputs, so that each edge goes
 * to the right. In a column, a node is near the middle of its parents.
 */

/** A node to place. */
export interface Placeable {
  readonly id: string
  readonly parents: readonly string[]
}

/** A place, counted in columns and rows. */
export interface Place {
  readonly column: number
  readonly row: number
}

const SWEEPS = 4

/** The place of each node, by its id. Parents come before their children in the list. */
export const placeNodes = (nodes: readonly Placeable[]): ReadonlyMap<string, Place> => {
  const columns = columnsOf(nodes)
  const rows = new Map<string, number>()
  for (const column of columns) for (const [row, { id }] of column.entries()) rows.set(id, row)
  const children = new Map<string, string[]>()
  for (const { id, parents } of nodes)
    for (const parent of parents) children.set(parent, [...(children.get(parent) ?? []), id])
  const roots = new Set(nodes.flatMap(({ id, parents }) => (parents.length === 0 ? [id] : [])))
  // Sources go where their children are, and do not pull these away from the nodes before.
  const ahead = ({ parents }: Placeable): readonly string[] => {
    const inner = parents.filter((parent) => !roots.has(parent))
    return inner.length === 0 ? parents : inner
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isForth = sweep % 2 === 0
    const order = isForth ? columns : columns.toReversed()
    for (const column of order)
      settle(column, rows, (node) => (isForth ? ahead(node) : (children.get(node.id) ?? [])))
  }
  const top = [...rows.values()].reduce((least, row) => Math.min(least, row), Infinity)
  return new Map(
    columns.flatMap((column, index) =>
      column.map(({ id }): [string, Place] => {
        const row = (rows.get(id) ?? 0) - top
        return [id, { column: index, row }]
      }),
    ),
  )
}

/**
 * A node is one column to the right of the last of its parents. One without parents is beside the
 * first of its children: in a long chain of unions, sources far on the left would only make long
 * edges.
 */
const columnsOf = (nodes: readonly Placeable[]): readonly (readonly Placeable[])[] => {
  const depths = new Map<string, number>()
  for (const { id, parents } of nodes)
    depths.set(
      id,
      parents.reduce((most, parent) => Math.max(most, (depths.get(parent) ?? -1) + 1), 0),
    )
  const nearest = new Map<string, number>()
  for (const { id, parents } of nodes)
    for (const parent of parents)
      nearest.set(parent, Math.min(nearest.get(parent) ?? Infinity, depths.get(id) ?? 0))
  const columns: Placeable[][] = []
  for (const node of nodes) {
    const { id, parents } = node
    const column = parents.length === 0 ? (nearest.get(id) ?? 1) - 1 : (depths.get(id) ?? 0)
    columns[column] = [...(columns[column] ?? []), node]
  }
  return Array.from(columns, (column) => column ?? [])
}

/**
 * Moves the nodes of a column to the middle of their neighbours, a row apart at least. What is
 * moved down for that is shared by them all, so a long plan does not become a staircase. Sources
 * that join later come below, and move no other node.
 */
const settle = (
  column: readonly Placeable[],
  rows: Map<string, number>,
  neighboursOf: (node: Placeable) => readonly string[],
): void => {
  const wanted = column.map((node) => {
    const beside = neighboursOf(node).map((id) => rows.get(id) ?? 0)
    const middle = beside.reduce((total, row) => total + row, 0) / Math.max(1, beside.length)
    return { node, row: beside.length === 0 ? (rows.get(node.id) ?? 0) : middle }
  })
  const isSource = ({ node }: { readonly node: Placeable }): boolean => node.parents.length === 0
  const inner = wanted.filter((one) => !isSource(one)).toSorted((a, b) => a.row - b.row)
  const sources = wanted.filter(isSource).toSorted((a, b) => a.row - b.row)
  let next = -Infinity
  const place = ({ node, row }: (typeof wanted)[number]): number => {
    const placed = Math.max(next, row)
    rows.set(node.id, placed)
    next = placed + 1
    return placed - row
  }
  const down = inner.reduce((total, one) => total + place(one), 0) / Math.max(1, inner.length)
  for (const { node } of inner) rows.set(node.id, (rows.get(node.id) ?? 0) - down)
  next -= down
  sources.forEach(place)
}
