import { MillraceError } from '../base/errors.ts'
import { checkKey, type Coded, codedKey, KeyedMap, plainKey } from '../base/keys.ts'
import type { AnyValue } from '../rdd/pair-types.ts'
import { RDD } from '../rdd/rdd.ts'
import { connectedComponents } from './components.ts'
import { type Edge, type Edges, edgesOf, placeOf } from './edges.ts'
import { countEach } from './neighbours.ts'
import { inRounds, type PageRankOptions, type Rank, resetOf, until } from './page-rank-settings.ts'
import { hopsTo } from './paths.ts'
import { triangleCounts } from './triangles.ts'

/**
 * A graph: the directed edges of an RDD, and the vertices at their ends. A vertex is any key: it is
 * equal to another one by value. Names and results are those of Spark's GraphX 3.5; an edge has no
 * attribute here.
 *
 * All results are RDDs of one partition, sorted by vertex. They are the same to the last bit
 * whatever the order and the partitions of the edges. All edges of the RDD come together in one
 * process, as numbers; docs/graphs.md says how many fit.
 *
 * @example
 * ```ts
 * await Graph.fromEdges(follows).inDegrees().collect() // [['ann', 1], ['bob', 2], ['cat', 1]]
 * ```
 */
export class Graph<K> {
  readonly #rdd: RDD<Edge<K>>
  #edges: Promise<Edges<K>> | undefined

  private constructor(rdd: RDD<Edge<K>>) {
    this.#rdd = rdd
  }

  /**
   * The graph of the edges of an RDD: pairs of the vertex that an edge leaves, and the one that it
   * enters. Equal edges, and edges from a vertex to itself, are kept. What is no pair of keys is
   * put aside as a dead letter. Nothing runs yet.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is no RDD.
   * @example const graph = Graph.fromEdges(follows)
   */
  static fromEdges<A extends AnyValue, B extends AnyValue>(
    edges: RDD<readonly [A, B]>,
  ): Graph<A | B> {
    if (edges instanceof RDD) return new Graph<A | B>(edges)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'Graph.fromEdges() needs an RDD of edges',
      value: edges,
      fix: 'for example follows.transform((rdd) => Graph.fromEdges(rdd).inDegrees())',
    })
  }

  /**
   * All vertices that an edge leaves or enters, in the order of keys.
   *
   * @example await Graph.fromEdges(follows).vertices().collect() // ['ann', 'bob', 'cat', 'dan']
   */
  vertices(): RDD<K> {
    return this.#rdd.derive(1, async () => [(await this.#read()).keys.map(plainKey<K>)])
  }

  /**
   * The number of vertices.
   *
   * @example await Graph.fromEdges(follows).numVertices() // 4
   */
  async numVertices(): Promise<number> {
    return (await this.#read()).keys.length
  }

  /**
   * The number of edges. Equal edges count each time.
   *
   * @example await Graph.fromEdges(follows).numEdges() // 4
   */
  async numEdges(): Promise<number> {
    return (await this.#read()).sources.length
  }

  /**
   * How many edges enter each vertex. A vertex that none enters is left out, as in GraphX.
   *
   * @example
   * ```ts
   * await Graph.fromEdges(follows).inDegrees().collect() // [['ann', 1], ['bob', 2], ['cat', 1]]
   * ```
   */
  inDegrees(): RDD<[K, number]> {
    return this.#byVertex(({ keys, targets }) => countEach(targets, keys.length)).filter(isThere)
  }

  /**
   * How many edges leave each vertex. A vertex that none leaves is left out, as in GraphX.
   *
   * @example
   * ```ts
   * await Graph.fromEdges(follows).outDegrees().collect()
   * // [['ann', 1], ['bob', 1], ['cat', 1], ['dan', 1]]
   * ```
   */
  outDegrees(): RDD<[K, number]> {
    return this.#byVertex(({ keys, sources }) => countEach(sources, keys.length)).filter(isThere)
  }

  /**
   * How many edges leave or enter each vertex. One from a vertex to itself counts twice.
   *
   * @example
   * ```ts
   * await Graph.fromEdges(follows).degrees().collect()
   * // [['ann', 2], ['bob', 3], ['cat', 2], ['dan', 1]]
   * ```
   */
  degrees(): RDD<[K, number]> {
    return this.#byVertex(({ keys, sources, targets }) => {
      const entering = countEach(targets, keys.length)
      return countEach(sources, keys.length).map((count, at) => count + (entering[at] as number))
    })
  }

  /**
   * The component of each vertex: all vertices that are connected, whatever the direction of the
   * edges, have the same. Its name is its least vertex, in the order of keys.
   *
   * @example
   * ```ts
   * await Graph.fromEdges(parallelize([[4, 2], [3, 9]])).connectedComponents().collect()
   * // [[2, 2], [3, 3], [4, 2], [9, 3]]
   * ```
   */
  connectedComponents(): RDD<[K, K]> {
    return this.#rdd
      .derive(1, async () => {
        const edges = await this.#read()
        const firsts = connectedComponents(edges)
        const keyOf = (vertex: number): K => plainKey(edges.keys[vertex] as Coded<K>)
        return [edges.keys.map((key, at): [K, K] => [plainKey(key), keyOf(firsts[at] as number)])]
      })
      .keyed()
  }

  /**
   * How important each vertex is: it is, if important ones have edges to it. The ranks add up to
   * the number of vertices. The result is exact to about `tol`.
   *
   * @param tol A vertex hands on no gain of a rank that is not more than this: 0 or more.
   * @throws MillraceError `ARGUMENT_INVALID` when a setting is not allowed.
   * @example Graph.fromEdges(follows).pageRank(0.0001)
   */
  pageRank(tol: number, options: PageRankOptions = {}): RDD<[K, number]> {
    return this.#ranks(until(tol), options)
  }

  /**
   * The same, with a number of rounds.
   *
   * @param numIter The number of rounds: a whole number from 0.
   * @throws MillraceError `ARGUMENT_INVALID` when a setting is not allowed.
   * @example
   * ```ts
   * await Graph.fromEdges(parallelize([['a', 'b'], ['b', 'a']])).staticPageRank(10).collect()
   * // [['a', 1], ['b', 1]]
   * ```
   */
  staticPageRank(numIter: number, options: PageRankOptions = {}): RDD<[K, number]> {
    return this.#ranks(inRounds(numIter), options)
  }

  /**
   * How important each vertex is to one of them: who follows the edges always begins there. The
   * ranks add up to 1. All are 0 if no edge leaves or enters the source.
   *
   * @param tol As for {@link pageRank}.
   * @throws MillraceError `ARGUMENT_INVALID` when a setting is not allowed; `KEY_UNSUPPORTED`.
   * @example Graph.fromEdges(follows).personalizedPageRank('ann', 0.0001)
   */
  personalizedPageRank(
    source: NoInfer<K>,
    tol: number,
    options: PageRankOptions = {},
  ): RDD<[K, number]> {
    return this.#ranks(until(tol), options, [source])
  }

  /**
   * The same, with a number of rounds.
   *
   * @param numIter As for {@link staticPageRank}.
   * @throws MillraceError `ARGUMENT_INVALID` when a setting is not allowed; `KEY_UNSUPPORTED`.
   * @example Graph.fromEdges(follows).staticPersonalizedPageRank('ann', 20)
   */
  staticPersonalizedPageRank(
    source: NoInfer<K>,
    numIter: number,
    options: PageRankOptions = {},
  ): RDD<[K, number]> {
    return this.#ranks(inRounds(numIter), options, [source])
  }

  /**
   * In how many triangles each vertex is. The direction of edges does not count, nor do equal edges
   * and edges from a vertex to itself.
   *
   * @example
   * ```ts
   * await Graph.fromEdges(follows).triangleCount().collect()
   * // [['ann', 1], ['bob', 1], ['cat', 1], ['dan', 0]]
   * ```
   */
  triangleCount(): RDD<[K, number]> {
    return this.#byVertex((edges) => triangleCounts(edges, this.#rdd.context.pause))
  }

  /**
   * How far it is from each vertex to some landmarks, along the edges: pairs of a landmark and the
   * number of edges on the shortest way, in the order of landmarks. A landmark to which there is no
   * way is left out.
   *
   * @throws MillraceError `KEY_UNSUPPORTED` when a landmark cannot be a key.
   * @example
   * ```ts
   * await Graph.fromEdges(parallelize([['a', 'b'], ['b', 'c']])).shortestPaths(['c']).collect()
   * // [['a', [['c', 2]]], ['b', [['c', 1]]], ['c', [['c', 0]]]]
   * ```
   */
  shortestPaths(landmarks: Iterable<NoInfer<K>>): RDD<[K, [K, number][]]> {
    const wanted = new KeyedMap<K, true>()
    for (const landmark of landmarks) wanted.set(landmark, true)
    return this.#rdd
      .derive(1, async () => {
        const edges = await this.#read()
        const hopsOf = hopsTo(edges)
        const ways = edges.keys.map((key): [K, [K, number][]] => [plainKey(key), []])
        for (const [landmark] of wanted.sortedCoded()) {
          const vertex = placeOf(edges, landmark)
          if (vertex === -1) continue
          for (const [at, hops] of hopsOf(vertex).entries())
            if (hops !== -1) ways[at]?.[1].push([plainKey(landmark), hops])
          await this.#rdd.context.pause?.()
        }
        return [ways]
      })
      .keyed()
  }

  #ranks(rank: Rank, options: PageRankOptions, from?: readonly [source: K]): RDD<[K, number]> {
    const resetProb = resetOf(options)
    from?.forEach(checkKey)
    const source = from?.map(codedKey<K>)
    return this.#byVertex((edges) =>
      rank({
        edges,
        pause: this.#rdd.context.pause,
        resetProb,
        source: source && placeOf(edges, source[0] as Coded<K>),
      }),
    )
  }

  /** A number for each vertex. */
  #byVertex(
    compute: (edges: Edges<K>) => Int32Array | Float64Array | Promise<Float64Array>,
  ): RDD<[K, number]> {
    return this.#rdd
      .derive(1, async () => {
        const edges = await this.#read()
        const values = await compute(edges)
        return [edges.keys.map((key, at): [K, number] => [plainKey(key), values[at] as number])]
      })
      .keyed()
  }

  /** Read once, whatever is computed of them. */
  #read(): Promise<Edges<K>> {
    return (this.#edges ??= edgesOf(this.#rdd))
  }
}

const isThere = ([, degree]: readonly [unknown, number]): boolean => degree > 0
