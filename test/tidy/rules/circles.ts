import { importsOf } from '../imports.ts'
import { type Findings, type Source } from '../source.ts'
import { roomOf } from './rooms.ts'

type Graph = ReadonlyMap<string, ReadonlySet<string>>

const graphOf = (sources: readonly Source[], nameOf: (path: string) => string): Graph => {
  const graph = new Map<string, Set<string>>()
  for (const { from, target } of sources.flatMap(importsOf)) {
    const targets = graph.get(nameOf(from)) ?? new Set()
    graph.set(nameOf(from), targets)
    if (target !== undefined) targets.add(nameOf(target))
  }
  return graph
}

/** One circle through every import that closes one, as the way round. */
const circlesOf = (graph: Graph): readonly (readonly string[])[] => {
  const circles: string[][] = []
  const done = new Set<string>()
  const visit = (name: string, way: readonly string[]): void => {
    const seenAt = way.indexOf(name)
    if (seenAt >= 0) circles.push([...way.slice(seenAt), name])
    if (seenAt >= 0 || done.has(name)) return
    for (const next of graph.get(name) ?? []) visit(next, [...way, name])
    done.add(name)
  }
  for (const name of graph.keys()) visit(name, [])
  return circles
}

/** No file imports another in a circle, not even for a type. */
export const fileCircles = (sources: readonly Source[]): Findings =>
  circlesOf(graphOf(sources, (path) => path)).map(
    (circle) => `a circle of files: ${circle.join(' -> ')}`,
  )

/** No room does. */
export const roomCircles = (sources: readonly Source[]): Findings =>
  circlesOf(graphOf(sources, roomOf))
    .filter((circle) => circle.length > 2)
    .map((circle) => `a circle of rooms: ${circle.join(' -> ')}`)
