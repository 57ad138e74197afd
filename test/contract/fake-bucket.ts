/**
 * A bucket of S3 in the memory of the test, behind a real client: whole objects with their
 * metadata, conditions on entity tags, and lists by prefix.
 */
import { S3Client } from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'

interface WireRequest {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

interface Stored {
  readonly bytes: Uint8Array
  readonly metadata: Readonly<Record<string, string>>
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** A bucket, and the client that reaches it. */
export interface FakeBucket {
  readonly client: S3Client
  /** All objects, by key. */
  files(): ReadonlyMap<string, Uint8Array>
  /** Puts an object there, with its content encoding if it has one, and without metadata. */
  plant(key: string, bytes: Uint8Array, contentEncoding?: string): void
}

const etagOf = ({ bytes }: Stored): string => `"${createHash('md5').update(bytes).digest('hex')}"`

const failure = (status: number, code: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
})

const escaped = (text: string): string =>
  text.replaceAll(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`)

const listed = (keys: readonly string[]): Answer => ({
  status: 200,
  body: `<?xml version="1.0"?><ListBucketResult>${keys
    .map((key) => `<Contents><Key>${escaped(key)}</Key></Contents>`)
    .join('')}</ListBucketResult>`,
})

/** Whether the conditions of a request hold for what is there. */
const isAsSeen = (headers: WireRequest['headers'], there: Stored | undefined): boolean => {
  if (headers['if-none-match'] === '*') return there === undefined
  const seen = headers['if-match']
  return seen === undefined || (there !== undefined && etagOf(there) === seen)
}

const answerTo = (
  { method, path, query = {}, headers, body }: WireRequest,
  objects: Map<string, Stored>,
  bucket: string,
): Answer => {
  const key = decodeURIComponent(path).slice(bucket.length + 2)
  const there = objects.get(key)
  if (key === '')
    return listed(
      [...objects.keys()].filter((one) => one.startsWith(query['prefix'] ?? '')).toSorted(),
    )
  if (there === undefined && method !== 'PUT') return failure(404, 'NoSuchKey')
  if (!isAsSeen(headers, there)) return failure(412, 'PreconditionFailed')
  if (method === 'DELETE') {
    objects.delete(key)
    return { status: 204 }
  }
  if (method === 'PUT') {
    const metadata = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-'))
    const bytes = new Uint8Array(
      body instanceof Uint8Array ? body : Buffer.from(String(body ?? '')),
    )
    objects.set(key, { bytes, metadata: Object.fromEntries(metadata) })
  }
  const stored = objects.get(key) as Stored
  return {
    status: 200,
    headers: {
      ...stored.metadata,
      etag: etagOf(stored),
      ...(method === 'PUT' ? {} : { 'content-length': String(stored.bytes.length) }),
    },
    ...(method === 'GET' ? { body: stored.bytes } : {}),
  }
}

/** An empty bucket with this name. */
export const fakeBucket = (bucket: string): FakeBucket => {
  const objects = new Map<string, Stored>()
  const requestHandler = {
    handle: async (request: unknown) => {
      const { status, headers = {}, body = '' } = answerTo(request as WireRequest, objects, bucket)
      return {
        response: { statusCode: status, headers, body: Readable.from([Buffer.from(body)]) },
      }
    },
  }
  const settings = {
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    endpoint: 'http://127.0.0.1:9',
    maxAttempts: 1,
    forcePathStyle: true,
    requestHandler,
  }
  return {
    client: new S3Client(settings as ConstructorParameters<typeof S3Client>[0] & object),
    files: () => new Map([...objects].map(([key, { bytes }]) => [key, bytes])),
    plant: (key, bytes, contentEncoding) => {
      const metadata = contentEncoding === undefined ? {} : { 'content-encoding': contentEncoding }
      objects.set(key, { bytes, metadata })
    },
  }
}
