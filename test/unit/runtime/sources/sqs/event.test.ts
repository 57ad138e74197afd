/** Which events belong to a queue, and what they contain. */
import { describe, expect, test } from 'vitest'
import { parseDeployedSource } from '../../../../../lib/runtime/sources/deployed.ts'
import { eventRoutes } from '../../../../../lib/runtime/intake/event-routes.ts'
import type { Location } from '../../../../../lib/runtime/locations.ts'
import { readEvent } from '../../../../../lib/runtime/intake/event-reader.ts'
import type { ObjectsLocation } from '../../../../../lib/runtime/sources/objects/event-messages.ts'
import type { SqsLocation } from '../../../../../lib/runtime/sources/sqs/event.ts'
import { pipelineOf } from '../../harness.ts'
import { messageOf, QUEUE_ARN } from './queue-bed.ts'

const OTHER_ARN = 'arn:aws:sqs:eu-west-1:123456789012:notifications'

const drops: ObjectsLocation = {
  kind: 'objects',
  bucket: 'drops',
  prefix: '',
  queueArn: OTHER_ARN,
}
const queue = (queueArn: string): SqsLocation => ({ kind: 'sqs', queueArn })

const locations = new Map<string, Location>([
  ['textFileStream-1', drops],
  ['sqsTextStream-1', queue(QUEUE_ARN)],
  ['sqsTextStream-2', queue(QUEUE_ARN)],
  ['sqsTextStream-3', queue(`${QUEUE_ARN}.fifo`)],
])

const plan = pipelineOf((ssc) => {
  ssc.textFileStream('s3://drops').print()
  for (const name of ['orders', 'orders', 'others']) ssc.sqsTextStream(name).print()
}).build()

const routes = eventRoutes(plan, locations, {
  objects: { open: () => Promise.reject(new Error()) },
})

const read = async (...records: readonly object[]) =>
  (await readEvent({ Records: records }, routes)).appends

const notification = JSON.stringify({
  Records: [
    {
      eventName: 'ObjectCreated:Put',
      eventTime: new Date(0).toISOString(),
      s3: { bucket: { name: 'drops' }, object: { key: 'a' } },
    },
  ],
})

describe('an event', () => {
  test('gives its messages to every source of its queue, in order', async () => {
    const records = [
      { id: 'b', body: 'b' },
      { id: 'a', body: 'a' },
    ]
    expect(await read(messageOf('b'), messageOf('a'))).toEqual([
      { source: 'sqsTextStream-1', lane: '@messages', records },
      { source: 'sqsTextStream-2', lane: '@messages', records },
    ])
  })

  test('differs by the ARN of its queue from an event with notifications', async () => {
    const message = { ...messageOf('a', OTHER_ARN), body: notification }
    expect(await read(message)).toMatchObject([
      { source: 'textFileStream-1', lane: '@notifications', records: [{ key: 'a' }] },
    ])
    const other = { ...messageOf('a'), body: notification }
    expect(await read(other)).toMatchObject([
      { source: 'sqsTextStream-1', records: [{ id: 'a', body: notification }] },
      { source: 'sqsTextStream-2' },
    ])
  })

  test.each([
    ['has no id', { ...messageOf('a'), messageId: undefined }],
    ['has an empty id', { ...messageOf('a'), messageId: '' }],
    ['has no body', { ...messageOf('a'), body: undefined }],
    ['has a body that is not text', { ...messageOf('a'), body: { text: 'a' } }],
    ['is of another queue', messageOf('a', `${QUEUE_ARN}.fifo`)],
    ['is of another service', { ...messageOf('a'), eventSource: 'aws:sns' }],
  ])('is refused as a whole if a message %s', async (_, record) => {
    await expect(read(messageOf('b'), record)).rejects.toMatchObject({ code: 'EVENT_INVALID' })
  })

  test('of a queue without a source is refused', async () => {
    const message = messageOf('a', 'arn:aws:sqs:eu-west-1:123456789012:foreign')
    await expect(read(message)).rejects.toMatchObject({ code: 'EVENT_INVALID' })
  })
})

test.each([
  [
    { kind: 'sqs', queueArn: QUEUE_ARN },
    { kind: 'sqs', queueArn: QUEUE_ARN },
  ],
  [{ kind: 'sqs', queueArn: '' }, undefined],
  [{ kind: 'sqs', queueArn: 7 }, undefined],
  [{ kind: 'sqs' }, undefined],
])('the stored location %j is read as %j', (stored, location) => {
  expect(parseDeployedSource(stored)).toEqual(location)
})
