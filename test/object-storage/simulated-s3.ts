/**
 * S3 in the memory of the test, below the real client: uploads with their entity tags and times,
 * versions, delete markers, listings of a thousand keys, archived storage classes, and rights.
 *
 * Source for what it does: Amazon S3 API Reference. Times are whole seconds, those of multipart
 * uploads are when they began, and their tags are no hashes of the content.
 */
import { S3Client } from '@aws-sdk/client-s3'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'

/** What an upload is made of. Content that is made when it is asked for may be of any size. */
export interface Content {
  readonly sizeBytes: number
  readonly bytesIn: (from: number, to: number) => Uint8Array
}

/** One upload, or a delete marker. */
interface Upload {
  readonly id: string
  readonly etag: string
  readonly modifiedMs: number
  readonly content: Content | undefined
  readonly encoding: string | undefined
  storageClass: 'STANDARD' | 'GLACIER'
  isRestored: boolean
  isDenied: boolean
}

/** How an object is uploaded. */
export interface Uploading {
  readonly modifiedMs: number
  readonly encoding?: string | undefined
  readonly isMultipart?: boolean
}

interface WireRequest {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

const PAGE_KEYS = 1_000

/** Bytes that are there. */
export const contentOf = (bytes: Uint8Array): Content => ({
  sizeBytes: bytes.byteLength,
  bytesIn: (from, to) => bytes.subarray(from, to),
})

const tagOf = (content: Content, isMultipart: boolean): string => {
  // Content that is made, and not there, may be too large to be hashed.
  const some = content.bytesIn(0, Math.min(content.sizeBytes, 1 << 20))
  const hash = createHash('md5').update(some).update(String(content.sizeBytes)).digest('hex')
  const plain = createHash('md5').update(some).digest('hex')
  return isMultipart ? `"${hash}-2"` : `"${plain}"`
}

const failure = (status: number, code: string): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
})

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)

const compareKeys = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** A bucket, and the client that reaches it. */
export class SimulatedS3 {
  readonly name = 'the-bucket'
  readonly isVersioned: boolean
  readonly client: S3Client
  /** How often each call was made. */
  readonly calls: Record<string, number> = {}
  /** The largest number of bytes that an answer had. */
  answerBytesMax = 0
  readonly #nowMs: () => number
  /** By how much the clock of S3 is ahead. */
  aheadMs = 0
  readonly #objects = new Map<string, Upload[]>()
  #uploads = 0

  constructor(isVersioned: boolean, nowMs: () => number) {
    this.isVersioned = isVersioned
    this.#nowMs = nowMs
    const handle = async (request: unknown): Promise<object> => {
      const { status, headers = {}, body = '' } = this.#answer(request as WireRequest)
      this.answerBytesMax = Math.max(this.answerBytesMax, Buffer.byteLength(body))
      const date = new Date(this.#nowMs() + this.aheadMs).toUTCString()
      const stream = Readable.from([typeof body === 'string' ? Buffer.from(body) : body])
      return { response: { statusCode: status, headers: { date, ...headers }, body: stream } }
    }
    this.client = new S3Client({
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      endpoint: 'http://127.0.0.1:9',
      maxAttempts: 1,
      forcePathStyle: true,
      requestHandler: { handle },
    } as ConstructorParameters<typeof S3Client>[0] & object)
  }

  /** Uploads an object. Returns the id of its version, if the bucket keeps versions. */
  put(key: string, content: Content, how: Uploading): string | undefined {
    const upload: Upload = {
      id: `v${++this.#uploads}`,
      etag: tagOf(content, how.isMultipart ?? false),
      modifiedMs: Math.floor((how.modifiedMs + this.aheadMs) / 1_000) * 1_000,
      content,
      encoding: how.encoding,
      storageClass: 'STANDARD',
      isRestored: false,
      isDenied: false,
    }
    this.#keep(key, upload)
    return this.isVersioned ? upload.id : undefined
  }

  copy(from: string, to: string): string | undefined {
    const { content, encoding } = this.#current(from) as Upload
    return this.put(to, content as Content, { modifiedMs: this.#nowMs(), encoding })
  }

  remove(key: string): void {
    if (!this.isVersioned) this.#objects.delete(key)
    else this.#keep(key, this.#marker())
  }

  archive(key: string): void {
    Object.assign(this.#current(key) as Upload, { storageClass: 'GLACIER' })
  }

  restore(key: string): void {
    Object.assign(this.#current(key) as Upload, { isRestored: true })
  }

  deny(key: string, isDenied: boolean): void {
    Object.assign(this.#current(key) as Upload, { isDenied })
  }

  #marker(): Upload {
    const [id, etag] = [`v${++this.#uploads}`, '']
    const rest = { encoding: undefined, storageClass: 'STANDARD' as const, isRestored: false }
    return { id, etag, modifiedMs: this.#nowMs(), content: undefined, isDenied: false, ...rest }
  }

  #keep(key: string, upload: Upload): void {
    const before = this.isVersioned ? (this.#objects.get(key) ?? []) : []
    this.#objects.set(key, [...before, upload])
  }

  #current(key: string): Upload | undefined {
    return this.#objects.get(key)?.at(-1)
  }

  #answer({ method, path, query = {}, headers }: WireRequest): Answer {
    const key = decodeURIComponent(path).slice(this.name.length + 2)
    const call = key === '' ? 'LIST' : method
    this.calls[call] = (this.calls[call] ?? 0) + 1
    if (key === '') return this.#list(query)
    const { versionId } = query
    const upload =
      versionId === undefined
        ? this.#current(key)
        : this.#objects.get(key)?.find(({ id }) => id === versionId)
    if (upload?.content === undefined) return failure(404, 'NoSuchKey')
    if (upload.isDenied) return failure(403, 'AccessDenied')
    const wanted = headers['if-match']
    if (wanted !== undefined && wanted !== upload.etag) return failure(412, 'PreconditionFailed')
    const isArchived = upload.storageClass === 'GLACIER' && !upload.isRestored
    if (method === 'GET' && isArchived) return failure(403, 'InvalidObjectState')
    return this.#bytes(method, upload, upload.content, headers['range'])
  }

  #bytes(method: string, upload: Upload, content: Content, range: string | undefined): Answer {
    const { sizeBytes } = content
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? []
    if (first !== undefined && Number(first) >= sizeBytes) return failure(416, 'InvalidRange')
    const from = Number(first ?? 0)
    const to = Math.min(sizeBytes, last === undefined ? sizeBytes : Number(last) + 1)
    const isPart = first !== undefined
    return {
      status: isPart ? 206 : 200,
      headers: {
        etag: upload.etag,
        'last-modified': new Date(upload.modifiedMs).toUTCString(),
        'content-length': String(to - from),
        ...(isPart ? { 'content-range': `bytes ${from}-${to - 1}/${sizeBytes}` } : {}),
        ...(this.isVersioned ? { 'x-amz-version-id': upload.id } : {}),
        ...(upload.encoding === undefined ? {} : { 'content-encoding': upload.encoding }),
        ...(upload.storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': 'GLACIER' }),
      },
      ...(method === 'GET' ? { body: content.bytesIn(from, to) } : {}),
    }
  }

  #list({ prefix = '', 'start-after': after = '' }: Readonly<Record<string, string>>): Answer {
    const keys = [...this.#objects.keys()]
      .filter((key) => key.startsWith(prefix) && compareKeys(key, after) > 0)
      .filter((key) => this.#current(key)?.content !== undefined)
      .toSorted(compareKeys)
    const page = keys.slice(0, PAGE_KEYS).map((key) => {
      const { modifiedMs, etag, content, storageClass } = this.#current(key) as Upload
      return (
        `<Contents><Key>${escaped(key)}</Key><ETag>${escaped(etag)}</ETag>` +
        `<LastModified>${new Date(modifiedMs).toISOString()}</LastModified>` +
        `<Size>${content?.sizeBytes}</Size><StorageClass>${storageClass}</StorageClass></Contents>`
      )
    })
    const isTruncated = `<IsTruncated>${keys.length > PAGE_KEYS}</IsTruncated>`
    const body = `<ListBucketResult>${isTruncated}${page.join('')}</ListBucketResult>`
    return { status: 200, body: `<?xml version="1.0"?>${body}` }
  }
}
