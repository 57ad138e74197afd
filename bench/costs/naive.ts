/**
 * The naive way: a function for each shard reads and writes one item of DynamoDB for each key of
 * each batch. It goes through the same meter. It keeps no windows, logs nothing of its own, and has
 * no protection against batches that come twice.
 */
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { mapAtOnce } from '../../lib/base/concurrency.ts'
import { dollarsOf } from '../../lib/base/prices.ts'
import { usageMeter } from '../../lib/ports/meter.ts'
import { clientsOf } from '../aws/clients.ts'
import { Services } from '../aws/services.ts'
import { type Load, PLATFORM_LOG_BYTES } from './load.ts'
import { meterClients } from './sharded-app.ts'
import { userOf } from './visits.ts'

const CALLS_AT_ONCE = 16
const CALL_S = 0.006
const RECORD_S = 10e-6
const GIGABYTES = 0.5
/** More keys cost the same each, so no more are tried. */
const KEYS_MAX = 500
/** Lambda collects at most so long before it calls a function. */
const WINDOW_S_MAX = 300

/** Adds one to the item of each key. */
const countKeys = async (
  client: DynamoDBClient,
  counts: ReadonlyMap<string, number>,
): Promise<void> => {
  await mapAtOnce([...counts], CALLS_AT_ONCE, async ([user, count]) => {
    const named = { TableName: 'clicks', Key: { pk: { S: user }, sk: { S: '-' } } }
    const { Item } = await client.send(new GetItemCommand({ ...named, ConsistentRead: true }))
    const total = Number(Item?.['total']?.N ?? 0) + count
    const item = { pk: { S: user }, sk: { S: '-' }, total: { N: String(total) } }
    await client.send(new PutItemCommand({ TableName: 'clicks', Item: item }))
  })
}

/** What a million records cost in the naive way, in dollars. */
export const naiveDollars = async ({ recordsPerS, intervalS, shards }: Load): Promise<number> => {
  const records = Math.max(
    1,
    Math.round((recordsPerS * Math.min(intervalS, WINDOW_S_MAX)) / shards),
  )
  const counts = new Map<string, number>()
  for (let n = 0; n < records; n++) counts.set(userOf(n), (counts.get(userOf(n)) ?? 0) + 1)
  const tried = new Map([...counts].slice(0, KEYS_MAX))
  const meter = usageMeter()
  const clients = clientsOf(new Services(), () => 0)
  meterClients(clients, meter)
  await countKeys(clients.dynamodb, tried)
  const usage = meter.take()
  const scale = counts.size / tried.size
  const seconds = (counts.size * 2 * CALL_S) / CALLS_AT_ONCE + records * RECORD_S
  const batch =
    scale * dollarsOf(usage) +
    dollarsOf({
      invocations: 1,
      gigabyteSeconds: GIGABYTES * seconds,
      logBytes: PLATFORM_LOG_BYTES,
    })
  return (batch * 1e6) / records
}
