/** For each vertex, the vertices at the other ends of its edges. */
import { type Pause, RECORDS_PER_SLICE } from '../base/pauses.ts'

/** Vertices and their neighbours. Those of vertex v are from `starts[v]` to `starts[v + 1]`. */
export interface Neighbours {
  readonly starts: Int32Array
  /** Ascending for each vertex: so sums over them do not depend on the order of the edges (B3). */
  readonly vertices: Int32Array
}

/** How many of the numbers are each vertex: the degrees, if these are the ends of edges. */
export const countEach = (ends: Int32Array, vertices: number): Int32Array => {
  const counts = new Int32Array(vertices)
  for (const end of ends) counts[end] = (counts[end] as number) + 1
  return counts
}

/** The numbers of edges, so that `ends[edge]` ascends. Edges of equal ends stay in their order. */
const orderBy = (ends: Int32Array, starts: Int32Array, edges: Int32Array): Int32Array => {
  const next = starts.slice()
  const ordered = new Int32Array(ends.length)
  for (const edge of edges) {
    const end = ends[edge] as number
    const at = next[end] as number
    ordered[at] = edge
    next[end] = at + 1
  }
  return ordered
}

const startsOf = (ends: Int32Array, vertices: number): Int32Array => {
  const starts = new Int32Array(vertices + 1)
  starts.set(countEach(ends, vertices), 1)
  for (let v = 0; v < vertices; v++)
    starts[v + 1] = (starts[v + 1] as number) + (starts[v] as number)
  return starts
}

/** For each vertex of `at`, the vertices of `other`: sorts by counting, twice. */
export const neighboursOf = (at: Int32Array, other: Int32Array, vertices: number): Neighbours => {
  const starts = startsOf(at, vertices)
  const byOther = orderBy(
    other,
    startsOf(other, vertices),
    at.map((_, edge) => edge),
  )
  const edges = orderBy(at, starts, byOther)
  return { starts, vertices: edges.map((edge) => other[edge] as number) }
}

/**
 * Calls `visit` with the numbers from 0 to `count`, in slices: from the first one up to, without,
 * the last. Pauses between slices when a pause is due.
 */
export const visitSlices = async (
  count: number,
  pause: Pause | undefined,
  visit: (from: number, end: number) => void,
): Promise<void> => {
  for (let from = 0; from < count; from += RECORDS_PER_SLICE) {
    visit(from, Math.min(from + RECORDS_PER_SLICE, count))
    const due = pause?.()
    if (due !== undefined) await due
  }
}
