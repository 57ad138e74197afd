import type { Edges } from './edges.ts'
import { neighboursOf } from './neighbours.ts'

/**
 * The number of edges on the shortest way from each vertex to a landmark, along the edges: a search
 * against them, breadth first. -1: there is no way.
 */
export const hopsTo = (edges: Edges<unknown>): ((landmark: number) => Int32Array) => {
  const count = edges.keys.length
  const { starts, vertices } = neighboursOf(edges.targets, edges.sources, count)
  const queue = new Int32Array(count)
  return (landmark) => {
    const hops = new Int32Array(count).fill(-1)
    hops[landmark] = 0
    queue[0] = landmark
    let found = 1
    for (let next = 0; next < found; next++) {
      const vertex = queue[next] as number
      for (let at = starts[vertex] as number; at < (starts[vertex + 1] as number); at++) {
        const source = vertices[at] as number
        if (hops[source] !== -1) continue
        hops[source] = (hops[vertex] as number) + 1
        queue[found++] = source
      }
    }
    return hops
  }
}
