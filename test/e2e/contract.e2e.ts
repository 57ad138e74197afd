import {
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientSettings } from '../../lib/adapters/aws/clients.ts'
import { dynamodbClient } from '../../lib/adapters/aws/dynamodb-client.ts'
import { dynamodbItemStore } from '../../lib/adapters/aws/dynamodb-item-store.ts'
import { dynamodbTableSink } from '../../lib/adapters/aws/dynamodb-table-sink.ts'
import { s3BlobStore } from '../../lib/adapters/aws/s3-blob-store.ts'
import { s3Client } from '../../lib/adapters/aws/s3-client.ts'
import { listKeys, readObject } from '../../lib/adapters/aws/s3-files.ts'
import { s3ObjectStore } from '../../lib/adapters/aws/s3-object-store.ts'
import { s3Sink } from '../../lib/adapters/aws/s3-sink.ts'
import { withBlobs } from '../../lib/adapters/blob-item-store.ts'
import { attributesOf, rowOf } from '../contract/attributes.ts'
import { blobStoreContract } from '../contract/blob-store.contract.ts'
import { errorOf, expectError } from '../contract/errors.ts'
import { fileSinkContract, renamedPart } from '../contract/file-sink.contract.ts'
import { itemStoreContract } from '../contract/item-store.contract.ts'
import { objectStoreContract } from '../contract/object-store.contract.ts'
import { type Attributes, tableSinkContract } from '../contract/table-sink.contract.ts'
import { fenceOf, writeBatch } from '../contract/write-batch.ts'

const table = `contract-${randomUUID()}`
const otherClient = new DynamoDBClient(clientSettings())

beforeAll(async () => {
  await dynamodbClient().send(
    new CreateTableCommand({
      TableName: table,
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
})
afterAll(() => otherClient.destroy())

itemStoreContract('DynamoDB', async () => ({
  store: dynamodbItemStore({ table }),
  other: dynamodbItemStore({ table, client: otherClient }),
}))

test('texts that UTF-8 cannot hold stay distinct in DynamoDB, and are read unchanged', async () => {
  const store = dynamodbItemStore({ table })
  const partition = `${randomUUID()}\ud800`
  const sorts = ['\ud800', '\udbff\ud800', '\udc00', '\ufffd', 'a\ud83d', 'a😀', '␚', 'pk', 'sk']
  await store.putAll(sorts.map((sort) => ({ partition, sort, item: { [sort]: sort } })))
  for (const sort of sorts) expect(await store.get({ partition, sort })).toEqual({ [sort]: sort })
  expect(new Set((await store.query(partition)).map(({ sort }) => sort))).toEqual(new Set(sorts))
})

test('the store on AWS reports the time', async () => {
  const store = dynamodbItemStore({ table })
  await store.get({ partition: 'p', sort: 's' })
  expect(Math.abs((store.answeredMs?.() ?? 0) - Date.now())).toBeLessThan(10_000)
})

test('a missing table gives an error', async () => {
  const store = dynamodbItemStore({ table: `${table}-none` })
  const key = { partition: 'p', sort: 's' }
  await expectError(() => store.get(key), 'STORE_NOT_FOUND')
  await expectError(() => store.putAll([{ ...key, item: {} }]), 'STORE_NOT_FOUND')
  await expectError(() => store.compareAndSet(key, 'absent', {}), 'STORE_NOT_FOUND')
})

const newBucket = async (): Promise<string> => {
  const bucket = `contract-${randomUUID()}`
  await s3Client().send(new CreateBucketCommand({ Bucket: bucket }))
  return bucket
}

const plantObject = async (bucket: string, key: string, bytes: Uint8Array): Promise<void> => {
  await s3Client().send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }))
}

const objectsIn = async (bucket: string): Promise<ReadonlyMap<string, Uint8Array>> => {
  const place = { client: s3Client(), bucket }
  const keys = await listKeys(place, '')
  return new Map(
    await Promise.all(
      keys.map(
        async (key) => [key, (await readObject(place, key))?.bytes ?? new Uint8Array()] as const,
      ),
    ),
  )
}

fileSinkContract(
  'S3',
  async () => {
    const bucket = await newBucket()
    return {
      sink: s3Sink({ bucket }),
      renames: renamedPart,
      files: () => objectsIn(bucket),
      plant: (path, bytes) => plantObject(bucket, path, bytes),
    }
  },
  true,
)

test('outputs in a missing bucket', async () => {
  const sink = s3Sink({ bucket: `none-${randomUUID()}` })
  await expectError(
    () => writeBatch(sink, { path: 'a', timeMs: 1_000 }, fenceOf(1, 1), [Buffer.from('x')]),
    'OUTPUT_FAILED',
  )
})

const createTable = async (...keys: readonly string[]): Promise<string> => {
  const name = `outputs-${randomUUID()}`
  await dynamodbClient().send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keys.map((AttributeName, index) => ({
        AttributeName,
        KeyType: index === 0 ? 'HASH' : 'RANGE',
      })),
    }),
  )
  return name
}

const itemsIn = async (name: string): Promise<ReadonlyMap<string, Attributes>> => {
  // The tables of these tests fit into one page.
  const { Items = [] } = await dynamodbClient().send(
    new ScanCommand({ TableName: name, ConsistentRead: true }),
  )
  return new Map(Items.map((row) => [row['key']?.S ?? '', attributesOf(row)]))
}

tableSinkContract('DynamoDB', async () => {
  const name = await createTable('key')
  return {
    sink: dynamodbTableSink({ table: name }),
    items: () => itemsIn(name),
    async plant(item) {
      await dynamodbClient().send(new PutItemCommand({ TableName: name, Item: rowOf(item) }))
    },
  }
})

test.each<[string, () => Promise<string>, string]>([
  ['that is not there', async () => `none-${randomUUID()}`, 'no such table'],
  ['with another key', () => createTable('id'), 'partition key "key"'],
  ['with a sort key', () => createTable('key', 'sort'), 'without a sort key'],
])('outputs to a table %s', async (_, create, named) => {
  const sink = dynamodbTableSink({ table: await create() })
  const error = await errorOf(() =>
    writeBatch(sink, { path: '1000', timeMs: 1_000 }, fenceOf(1, 1), [[{ key: 'a', value: 1 }]]),
  )
  expect({ code: error.code, retryable: error.retryable }).toEqual({
    code: 'OUTPUT_FAILED',
    retryable: false,
  })
  expect(error.message).toContain(named)
})

blobStoreContract('S3', async () => s3BlobStore({ bucket: await newBucket(), prefix: 'blocks/' }))

itemStoreContract('DynamoDB with blobs in S3', async () => {
  const bucket = await newBucket()
  const store = withBlobs(dynamodbItemStore({ table }), s3BlobStore({ bucket }))
  return { store, other: store }
})

const removeObject = async (bucket: string, key: string): Promise<void> => {
  await s3Client().send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
}

for (const versioned of [false, true])
  objectStoreContract(`S3, ${versioned ? 'with' : 'without'} versions`, async () => {
    const bucket = await newBucket()
    const VersioningConfiguration = { Status: 'Enabled' } as const
    if (versioned)
      await s3Client().send(
        new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }),
      )
    return {
      objects: s3ObjectStore({ bucket }),
      isVersioned: versioned,
      write: (key, bytes) => plantObject(bucket, key, bytes),
      remove: (key) => removeObject(bucket, key),
    }
  })

test.each(['a b', 'a+b', 'a%b', 'a%2Bb', 'ä€😀', "it's (*)!", 'a&b=c?d', '"<a>"', '\\'])(
  'the key %j is listed and read',
  async (name) => {
    const bucket = await newBucket()
    const key = `in/${name}`
    await plantObject(bucket, key, Buffer.from('x'))
    const objects = s3ObjectStore({ bucket })
    expect((await objects.list('in/')).objects).toMatchObject([{ key }])
    const object = await objects.head(key)
    expect(await objects.read(object!)).toEqual({
      found: true,
      bytes: Uint8Array.from(Buffer.from('x')),
    })
  },
)

/** Loads the module once more, as another process would: attempts within one process take turns. */
const anotherProcess = async (index: number): Promise<typeof s3Sink> => {
  const copy = (await import(
    /* @vite-ignore */ `../../lib/adapters/aws/s3-sink.ts?copy=${index}`
  )) as { readonly s3Sink: typeof s3Sink }
  return copy.s3Sink
}

test('with attempts in several processes at once, the newest output stays complete', async () => {
  const bucket = await newBucket()
  const processes = await Promise.all([0, 1, 2, 3, 4].map(anotherProcess))
  for (let generation = 0; generation < 6; generation++) {
    const attempts = processes.map((open, epoch) => {
      const parts = Array.from({ length: 3 + epoch }, () => Buffer.from(`${generation}-${epoch}`))
      const batch = { path: 'out', timeMs: 1_000 }
      return writeBatch(open({ bucket }), batch, fenceOf(generation, epoch), parts)
    })
    await Promise.allSettled(attempts)
    const found = new Map(
      [...(await objectsIn(bucket))].map(([key, bytes]) => [key, Buffer.from(bytes).toString()]),
    )
    const success = JSON.parse(found.get('out/_SUCCESS') ?? '{}') as { parts: readonly string[] }
    expect(success).toMatchObject({ generation, epoch: 4 })
    const named = success.parts
    expect(named.map((part) => found.get(`out/${part}`))).toEqual(Array(7).fill(`${generation}-4`))
    // A part of an older attempt that came after the newest may stay: nothing names it.
    const others = [...found.keys()].filter((key) => !named.includes(key.slice('out/'.length)))
    for (const key of others) expect(key).toMatch(/^out\/(_SUCCESS|part-\d{5}-[0-9a-f]{32})$/)
  }
})
