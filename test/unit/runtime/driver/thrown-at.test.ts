import { expect, test } from 'vitest'
import { pipelineOf, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'

/** The event of a batch in which a function throws an error. */
const failureBy = async (error: Error) => {
  const world = new World()
  const pipeline = pipelineOf(
    (ssc) =>
      ssc
        .socketTextStream('localhost', 9999)
        .mapToPair((line) => [line, 1])
        .updateStateByKey<number>(() => {
          throw error
        })
        .print(),
    { onBadKey: 'fail' },
  )
  const app = world.deploy(pipeline)
  await app.tick()
  await app.append(SOURCE, 1, ['a'])
  await app.tick()
  return { failure: app.eventsOf('batchFailed')[0], reason: (await world.head()).reason }
}

test('a failure says where the function threw, in the event and in the head', async () => {
  const { failure, reason } = await failureBy(new Error('no'))
  expect(failure?.operator).toBe('updateStateByKey-1')
  expect(failure?.thrownAt).toMatch(/\/thrown-at\.test\.ts:\d+:\d+$/)
  expect(reason?.thrownAt).toBe(failure?.thrownAt)
})

test('the head stays small, whatever the text of a stack is', async () => {
  const error = new Error('no')
  error.stack = `Error: no\n    at f (/${'x'.repeat(15_000)}.ts:1:1)`
  const { reason } = await failureBy(error)
  expect(reason?.thrownAt?.length ?? 0).toBeLessThanOrEqual(300)
})
