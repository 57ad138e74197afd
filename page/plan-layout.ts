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
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isForth = sweep % 2 === 0
    const order = isForth ? columns : columns.toReversed()
    for (const column of order)
      settle(column, rows, ({ id, parents }) => (isForth ? parents : (children.get(id) ?? [])))
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

/** A node is one column to the right of the last of its parents. */
const columnsOf = (nodes: readonly Placeable[]): readonly (readonly Placeable[])[] => {
  const depths = new Map<string, number>()
  const columns: Placeable[][] = []
  for (const node of nodes) {
    const depth = node.parents.reduce(
      (most, parent) => Math.max(most, (depths.get(parent) ?? -1) + 1),
      0,
    )
    depths.set(node.id, depth)
    columns[depth] = [...(columns[depth] ?? []), node]
  }
  return columns
}

/** Moves the nodes of a column to the middle of their neighbours, a row apart at least. */
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
  let next = 0
  for (const { node, row } of wanted.toSorted((a, b) => a.row - b.row)) {
    const placed = Math.max(next, row)
    rows.set(node.id, placed)
    next = placed + 1
  }
}
