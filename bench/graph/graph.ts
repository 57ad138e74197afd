/** The graph of one batch, the edges in memory: each operation beside Spark's GraphX. */
import { join } from 'node:path'
import { parallelize } from 'millrace'
import { Graph } from 'millrace/graph'
import { medianMs } from '../measure.ts'
import { type Figure, rounded, table } from '../report.ts'
import { type BesideSparkOptions, inSpark } from '../spark.ts'

const BENCH = 'graph'
const EDGES = 300_000
const VERTICES = 60_000
const STEPS = 10
const DEFAULT_ROUNDS = 3
const PARTITIONS = 2

/** The edges of graph.scala. Some vertices have many more than others. */
const makeEdges = (): readonly [number, number][] => {
  let state = 7
  const next = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return state / 0x8000_0000
  }
  return Array.from({ length: EDGES }, () => [
    Math.floor(next() * next() * VERTICES),
    Math.floor(next() * VERTICES),
  ])
}

const figure = (name: string, value: number, unit: Figure['unit']): Figure => ({
  bench: BENCH,
  figure: name,
  value: rounded(value),
  unit,
})

/** Measures, says a table, and returns the figures. */
export const benchGraph = async ({
  rounds = DEFAULT_ROUNDS,
  sparkHome,
  say,
}: BesideSparkOptions): Promise<readonly Figure[]> => {
  const edges = parallelize(makeEdges(), { partitions: PARTITIONS })
  const graph = Graph.fromEdges(edges)
  const ours = new Map([
    ['edges', await medianMs(rounds, () => Graph.fromEdges(edges).numEdges())],
    ['degrees', await medianMs(rounds, () => graph.degrees().count())],
    ['components', await medianMs(rounds, () => graph.connectedComponents().count())],
    ['pagerank', await medianMs(rounds, () => graph.staticPageRank(STEPS).count())],
    ['triangles', await medianMs(rounds, () => graph.triangleCount().count())],
    ['paths', await medianMs(rounds, () => graph.shortestPaths([0, 7]).count())],
  ])
  const spark =
    sparkHome === undefined
      ? undefined
      : inSpark(sparkHome, join(import.meta.dirname, 'graph.scala'), {
          BENCH_GRAPH: [EDGES, VERTICES, STEPS, rounds].join(','),
        })
  say(
    table([
      [`${EDGES.toLocaleString('en')} edges`, 'ms', 'Spark, ms'],
      ...[...ours].map(([name, ms]) => [name, ms.toFixed(0), spark?.get(name)?.toFixed(0) ?? '-']),
    ]),
  )
  return [
    ...[...ours].map(([name, ms]) => figure(`${name}-ms`, ms, 'ms')),
    ...[...(spark ?? [])].map(([name, ms]) =>
      figure(`${name}-spark-ratio`, ms / (ours.get(name) ?? Number.NaN), 'ratio'),
    ),
  ]
}
