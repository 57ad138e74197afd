import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis'
import { ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import { expect } from 'vitest'
import { s3Client } from '../../../../lib/adapters/aws/s3-client.ts'
import type { KinesisEventRecord } from '../../../../lib/runtime/sources/kinesis/event.ts'
import { type Application, kinesisClient } from '../application.ts'
import { sayCounts } from '../world.ts'
import type { Step } from './step.ts'

const RECORDS_PER_EVENT = 400
const OVERLAP = 100
const MESSAGES_PER_EVENT = 10

/** The records of each shard, as Lambda would deliver them. */
const recordsOf = async (
  clicks: Application,
): Promise<readonly (readonly KinesisEventRecord[])[]> => {
  const StreamName = clicks.output('TestStream')
  const { Shards = [] } = await kinesisClient().send(new ListShardsCommand({ StreamName }))
  return Promise.all(
    Shards.map(async ({ ShardId = '' }) => {
      const from = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const
      const { ShardIterator } = await kinesisClient().send(new GetShardIteratorCommand(from))
      const { Records = [] } = await kinesisClient().send(
        new GetRecordsCommand({ ShardIterator, Limit: 2_000 }),
      )
      return Records.map(
        ({
          SequenceNumber = '',
          PartitionKey = '',
          Data = new Uint8Array(),
          ApproximateArrivalTimestamp,
        }) => ({
          eventID: `${ShardId}:${SequenceNumber}`,
          eventSourceARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`,
          kinesis: {
            partitionKey: PartitionKey,
            sequenceNumber: SequenceNumber,
            data: Buffer.from(Data).toString('base64'),
            approximateArrivalTimestamp: (ApproximateArrivalTimestamp?.getTime() ?? 0) / 1_000,
          },
        }),
      )
    }),
  )
}

/** Overlapping pieces. */
const pieces = <T>(all: readonly T[], size: number, overlap = 0): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / (size - overlap)) }, (_, index) =>
    all.slice(index * (size - overlap)).slice(0, size),
  )

/** A notification for each existing upload, in the form that a bucket sends through a queue. */
const notificationsOf = async (clicks: Application): Promise<readonly object[]> => {
  const name = clicks.output('TestDrop')
  const { Versions = [] } = await s3Client().send(new ListObjectVersionsCommand({ Bucket: name }))
  return Versions.map(({ Key = '', VersionId, LastModified }) => {
    const object = { key: encodeURIComponent(Key).replaceAll('%20', '+'), versionId: VersionId }
    const record = {
      eventName: 'ObjectCreated:Put',
      eventTime: LastModified?.toISOString(),
      s3: { bucket: { name }, object },
    }
    return { eventSource: 'aws:sqs', body: JSON.stringify({ Records: [record] }) }
  })
}

export const twiceSteps: readonly Step[] = [
  {
    name: 'records and notifications that are delivered again do not count again',
    async run(world) {
      const { clicks, model } = world
      const shards = await recordsOf(clicks)
      let records = 0
      for (const Records of shards.flatMap((shard) => pieces(shard, RECORDS_PER_EVENT, OVERLAP))) {
        for (let times = 0; times < 2; times++) await clicks.invoke(clicks.intake, { Records })
        records += 2 * Records.length
      }
      const notifications = await notificationsOf(clicks)
      for (const Records of pieces(notifications, MESSAGES_PER_EVENT))
        for (let times = 0; times < 2; times++) await clicks.invoke(clicks.intake, { Records })
      // After everything that was delivered again: when this is counted, all of that has been
      // processed.
      await world.send('after the repeated records', 10)
      const counts = await world.settled()
      expect(counts).toEqual({ counted: model.size, lost: 0, twice: 0 })
      return (
        `${records.toLocaleString('en')} deliveries of records and ` +
        `${2 * notifications.length} notifications made again ` +
        `(the emulator repeats neither): ${sayCounts(counts)}`
      )
    },
  },
]
