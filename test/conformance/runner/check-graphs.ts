/** Cases of graphs: each batch of edges is one. */
import type { RDD } from 'millrace'
import { Graph } from 'millrace/graph'
import { checkClose, runLearning } from './ml/learning.ts'
import type { Mode } from './pipeline.ts'
import type { Params, Vector } from './vector.ts'

type Vertices = RDD<[number, unknown]>
type Edge = readonly [number, number]

const numbersOf = (params: Params) => ({
  numIter: Number(params['numIter']),
  tol: Number(params['tol']),
  source: Number(params['source']),
  options: { resetProb: Number(params['resetProb']) },
})

const OPERATIONS: Readonly<Record<string, (graph: Graph<number>, params: Params) => Vertices>> = {
  inDegrees: (graph) => graph.inDegrees(),
  outDegrees: (graph) => graph.outDegrees(),
  degrees: (graph) => graph.degrees(),
  connectedComponents: (graph) => graph.connectedComponents(),
  triangleCount: (graph) => graph.triangleCount(),
  staticPageRank: (graph, params) => {
    const { numIter, options } = numbersOf(params)
    return graph.staticPageRank(numIter, options)
  },
  pageRank: (graph, params) => {
    const { tol, options } = numbersOf(params)
    return graph.pageRank(tol, options)
  },
  staticPersonalizedPageRank: (graph, params) => {
    const { source, numIter, options } = numbersOf(params)
    return graph.staticPersonalizedPageRank(source, numIter, options)
  },
  personalizedPageRank: (graph, params) => {
    const { source, tol, options } = numbersOf(params)
    return graph.personalizedPageRank(source, tol, options)
  },
  shortestPaths: (graph, params) => graph.shortestPaths(params['landmarks'] as number[]),
}

const checkOf =
  (compute: (graph: Graph<number>, params: Params) => Vertices) =>
  async (vector: Vector, mode: Mode): Promise<void> => {
    const { params, inputBatches, expectedBatches } = vector
    const [batches] = await runLearning<Edge>(inputBatches as Edge[][], mode, (edges) => [
      edges.transform((rdd) => compute(Graph.fromEdges(rdd), params), { pure: true }),
    ])
    checkClose(expectedBatches, batches, Number(vector['tolerance']))
  }

/** The checks, by operation. */
export const graphChecks = Object.fromEntries(
  Object.entries(OPERATIONS).map(([name, compute]) => [`graph.${name}`, checkOf(compute)]),
)
