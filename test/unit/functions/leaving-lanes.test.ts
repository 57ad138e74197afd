import { expect, test } from 'vitest'
import { APP, pipelineOf } from '../runtime/harness.ts'
import { Deployed, toStream } from './deployed.ts'

const DAY_MS = 86_400_000
const SHARDS = 40

/** A record of one shard. */
const bring = async (app: Deployed, shard: number, at: number): Promise<void> =>
  app.bring(
    [{ sequenceNumber: String(at), data: Buffer.from('a').toString('base64') }],
    `shardId-${shard}`,
  )

test('the lanes of many shards leave with one question about their stream', async () => {
  const app = new Deployed(
    pipelineOf((ssc) => ssc.kinesisTextStream('lines').print()),
    { sources: { 'kinesisTextStream-1': toStream } },
  )
  await app.trigger()
  for (let shard = 0; shard < SHARDS; shard++) await bring(app, shard, 1)
  await app.pass(2)
  // They are emptied on one day, and get a TTL on a later one.
  for (const [index, days] of [1.5, 2.5].entries()) {
    app.world.advance(days * DAY_MS)
    app.freeze()
    await bring(app, SHARDS, index + 1)
    await app.pass(2)
  }
  expect(app.retentionAsked).toBe(1)
  const lanes = await app.world.store.query(`${APP}#in#0`)
  expect(lanes.filter(({ item }) => item['ttl'] !== undefined)).toHaveLength(SHARDS)
})
