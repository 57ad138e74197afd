import type { Edges } from './edges.ts'

/** For each vertex, the first vertex that it is connected with, whatever the edges' direction. */
export const connectedComponents = ({ keys, sources, targets }: Edges<unknown>): Int32Array => {
  // A forest: each vertex points to one that is before it, or to itself.
  const before = Int32Array.from(keys, (_, vertex) => vertex)
  const first = (start: number): number => {
    let vertex = start
    for (let next = before[vertex] as number; next !== vertex; next = before[vertex] as number) {
      before[vertex] = before[next] as number
      vertex = before[vertex] as number
    }
    return vertex
  }
  for (const [edge, source] of sources.entries()) {
    const [a, b] = [first(source), first(targets[edge] as number)]
    before[Math.max(a, b)] = Math.min(a, b)
  }
  return before.map((_, vertex) => first(vertex))
}
