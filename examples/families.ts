// Tells which families of Florence were the best connected by marriages, around 1430. Marriages
// stay: each batch adds its own to the graph of all marriages so far.
import { seconds, stream } from 'millrace'
import { Graph } from 'millrace/graph'

type Tie = [string, string]

export default stream('families', { batchInterval: seconds(10) }, (ssc) => {
  const ties = ssc
    .textFileStream('marriages', { existing: 'all' })
    // A marriage has no direction, and an edge has one.
    .flatMap((line): [Tie, number][] => {
      const [one = '', other = ''] = line.split(' ')
      return [
        [[one, other], 1],
        [[other, one], 1],
      ]
    })
    .updateStateByKey<number>((more, before = 0) => before + more.length)
    .map(([tie]) => tie)

  ties
    .transform(
      (rdd) => {
        const graph = Graph.fromEdges(rdd)
        const ranks = graph.pageRank(0.0001).join(graph.outDegrees()).join(graph.triangleCount())
        return ranks.sortBy(([, [[rank]]]) => rank, { ascending: false })
      },
      { pure: true },
    )
    .map(
      ([family, [[rank, marriages], triangles]]) =>
        `${family}: rank ${rank.toFixed(2)}, marriages ${marriages}, triangles ${triangles}`,
    )
    .print(5)

  ties
    .transform((rdd) => Graph.fromEdges(rdd).shortestPaths(['Medici']), { pure: true })
    .flatMap(([, ways]) => ways.map(([family, hops]) => `${hops} from the ${family}`))
    .countByValue()
    .print()
})
