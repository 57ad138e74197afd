import fc from 'fast-check'
import { type DStream, parallelize, type RDD, seconds, stream } from 'millrace'
import { Graph } from 'millrace/graph'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import * as slow from './slow.ts'

type Edges = readonly slow.Edge[]

/** From a few vertices to many, with equal edges and loops. */
const edgeLists = fc.integer({ min: 1, max: 14 }).chain((last) =>
  fc.array(fc.tuple(fc.integer({ min: -2, max: last }), fc.integer({ min: -2, max: last })), {
    maxLength: 40,
  }),
)

const graphOf = (edges: Edges, partitions = 1): Graph<number> =>
  Graph.fromEdges(parallelize(edges as [number, number][], { partitions }))

/** What the library gives, and what plain loops give. */
interface Operation {
  readonly name: string
  readonly ours: (graph: Graph<number>) => RDD<[number, unknown]>
  readonly theirs: (edges: Edges) => slow.ByVertex<unknown>
}

const operation = (
  name: string,
  ours: Operation['ours'],
  theirs: Operation['theirs'],
): Operation => ({ name, ours, theirs })

/** The same for numbers that are close, in so many digits. */
const near = (
  name: string,
  digits: number,
  ours: Operation['ours'],
  theirs: (edges: Edges) => slow.ByVertex<number>,
): Operation => ({ name, ours, theirs: (edges) => closeTo(theirs(edges), digits) })

const closeTo = (values: slow.ByVertex<number>, digits: number): slow.ByVertex<unknown> =>
  values.map(([vertex, value]) => [vertex, expect.closeTo(value, digits)])

const SOURCE = 0
const LANDMARKS = [3, 0, 0, 99, -2]

const OPERATIONS: readonly Operation[] = [
  operation(
    'inDegrees',
    (graph) => graph.inDegrees(),
    (edges) => slow.degrees(edges, [1]),
  ),
  operation(
    'outDegrees',
    (graph) => graph.outDegrees(),
    (edges) => slow.degrees(edges, [0]),
  ),
  operation(
    'degrees',
    (graph) => graph.degrees(),
    (edges) => slow.degrees(edges, [0, 1]),
  ),
  operation('connectedComponents', (graph) => graph.connectedComponents(), slow.components),
  operation('triangleCount', (graph) => graph.triangleCount(), slow.triangles),
  operation(
    'shortestPaths',
    (graph) => graph.shortestPaths(LANDMARKS),
    (edges) => slow.paths(edges, LANDMARKS),
  ),
  near(
    'staticPageRank',
    9,
    (graph) => graph.staticPageRank(5),
    (edges) => slow.ranks(edges, { rounds: 5, reset: 0.15 }),
  ),
  near(
    'pageRank',
    7,
    (graph) => graph.pageRank(1e-10, { resetProb: 0.4 }),
    (edges) => slow.ranks(edges, { rounds: 60, reset: 0.4 }),
  ),
  near(
    'staticPersonalizedPageRank',
    9,
    (graph) => graph.staticPersonalizedPageRank(SOURCE, 4, { resetProb: 0.3 }),
    (edges) => slow.ranks(edges, { rounds: 4, reset: 0.3, source: SOURCE }),
  ),
]

describe('a graph', () => {
  test.each(OPERATIONS)('$name is what plain loops find', async ({ ours, theirs }) => {
    await fc.assert(
      fc.asyncProperty(edgeLists, fc.integer({ min: 1, max: 4 }), async (edges, partitions) => {
        expect(await ours(graphOf(edges, partitions)).collect()).toEqual(theirs(edges))
      }),
    )
  })

  test.each(OPERATIONS)('$name does not depend on the order of edges', async ({ ours }) => {
    const shuffled = edgeLists.chain((edges) =>
      fc.tuple(
        fc.constant(edges),
        fc.shuffledSubarray([...edges.keys()], { minLength: edges.length }),
      ),
    )
    await fc.assert(
      fc.asyncProperty(shuffled, async ([edges, order]) => {
        const other = order.map((at) => edges[at] as slow.Edge)
        expect(await ours(graphOf(other, 3)).collect()).toEqual(
          await ours(graphOf(edges)).collect(),
        )
      }),
    )
  })

  test('personal ranks until none gains are those of many rounds', async () => {
    const graph = graphOf([
      [0, 1],
      [1, 2],
      [2, 0],
      [1, 3],
      [3, 1],
      [4, 0],
    ])
    const until = await graph.personalizedPageRank(0, 1e-12).collect()
    const many = await graph.staticPersonalizedPageRank(0, 400).collect()
    expect(until).toEqual(closeTo(many, 9))
  })

  test.each<[string, (graph: Graph<number>) => Promise<unknown>, unknown]>([
    ['vertices', (graph) => graph.vertices().collect(), []],
    ['numVertices', (graph) => graph.numVertices(), 0],
    ['numEdges', (graph) => graph.numEdges(), 0],
    ['pageRank', (graph) => graph.pageRank(0).collect(), []],
    ['triangleCount', (graph) => graph.triangleCount().collect(), []],
    ['shortestPaths', (graph) => graph.shortestPaths([1]).collect(), []],
  ])('without edges: %s', async (_, run, result) => {
    expect(await run(graphOf([]))).toEqual(result)
  })

  test('reads its edges once, whatever is computed of them', async () => {
    let read = 0
    const edges = parallelize([1, 2, 3], { partitions: 2 }).map((n): [number, number] => {
      read += 1
      return [n, n + 1]
    })
    const graph = Graph.fromEdges(edges)
    expect(read).toBe(0)
    await Promise.all([graph.degrees().collect(), graph.numEdges(), graph.pageRank(0).collect()])
    expect(read).toBe(3)
  })
})

/** What users of other libraries have reported. */
describe('known traps', () => {
  const RIM = 20_000
  const around = (n: number): number => (n % RIM) + 1
  const wheel = Array.from({ length: RIM }, (_, n): slow.Edge[] => [
    [0, n + 1],
    [n + 1, around(n + 1)],
  ]).flat()
  const chain = Array.from({ length: 50_000 }, (_, n): slow.Edge => [n + 1, n])
  const twice: Edges = [
    [0, 1],
    [0, 1],
    [2, 0],
    [2, 1],
    [1, 2],
    [1, 1],
  ]
  const sumOf = async (values: RDD<[number, number]>): Promise<number> => values.values().sum()

  test.each<[string, () => Promise<unknown>, unknown]>([
    ['edges that come twice, and a loop', () => sumOf(graphOf(twice).triangleCount()), 3],
    ['a vertex with very many edges', () => sumOf(graphOf(wheel).triangleCount()), 3 * RIM],
    ['a long chain', () => graphOf(chain).connectedComponents().values().distinct().collect(), [0]],
    [
      'a long way',
      async () => (await graphOf(chain).shortestPaths([0]).collect()).at(-1),
      [50_000, [[0, 50_000]]],
    ],
    [
      'walks that begin where no edge leaves',
      () =>
        graphOf([
          [1, 2],
          [2, 3],
          [2, 4],
        ])
          .personalizedPageRank(3, 0)
          .collect(),
      [
        [1, 0],
        [2, 0],
        [3, 1],
        [4, 0],
      ],
    ],
    [
      'a vertex that only a loop has',
      () =>
        graphOf([
          [1, 1],
          [2, 3],
        ])
          .connectedComponents()
          .collect(),
      [
        [1, 1],
        [2, 2],
        [3, 2],
      ],
    ],
  ])('%s', async (_, run, result) => {
    expect(await run()).toEqual(result)
  })
})

describe('a vertex', () => {
  const when = new Date(5)
  test.each<[string, readonly (readonly [unknown, unknown])[], readonly unknown[]]>([
    [
      'texts',
      [
        ['b', 'a'],
        ['a', 'é'],
      ],
      ['a', 'b', 'é'],
    ],
    [
      'bigints',
      [
        [2n ** 70n, 1n],
        [2n ** 70n + 1n, 1n],
      ],
      [1n, 2n ** 70n, 2n ** 70n + 1n],
    ],
    [
      'of all types',
      [
        ['1', 1],
        [1n, null],
        [undefined, true],
      ],
      [null, true, 1, 1n, '1', undefined],
    ],
    [
      'zeros and NaN',
      [
        [0, -0],
        [NaN, NaN],
      ],
      [0, NaN],
    ],
    [
      'dates and arrays',
      [
        [when, ['x', 1]],
        [['x', 1], when],
      ],
      [when, ['x', 1]],
    ],
  ])('is a key: %s', async (_, edges, vertices) => {
    const graph = Graph.fromEdges(parallelize(edges))
    expect(await graph.vertices().collect()).toEqual(vertices)
    expect(await graph.numEdges()).toBe(edges.length)
  })

  test('is a fresh copy wherever it is given', async () => {
    const graph = Graph.fromEdges(
      parallelize<readonly [string[], string[]]>([
        [['b'], ['a']],
        [['c'], ['b']],
      ]),
    )
    const found = graph.connectedComponents().map(([vertex, first]) => {
      vertex.push('changed')
      first.push('changed too')
      return first
    })
    expect(await found.collect()).toEqual(Array(3).fill(['a', 'changed too']))
    expect(await graph.vertices().collect()).toEqual([['a'], ['b'], ['c']])
  })
})

describe('settings', () => {
  const graph = graphOf([[1, 2]])
  test.each<[string, () => unknown, string]>([
    ['what is no RDD', () => Graph.fromEdges([[1, 2]] as never), 'needs an RDD of edges'],
    ['a tolerance below 0', () => graph.pageRank(-1), 'tol is not allowed'],
    ['no tolerance', () => graph.pageRank(undefined as never), 'tol is not allowed'],
    ['half a round', () => graph.staticPageRank(0.5), 'numIter is not allowed'],
    ['no reset', () => graph.pageRank(0.1, { resetProb: 0 }), 'resetProb is not allowed'],
    ['a symbol', () => graph.shortestPaths([Symbol('s') as never]), 'cannot be compared by value'],
    ['a function', () => graph.personalizedPageRank((() => 1) as never, 0), 'compared by value'],
  ])('refuses %s', (_, use, message) => {
    expect(use).toThrow(message)
  })

  test('a source that is no vertex gives ranks of 0', async () => {
    const none = [
      [1, 0],
      [2, 0],
    ]
    expect(await graph.personalizedPageRank(7, 0).collect()).toEqual(none)
    expect(await graph.staticPersonalizedPageRank(7, 3).collect()).toEqual(none)
  })
})

/** The output of a pipeline over batches of JSON. */
const run = async (
  batches: readonly (readonly unknown[])[],
  describeGraph: (edges: DStream<[string, string]>) => DStream<unknown>,
) => {
  const pipeline = stream('graph', { batchInterval: seconds(1), whenIdle: 'tick' }, (ssc) => {
    const edges = ssc.kinesisTextStream('in').map((text) => JSON.parse(text) as [string, string])
    describeGraph(edges).foreachRDD(() => undefined)
  })
  const app = await testStream(pipeline)
  for (const batch of batches) {
    if (batch.length > 0) app.input('in').add(...batch.map((one) => JSON.stringify(one)))
    await app.advance(seconds(1))
  }
  return { app, results: app.output('foreachRDD-1').elements }
}

const AB = ['a', 'b']
const BC = ['b', 'c']

describe('in a pipeline', () => {
  test('is made of a batch, or of a window', async () => {
    const components = (edges: DStream<[string, string]>) =>
      edges.transform((rdd) => Graph.fromEdges(rdd).connectedComponents(), { pure: true })
    const inWindow = (edges: DStream<[string, string]>) => components(edges.window(seconds(2)))
    const batches = [[BC], [AB], [], []]
    const [ofA, ofB] = [
      [
        ['a', 'a'],
        ['b', 'a'],
      ],
      [
        ['b', 'b'],
        ['c', 'b'],
      ],
    ]
    expect((await run(batches, components)).results).toEqual([ofB, ofA, [], []])
    const both = [
      ['a', 'a'],
      ['b', 'a'],
      ['c', 'a'],
    ]
    expect((await run(batches, inWindow)).results).toEqual([ofB, both, ofA, []])
  })

  test('puts aside what is no edge, and joins results as any RDD', async () => {
    const bad = [['a'], 'text', ['a', 'b', 'c'], { src: 'a' }, null, 7]
    const many = [...bad, ...bad, ...bad]
    const { app, results } = await run([[AB, ...many, BC]], (edges) =>
      edges.transform(
        (rdd) => {
          const graph = Graph.fromEdges(rdd)
          return graph.inDegrees().join(graph.connectedComponents())
        },
        { pure: true },
      ),
    )
    expect(results).toEqual([
      [
        ['b', [1, 'a']],
        ['c', [1, 'a']],
      ],
    ])
    expect(await app.deadLetters()).toHaveLength(many.length)
  })
})
