import { describe, expect, test } from 'vitest'
import { notificationsIn } from '../../../../../lib/runtime/sources/objects/events.ts'

const AT = '2026-11-22T16:44:44.582Z'
const AT_MS = Date.parse(AT)

const fromBucket = (eventName: string, key: string, versionId?: string): string =>
  JSON.stringify({
    Records: [
      {
        eventVersion: '2.6',
        eventSource: 'aws:s3',
        eventName,
        eventTime: AT,
        s3: { bucket: { name: 'b' }, object: { key, versionId } },
      },
    ],
  })

const fromBridge = (type: string, key: string, version?: string): string =>
  JSON.stringify({
    source: 'aws.s3',
    'detail-type': type,
    time: AT,
    detail: { bucket: { name: 'b' }, object: { key, 'version-id': version } },
  })

/** A record of S3 with changed parts. */
const record = (changes: object, key: unknown = 'in/a.txt'): string =>
  JSON.stringify({
    Records: [
      {
        eventName: 'ObjectCreated:Put',
        eventTime: AT,
        s3: { bucket: { name: 'b' }, object: { key, versionId: null } },
        ...changes,
      },
    ],
  })

const inTopic = (message: string, more: object = {}): string =>
  JSON.stringify({
    Type: 'Notification',
    MessageId: 'm',
    TopicArn: 'arn:aws:sns:eu-west-1:123456789012:t',
    Subject: 'Amazon S3 Notification',
    Message: message,
    ...more,
  })

describe('notifications in messages', () => {
  test.each([
    ['a put', fromBucket('ObjectCreated:Put', 'in/a.txt'), [{ key: 'in/a.txt' }]],
    [
      'a copy, as after a rename',
      fromBucket('ObjectCreated:Copy', 'in/a.txt'),
      [{ key: 'in/a.txt', isCopy: true }],
    ],
    [
      'the end of a multipart upload',
      fromBucket('ObjectCreated:CompleteMultipartUpload', 'in/a.txt'),
      [{ key: 'in/a.txt' }],
    ],
    [
      'a version',
      fromBucket('ObjectCreated:Put', 'in/a.txt', 'v1'),
      [{ key: 'in/a.txt', version: 'v1' }],
    ],
    [
      'space, plus and percent, encoded',
      fromBucket('ObjectCreated:Put', 'in/a+b%2B%C3%A9%25.txt'),
      [{ key: 'in/a b+é%.txt' }],
    ],
    ['a deletion', fromBucket('ObjectRemoved:Delete', 'in/a.txt'), []],
    ['a folder of a console', fromBucket('ObjectCreated:Put', 'in/'), []],
    [
      'the test event',
      JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'b' }),
      [],
    ],
    [
      'through EventBridge, plain',
      fromBridge('Object Created', 'in/a b+é%.txt'),
      [{ key: 'in/a b+é%.txt' }],
    ],
    [
      'through EventBridge, a version',
      fromBridge('Object Created', 'in/a.txt', 'v1'),
      [{ key: 'in/a.txt', version: 'v1' }],
    ],
    ['through EventBridge, a deletion', fromBridge('Object Deleted', 'in/a.txt'), []],
    ['through EventBridge, new tags', fromBridge('Object Tags Added', 'in/a.txt'), []],
    ['a delete marker', fromBucket('ObjectRemoved:DeleteMarkerCreated', 'in/a.txt', 'v2'), []],
    ['the end of a restore', fromBucket('ObjectRestore:Completed', 'in/a.txt'), []],
    ['a version that is null', record({}), [{ key: 'in/a.txt' }]],
    ['unicode as it is', record({}, 'in/ü€😀.txt'), [{ key: 'in/ü€😀.txt' }]],
    [
      'the name of an event as emulators write it',
      record({ eventName: 's3:ObjectCreated:Put' }),
      [{ key: 'in/a.txt' }],
    ],
    ['no time', record({ eventTime: undefined }), [{ key: 'in/a.txt', eventMs: 0 }]],
    ['a time that is none', record({ eventTime: 'soon' }), [{ key: 'in/a.txt', eventMs: 0 }]],
    ['a time that is a number', record({ eventTime: 5 }), [{ key: 'in/a.txt', eventMs: 0 }]],
    ['in an envelope of SNS', inTopic(record({})), [{ key: 'in/a.txt' }]],
    [
      'in two envelopes of SNS',
      inTopic(inTopic(fromBucket('ObjectCreated:Put', 'in/a+b.txt'))),
      [{ key: 'in/a b.txt' }],
    ],
    [
      'through EventBridge, in an envelope of SNS',
      inTopic(fromBridge('Object Created', 'in/a+b.txt', 'v1')),
      [{ key: 'in/a+b.txt', version: 'v1' }],
    ],
    [
      'the test event, in an envelope of SNS',
      inTopic(JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'b' })),
      [],
    ],
    ['no records at all', JSON.stringify({ Records: [] }), []],
  ])('%s', (_, message, notifications) => {
    expect(notificationsIn(message)).toEqual(
      notifications.map((notification) => ({ bucket: 'b', eventMs: AT_MS, ...notification })),
    )
  })

  test.each([
    ['that is not JSON', 'hello'],
    ['that is cut off', fromBucket('ObjectCreated:Put', 'in/a.txt').slice(0, -2)],
    ['that is null', 'null'],
    ['that is a number', '7'],
    ['that is an empty list', '[]'],
    ['that is an empty object', '{}'],
    ['with a bare % in its key', record({}, 'in/100%.txt')],
    ['with a key that is not UTF-8', record({}, 'in/%ff.txt')],
    ['without a key', record({}, null)],
    ['with an empty key', record({}, '')],
    ['with a key that is a number', record({}, 7)],
    ['without a bucket', record({ s3: { object: { key: 'a' } } })],
    ['without the part of S3', record({ s3: undefined })],
    ['whose part of S3 is null', record({ s3: null })],
    ['whose record is null', JSON.stringify({ Records: [null] })],
    ['without the name of its event', record({ eventName: undefined })],
    ['of another service', JSON.stringify({ Records: [{ eventSource: 'aws:ses', ses: {} }] })],
    [
      'of CloudTrail about the same upload',
      JSON.stringify({ source: 'aws.s3', 'detail-type': 'AWS API Call via CloudTrail' }),
    ],
    [
      'of EventBridge from another source',
      fromBridge('Object Created', 'in/a.txt').replace('aws.s3', 'my.own'),
    ],
    ['of EventBridge without its detail', JSON.stringify({ 'detail-type': 'Object Created' })],
    ['of SNS that asks to confirm', inTopic('You ...', { Type: 'SubscriptionConfirmation' })],
    ['of SNS with a text', inTopic('hello')],
    ['of SNS in too many envelopes', [1, 2, 3, 4].reduce((text) => inTopic(text), record({}))],
    ['whose fields have other names', record({}).replace('Records', 'records')],
  ])('a message %s is refused', (_, message) => {
    expect(() => notificationsIn(message)).toThrow(
      expect.objectContaining({ code: 'EVENT_INVALID', retryable: false }) as Error,
    )
  })
})
