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
    'detail-type': type,
    time: AT,
    detail: { bucket: { name: 'b' }, object: { key, 'version-id': version } },
  })

describe('notifications in messages', () => {
  test.each([
    ['a put', fromBucket('ObjectCreated:Put', 'in/a.txt'), [{ key: 'in/a.txt' }]],
    [
      'a copy, as after a rename',
      fromBucket('ObjectCreated:Copy', 'in/a.txt'),
      [{ key: 'in/a.txt' }],
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
  ])('%s', (_, message, notifications) => {
    expect(notificationsIn(message)).toEqual(
      notifications.map((notification) => ({ bucket: 'b', eventMs: AT_MS, ...notification })),
    )
  })

  test('a message that is not JSON is an error', () =>
    expect(() => notificationsIn('{')).toThrow(SyntaxError))
})
