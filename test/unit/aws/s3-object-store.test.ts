import type {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { s3ObjectStore } from '../../../lib/adapters/aws/s3-object-store.ts'
import type { ObjectVersion } from '../../../lib/ports/object-store.ts'

type Command = HeadObjectCommand | GetObjectCommand | ListObjectsV2Command

/** A client that always gives this answer, and records its requests. */
const clientWith = (answer: unknown) => {
  const asked: Command['input'][] = []
  const send = async (command: Command): Promise<unknown> => {
    asked.push(command.input)
    if (answer instanceof Error) throw answer
    return answer
  }
  const client = { send, middlewareStack: { add: () => undefined } } as unknown as S3Client
  return { asked, objects: s3ObjectStore({ bucket: 'b', client }) }
}

const failure = (name: string, httpStatusCode: number): Error =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } })
const modified = new Date(5_000)

describe('the head of a key', () => {
  test.each([
    ['without versions', { ETag: '"e"' }, { version: '"e"', isVersioned: false }],
    [
      'from before the bucket had versions',
      { ETag: '"e"', VersionId: 'null' },
      { version: '"e"', isVersioned: false },
    ],
    [
      'with versions',
      { ETag: '"e"', VersionId: 'v1' },
      { version: 'v1', isVersioned: true, entityTag: '"e"' },
    ],
  ])('%s', async (_, headers, expected) => {
    const { objects } = clientWith({ ...headers, LastModified: modified, ContentLength: 3 })
    expect(await objects.head('a')).toEqual({
      key: 'a',
      modifiedMs: 5_000,
      sizeBytes: 3,
      ...expected,
    })
  })

  test.each([
    failure('NotFound', 404),
    failure('NoSuchVersion', 404),
    failure('MethodNotAllowed', 405),
  ])('is undefined: %s', async (error) => {
    expect(await clientWith(error).objects.head('a', 'v1')).toBeUndefined()
  })

  test('if it is refused, the error names the permission', async () => {
    await expect(clientWith(failure('AccessDenied', 403)).objects.head('a')).rejects.toThrow(
      's3:GetObject',
    )
  })
})

describe('an object that S3 refuses to give', () => {
  const object: ObjectVersion = {
    key: 'a',
    version: '"e"',
    isVersioned: false,
    modifiedMs: 5_000,
    sizeBytes: 3,
  }

  // The answer to a HEAD has no body: the SDK knows only its status.
  test.each([
    ['read', 'no rights to it', failure('AccessDenied', 403), 'OBJECT_REFUSED', false],
    ['read', 'an archive', failure('InvalidObjectState', 403), 'OBJECT_ARCHIVED', false],
    ['read', 'a disabled key', failure('KMS.DisabledException', 400), 'OBJECT_REFUSED', false],
    ['read', 'a key of its owner', failure('InvalidRequest', 400), 'OBJECT_REFUSED', false],
    ['read', 'throttling of KMS', failure('SlowDown', 503), 'OBJECT_UNREADABLE', true],
    ['read', 'a lost connection', failure('TimeoutError', 0), 'OBJECT_UNREADABLE', true],
    ['read', 'a bucket that is gone', failure('NoSuchBucket', 404), undefined, undefined],
    ['read', 'an expired token', failure('ExpiredToken', 400), 'OBJECT_UNREADABLE', false],
    ['head', 'no rights to it or its key', failure('Forbidden', 403), 'OBJECT_REFUSED', false],
    ['head', 'a key of its owner', failure('BadRequest', 400), 'OBJECT_REFUSED', false],
    ['head', 'another region', failure('PermanentRedirect', 301), 'OBJECT_UNREADABLE', false],
    ['head', 'throttling', failure('503', 503), 'OBJECT_UNREADABLE', true],
  ] as const)('%s: %s', async (call, _, error, code, retryable) => {
    const { objects } = clientWith(error)
    const answer = call === 'read' ? objects.read(object) : objects.head('a')
    if (code === undefined) expect(await answer).toEqual({ found: false, gone: 'missing' })
    else await expect(answer).rejects.toMatchObject({ code, retryable })
  })
})

describe('a read is pinned', () => {
  const object: ObjectVersion = {
    key: 'a',
    version: 'v1',
    isVersioned: true,
    modifiedMs: 5_000,
    sizeBytes: 3,
  }
  const body = { Body: { transformToByteArray: async () => Buffer.from('abc') } }

  test.each([
    ['to the version', object, { VersionId: 'v1' }],
    ['to the entity tag', { ...object, version: '"e"', isVersioned: false }, { IfMatch: '"e"' }],
  ])('%s', async (_, pinned, condition) => {
    const { asked, objects } = clientWith(body)
    expect(await objects.read(pinned)).toEqual({ found: true, bytes: Buffer.from('abc') })
    expect(asked).toEqual([{ Bucket: 'b', Key: 'a', ...condition }])
  })

  test.each([
    ['as the server gives it', { ContentRange: 'bytes 1-3/9' }, 'abc'],
    ['out of all, if the server ignores the range', {}, 'bc'],
  ])('in part: %s', async (_, headers, part) => {
    const { asked, objects } = clientWith({ ...body, ...headers })
    const content = await objects.read(object, { from: 1, to: 4 })
    expect(content.found && Buffer.from(content.bytes).toString()).toBe(part)
    expect(asked).toMatchObject([{ Range: 'bytes=1-3' }])
  })

  test.each([
    [failure('NoSuchKey', 404), 'missing'],
    [failure('PreconditionFailed', 412), 'replaced'],
  ] as const)('and reports %s', async (error, gone) => {
    expect(await clientWith(error).objects.read(object)).toEqual({ found: false, gone })
  })
})

describe('a page of a listing', () => {
  const page = {
    Contents: [
      { Key: 'in/', LastModified: modified },
      { Key: 'in/a', LastModified: modified },
      { Key: 'in/_b/c', LastModified: modified },
    ],
  }

  test('has no folders and no hidden objects', async () => {
    const { asked, objects } = clientWith({ ...page, IsTruncated: false })
    expect(await objects.list('in/')).toEqual({ objects: [{ key: 'in/a', modifiedMs: 5_000 }] })
    expect(asked).toEqual([{ Bucket: 'b', Prefix: 'in/' }])
  })

  test('says where the next page begins, even after a hidden object', async () => {
    const { asked, objects } = clientWith({ ...page, IsTruncated: true })
    expect(await objects.list('in/', 'in/0')).toMatchObject({ next: 'in/_b/c' })
    expect(asked).toEqual([{ Bucket: 'b', Prefix: 'in/', StartAfter: 'in/0' }])
  })

  test('if it is refused, the error names the permission', async () => {
    await expect(clientWith(failure('AccessDenied', 403)).objects.list('in/')).rejects.toThrow(
      's3:ListBucket',
    )
  })
})
