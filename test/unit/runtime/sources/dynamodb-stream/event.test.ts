/** Changes of a table in events of Lambda, through both functions to the output. */
import { dynamodbStream, type DynamodbStreamOptions } from 'millrace/dynamodb-streams'
import { describe, expect, test } from 'vitest'
import { Random } from '../../../../../lib/testing/random.ts'
import type * as events from '../../../../../lib/runtime/sources/dynamodb-stream/event.ts'
import { Deployed } from '../../../functions/deployed.ts'
import { pipelineOf } from '../../harness.ts'

const ARN = 'arn:aws:dynamodb:eu-west-1:111111111111:table/orders/stream/2026-11-30T00:00:00.000'
const toTable: events.TableStreamLocation = { kind: 'dynamodb-stream', streamArn: ARN }

const deploy = (options: DynamodbStreamOptions = {}): Deployed =>
  new Deployed(
    pipelineOf((ssc) =>
      ssc
        .streamFrom(
          dynamodbStream('orders', {
            ...options,
            decode: ({ event, keys, newImage }) =>
              `${event} ${String(keys['id'])}=${String(newImage?.['n'])}`,
          }),
        )
        .print(10_000),
    ),
    { sources: { 'dynamodbStream-1': toTable } },
  )

/** A change of an item, as Lambda hands it on. */
const changeOf = (id: number, key: string, more: object = {}): object => ({
  eventID: `event-${id}`,
  eventName: 'MODIFY',
  eventSource: 'aws:dynamodb',
  eventSourceARN: ARN,
  dynamodb: {
    ApproximateCreationDateTime: 1_700_000_000 + id,
    Keys: { id: { S: key } },
    NewImage: { id: { S: key }, n: { N: String(id) } },
    SequenceNumber: String(1_000_000 + id),
  },
  ...more,
})

const printed = (app: Deployed): readonly string[] => app.printed().flatMap(([, lines]) => lines)
const bring = (app: Deployed, ...Records: readonly object[]) => app.invokeIntake({ Records })

describe('changes of a table', () => {
  test('count once, in their order, however often they come', async () => {
    const app = deploy()
    await bring(app, changeOf(1, 'a'), changeOf(2, 'b'))
    await bring(app, changeOf(1, 'a'), changeOf(2, 'b'), changeOf(3, 'a'))
    await app.pass()
    app.freeze()
    await bring(app, changeOf(2, 'b'), changeOf(3, 'a'), changeOf(4, 'a'))
    await app.pass(2)
    expect(printed(app)).toEqual(['MODIFY a=1', 'MODIFY b=2', 'MODIFY a=3', 'MODIFY a=4'])
  })

  test('are left out if they are other events, or from before the start', async () => {
    const startFrom = { at: new Date(1_700_000_003_400) }
    const app = deploy({ events: ['MODIFY'], startFrom })
    const insert = { eventName: 'INSERT' }
    await bring(app, changeOf(2, 'a'), changeOf(3, 'b'), changeOf(4, 'c', insert), changeOf(5, 'd'))
    await app.pass()
    expect(printed(app)).toEqual(['MODIFY b=3', 'MODIFY d=5'])
  })

  test('that cannot be read become dead letters, and others go on', async () => {
    const app = deploy()
    const broken = { Keys: { id: { S: 'a' } }, NewImage: { n: { N: 'seven' } } }
    await bring(app, changeOf(1, 'a', { dynamodb: broken }), changeOf(2, 'b'))
    await app.pass()
    expect(printed(app)).toEqual(['MODIFY b=2'])
    expect(await app.world.deadLetters()).toHaveLength(1)
  })

  test.each([
    ['of another table', changeOf(1, 'a', { eventSourceARN: `${ARN}x` })],
    ['without an id', changeOf(1, 'a', { eventID: '', dynamodb: {} })],
  ])('%s are refused', async (_, record) => {
    await expect(bring(deploy(), record)).rejects.toMatchObject({ code: 'EVENT_INVALID' })
  })

  test.each([1, 2, 3])('of shards at random are exact: seed %i', async (seed) => {
    const random = new Random(seed)
    const app = deploy()
    const shards = Array.from({ length: 3 }, () => ({ records: [] as object[], taken: 0 }))
    const expected = new Map<string, string[]>()
    for (let id = 0; id < 150; id++) {
      const shard = random.between(0, 2)
      const key = `${shard}${random.between(0, 3)}`
      shards[shard]?.records.push(changeOf(id, key))
      expected.set(key, [...(expected.get(key) ?? []), `MODIFY ${key}=${id}`])
    }
    while (shards.some(({ records, taken }) => taken < records.length)) {
      const shard = shards[random.between(0, 2)]
      if (shard === undefined || shard.taken === shard.records.length) continue
      const end = shard.taken + random.between(1, 8)
      await bring(app, ...shard.records.slice(shard.taken, end))
      // Otherwise the answer was lost, and they come again, perhaps with others.
      if (random.chance(0.6)) shard.taken = Math.min(end, shard.records.length)
      if (random.chance(0.1)) app.freeze()
      if (random.chance(0.3)) await app.pass()
    }
    await app.pass(3)
    const found = Map.groupBy(printed(app), (line) => /(\d+)=/.exec(line)?.[1] ?? '')
    expect(found).toEqual(expected)
  })
})
