import { expect, test } from 'vitest'
import { countBytes, pipelineOf, World } from '../harness.ts'

const SOURCE = 'kinesisStream-1'

/** The bytes of segments that a cold process reads for one batch, with so many blocks waiting. */
const bytesOfColdBatch = async (blocks: number): Promise<number> => {
  const world = new World()
  const pipeline = pipelineOf((ssc) => ssc.kinesisStream('s').count().print(), {
    limits: { records: 10 },
  })
  const app = world.deploy(pipeline)
  await app.tick()
  const record = new Uint8Array(20_000).map((_, index) => (index * index * 31) % 251)
  for (let block = 0; block < blocks; block++)
    await app.append(SOURCE, 1 + block * 10, Array<unknown>(10).fill(record))
  const read = countBytes(world.store, '#seg#')
  world.advance(1_000)
  const cold = world.deploy(pipeline)
  let batches = 0
  await cold.driver.run({ mayGoOn: () => ++batches < 1 })
  expect(cold.eventsOf('batchCompleted').map(({ records }) => records)).toEqual([10])
  return read.bytes
}

test('B8: what a cold start reads does not grow with what waits', async () => {
  const few = await bytesOfColdBatch(10)
  const many = await bytesOfColdBatch(300)
  expect(few).toBeGreaterThan(0)
  expect(many).toBeLessThan(few + 10_000)
})
