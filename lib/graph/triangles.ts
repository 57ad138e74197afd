import type { Pause } from '../base/pauses.ts'
import type { Edges } from './edges.ts'
import { countEach, type Neighbours, neighboursOf, visitSlices } from './neighbours.ts'

/**
 * The edges without direction, each once, without those from a vertex to itself: for each vertex,
 * its neighbours that have more edges, or as many and a later key. So no vertex has more of them
 * than the root of twice the number of edges.
 */
const towardsLarger = ({ keys, sources, targets }: Edges<unknown>): Neighbours => {
  const all = neighboursOf(
    sources.map((source, edge) => Math.min(source, targets[edge] as number)),
    sources.map((source, edge) => Math.max(source, targets[edge] as number)),
    keys.length,
  )
  const ends: [smaller: number[], larger: number[]] = [[], []]
  for (let vertex = 0; vertex < keys.length; vertex++) {
    let last = vertex
    for (let at = all.starts[vertex] as number; at < (all.starts[vertex + 1] as number); at++) {
      const other = all.vertices[at] as number
      if (other === last) continue
      last = other
      ends[0].push(vertex)
      ends[1].push(other)
    }
  }
  const [lower, higher] = [new Int32Array(ends[0]), new Int32Array(ends[1])]
  const [low, high] = [countEach(lower, keys.length), countEach(higher, keys.length)]
  const degrees = low.map((count, vertex) => count + (high[vertex] as number))
  const turns = (edge: number): boolean =>
    (degrees[lower[edge] as number] as number) > (degrees[higher[edge] as number] as number)
  return neighboursOf(
    lower.map((vertex, edge) => (turns(edge) ? (higher[edge] as number) : vertex)),
    higher.map((vertex, edge) => (turns(edge) ? (lower[edge] as number) : vertex)),
    keys.length,
  )
}

/** In how many triangles each vertex is. */
export const triangleCounts = async (
  edges: Edges<unknown>,
  pause: Pause | undefined,
): Promise<Float64Array> => {
  const count = edges.keys.length
  const { starts, vertices } = towardsLarger(edges)
  const counts = new Float64Array(count)
  const more = (vertex: number): void => {
    counts[vertex] = (counts[vertex] as number) + 1
  }
  /** The vertex that has each one as a neighbour, if it is the newest one that was visited. */
  const neighbourOf = new Int32Array(count).fill(-1)
  const visit = (a: number): void => {
    const [from, end] = [starts[a] as number, starts[a + 1] as number]
    for (let at = from; at < end; at++) neighbourOf[vertices[at] as number] = a
    for (let at = from; at < end; at++) {
      const b = vertices[at] as number
      for (let next = starts[b] as number; next < (starts[b + 1] as number); next++) {
        const c = vertices[next] as number
        if (neighbourOf[c] !== a) continue
        more(a)
        more(b)
        more(c)
      }
    }
  }
  await visitSlices(count, pause, (from, end) => {
    for (let vertex = from; vertex < end; vertex++) visit(vertex)
  })
  return counts
}
