/** Results of graphs are the same to the last bit, however many processes read the edges. */
import { Graph } from 'millrace/graph'
import { expect, test } from 'vitest'
import { pipelineOf } from '../runtime/harness.ts'
import { BEHAVIOURS, executorsOf, seenIn, thirds } from '../runtime/tasks/executors-bed.ts'

const pipeline = () =>
  pipelineOf((ssc) => {
    const edges = thirds(ssc.textFileStream('in')).map(
      ([word, third]): [string, [number, string]] => [word.slice(0, 2), [third, word.slice(-1)]],
    )
    edges
      .transform(
        (rdd) => {
          const graph = Graph.fromEdges(rdd)
          return graph.pageRank(1e-6).join(graph.degrees())
        },
        { pure: true },
      )
      .map((found) => JSON.stringify(found))
      .saveAsTextFiles('out')
  })

test('alone, and with 1, 2 and 4 executors', async () => {
  const alone = await seenIn(pipeline(), undefined)
  expect([...alone.seen.files.values()].join('').length).toBeGreaterThan(1_000)
  expect(alone.seen.deadLetters.length).toBeGreaterThan(1)
  const behaviours = Object.values(BEHAVIOURS)
  for (const [at, count] of [1, 2, 4].entries()) {
    const spread = await seenIn(pipeline(), executorsOf(count, behaviours[at] as never))
    expect(spread.seen).toEqual(alone.seen)
  }
})
