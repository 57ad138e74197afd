/**
 * The counts of `npm run bench -- aws-batches` come from a table in memory that counts units by
 * DynamoDB's rules. Here the same invocations go to the endpoint, which reports how many units each
 * write took. (Its report of reads differs from AWS and is not compared.)
 */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Clients, clientsOf } from '../../bench/aws/clients.ts'
import { deployExample, type DeployedExample } from '../../bench/aws/deployment.ts'
import { Services } from '../../bench/aws/services.ts'
import { clientSettings } from '../../lib/adapters/aws/clients.ts'
import { s3Client } from '../../lib/adapters/aws/s3-client.ts'

const INTERVAL_MS = 1_000
const BATCHES = 12
const RECORDS = 100

/** One invocation at its time. */
type Step = readonly [nowMs: number, invoke: (app: DeployedExample) => Promise<void>]

interface WithCapacity {
  readonly ConsumedCapacity?:
    | { readonly CapacityUnits?: number }
    | readonly { readonly CapacityUnits?: number }[]
}

const unitsIn = ({ ConsumedCapacity = [] }: WithCapacity): number =>
  [ConsumedCapacity].flat().reduce((total, { CapacityUnits = 0 }) => total + CapacityUnits, 0)

/**
 * Clients of the endpoint. `written` returns the units that the endpoint reports for their writes.
 */
const realClients = async (): Promise<Clients & { written: () => number }> => {
  const dynamodb = new DynamoDBClient(clientSettings())
  let written = 0
  dynamodb.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const isWrite = commandName === 'PutItemCommand' || commandName === 'BatchWriteItemCommand'
        const result = await next(
          isWrite
            ? {
                ...args,
                input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } as typeof args.input,
              }
            : args,
        )
        if (isWrite) written += unitsIn(result.output as WithCapacity)
        return result
      },
    { step: 'initialize', name: 'consumedCapacity' },
  )
  const clients = { dynamodb, s3: s3Client(), sqs: new SQSClient(clientSettings()) }
  await dynamodb.send(
    new CreateTableCommand({
      TableName: 'clicks',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S' as const,
      })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  )
  for (const Bucket of ['blocks', 'results'])
    await clients.s3.send(new CreateBucketCommand({ Bucket }))
  await clients.sqs.send(new CreateQueueCommand({ QueueName: 'triggers' }))
  return { ...clients, written: () => written }
}

const queueOf = async ({ sqs }: Clients): Promise<string> =>
  (await sqs.send(new CreateQueueCommand({ QueueName: 'triggers' }))).QueueUrl ?? ''

test('writes take as many units as the bench counts', async () => {
  const real = await realClients()
  const moments = { nowMs: Date.now() }
  const app = deployExample(real, moments, INTERVAL_MS, await queueOf(real))
  const steps: Step[] = []
  const take = async (invoke: Step[1]): Promise<void> => {
    moments.nowMs = Date.now()
    steps.push([moments.nowMs, invoke])
    await invoke(app)
  }
  await take((one) => one.driver())
  for (let batch = 0; batch < BATCHES; batch++) {
    await take((one) => one.intake(RECORDS))
    await sleep(INTERVAL_MS - (Date.now() % INTERVAL_MS) + 5)
    const atMs = Date.now()
    await take((one) => one.driver(atMs))
  }

  const services = new Services()
  const again = { nowMs: 0 }
  const copy = deployExample(
    clientsOf(services, () => again.nowMs),
    again,
    INTERVAL_MS,
  )
  for (const [nowMs, invoke] of steps) {
    again.nowMs = nowMs
    await invoke(copy)
  }
  const counted = services.takeCalls().reduce((total, { writeUnits }) => total + writeUnits, 0)
  expect(counted).toBeGreaterThan(BATCHES * 5)
  expect(real.written()).toBe(counted)
})
