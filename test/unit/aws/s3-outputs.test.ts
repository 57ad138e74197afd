import { describe, expect, test } from 'vitest'
import { s3BlobStore } from '../../../lib/adapters/aws/s3-blob-store.ts'
import { s3Sink } from '../../../lib/adapters/aws/s3-sink.ts'
import { errorOf } from '../../contract/errors.ts'
import { fenceOf, writeBatch } from '../../contract/write-batch.ts'
import { type Answer, fakeS3 } from './fake-service.ts'

const failure = (status: number, code: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
})
const emptyList: Answer = {
  status: 200,
  body: '<?xml version="1.0"?><ListBucketResult></ListBucketResult>',
}

/**
 * A write into an empty bucket. Its puts get these answers one after the other; later puts succeed.
 */
const writeWhosePuts = (...answers: Answer[]) => {
  const puts: string[] = []
  const client = fakeS3(({ action }) => {
    if (action.startsWith('HEAD')) return { status: 404 }
    if (action.startsWith('GET')) return emptyList
    puts.push(action.split('/').at(-1) ?? '')
    return answers.shift() ?? { status: 200, headers: { etag: '"e"' } }
  })
  const write = (): Promise<void> =>
    writeBatch(s3Sink({ bucket: 'b', client }), { path: 'out', timeMs: 1_000 }, fenceOf(1, 1), [
      Buffer.from('a'),
    ])
  return { write, puts }
}

describe('outputs in S3', () => {
  test('a write that conflicts with another one is tried again', async () => {
    const { write, puts } = writeWhosePuts(
      failure(409, 'ConditionalRequestConflict'),
      failure(409, 'ConditionalRequestConflict'),
    )
    await write()
    expect(puts).toEqual(['part-00000', 'part-00000', 'part-00000', '_SUCCESS'])
  })

  test('a part whose name was taken by other bytes gets another name', async () => {
    const { write, puts } = writeWhosePuts(failure(412, 'PreconditionFailed'))
    await write()
    expect(puts).toEqual(['part-00000', 'part-00000-ca978112ca1bbdcafac231b39a23dc4d', '_SUCCESS'])
  })

  test.each<[string, Answer, boolean, string]>([
    ['slow down', failure(503, 'SlowDown'), true, 'SlowDown'],
    ['an error of the service', failure(500, 'InternalError'), true, 'InternalError'],
    ['a broken connection', { lost: 'ECONNRESET' }, true, 'ECONNRESET'],
    ['denied', failure(403, 'AccessDenied'), false, 's3:PutObject'],
    ['a missing bucket', failure(404, 'NoSuchBucket'), false, 'create the bucket'],
    [
      'a bucket in another region',
      failure(301, 'PermanentRedirect'),
      false,
      'in the region of its buckets',
    ],
  ])('%s', async (_, answer, retryable, named) => {
    const { write, puts } = writeWhosePuts(answer)
    const error = await errorOf(write)
    expect({ code: error.code, retryable: error.retryable }).toEqual({
      code: 'OUTPUT_FAILED',
      retryable,
    })
    expect(error.message).toContain(named)
    expect(puts).toEqual(['part-00000'])
  })
})

describe('blobs in S3', () => {
  test('a blob that was not deleted is a failure, although the call succeeded', async () => {
    const body =
      '<?xml version="1.0"?><DeleteResult><Error><Key>a</Key><Code>InternalError</Code>' +
      '<Message>again</Message></Error></DeleteResult>'
    const blobs = s3BlobStore({ bucket: 'b', client: fakeS3(() => ({ status: 200, body })) })
    expect((await errorOf(() => blobs.deleteAll(['a']))).code).toBe('STORE_FAILED')
  })
})
