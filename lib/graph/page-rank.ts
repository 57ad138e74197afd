/**
 * PageRank as Spark's GraphX computes it (PageRank.scala of Spark 3.5): a vertex has the reset
 * probability, and a share of the rank of each vertex with an edge to it. At the end all ranks are
 * multiplied so that they add up to the number of vertices, or to 1 if they are personal.
 */
import type { Pause } from '../base/pauses.ts'
import type { Edges } from './edges.ts'
import { countEach, neighboursOf, visitSlices } from './neighbours.ts'

/** What the ranks are computed of. */
export interface PageRankInput {
  readonly edges: Edges<unknown>
  readonly pause: Pause | undefined
  /** How likely it is that a walk ends and begins anew. */
  readonly resetProb: number
  /** Where walks begin, and -1 if it is no vertex. Undefined: anywhere. */
  readonly source: number | undefined
}

/** Takes what the edges bring to a vertex. */
type Take = (vertex: number, sum: number) => void

/**
 * Makes the function for one round: each vertex divides its value among its edges, and each gets
 * the sum of what its edges bring.
 */
const roundsOf = ({
  edges,
  pause,
}: PageRankInput): ((of: Float64Array, take: Take) => Promise<void>) => {
  const { keys, sources, targets } = edges
  const { starts, vertices } = neighboursOf(targets, sources, keys.length)
  const shares = Float64Array.from(countEach(sources, keys.length), (degree) => 1 / degree)
  const sumAt = (vertex: number, values: Float64Array): number => {
    let sum = 0
    const end = starts[vertex + 1] as number
    for (let at = starts[vertex] as number; at < end; at++) {
      const before = vertices[at] as number
      sum += (values[before] as number) * (shares[before] as number)
    }
    return sum
  }
  return (values, take) =>
    visitSlices(keys.length, pause, (from, end) => {
      for (let vertex = from; vertex < end; vertex++) take(vertex, sumAt(vertex, values))
    })
}

const scaled = (ranks: Float64Array, source: number | undefined): Float64Array => {
  const sum = ranks.reduce((all, rank) => all + rank, 0)
  const total = source === undefined ? ranks.length : 1
  return sum === 0 ? ranks : ranks.map((rank) => (rank * total) / sum)
}

/** The ranks after so many rounds. Each round computes all of them anew. */
export const staticPageRank = async (
  input: PageRankInput,
  rounds: number,
): Promise<Float64Array> => {
  const { edges, resetProb, source } = input
  const round = roundsOf(input)
  const starts = Float64Array.from(edges.keys, (_, vertex) =>
    source === undefined || vertex === source ? 1 : 0,
  )
  let ranks = starts
  for (let done = 0; done < rounds; done++) {
    const next = new Float64Array(ranks.length)
    await round(ranks, (vertex, sum) => {
      next[vertex] = resetProb * (starts[vertex] as number) + (1 - resetProb) * sum
    })
    ranks = next
  }
  return scaled(ranks, source)
}

/**
 * The ranks when none gains more than `tol` any more. In a round, a vertex hands on only what its
 * rank has gained in the round before, if that is more than `tol`.
 */
export const pageRankUntil = async (input: PageRankInput, tol: number): Promise<Float64Array> => {
  const { edges, resetProb, source } = input
  const round = roundsOf(input)
  const firstOf = (vertex: number): number =>
    source === undefined ? resetProb : vertex === source ? 1 : 0
  const ranks = Float64Array.from(edges.keys, (_, vertex) => firstOf(vertex))
  const handedOn = (gain: number): number => (gain > tol ? gain : 0)
  let gains = ranks.map(handedOn)
  let moves = true
  while (moves) {
    const next = new Float64Array(ranks.length)
    moves = false
    await round(gains, (vertex, sum) => {
      if (sum === 0) return
      const rank = (ranks[vertex] as number) + (1 - resetProb) * sum
      next[vertex] = handedOn(rank - (ranks[vertex] as number))
      ranks[vertex] = rank
      moves = true
    })
    gains = next
  }
  return scaled(ranks, source)
}
