/**
 * Buckets of S3 in memory, with the requests that Millrace makes. The name of an object is its
 * path, `/bucket/key`.
 */
import { createHash } from 'node:crypto'

/** An HTTP request. */
export interface WireRequest {
  readonly method: string
  /** Percent-encoded. */
  readonly path: string
  readonly query: Readonly<Record<string, string | readonly string[] | null>>
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** An HTTP response. */
export interface WireAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

interface StoredObject {
  readonly bytes: Uint8Array
  readonly etag: string
  readonly metadata: Readonly<Record<string, string>>
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)

const refused = (status: number, code: string): WireAnswer => ({
  status,
  body: `<Error><Code>${code}</Code></Error>`,
})

/** All buckets of the account. */
export class Buckets {
  readonly #objects = new Map<string, StoredObject>()

  /** The action of the price list that a request counts as. */
  static actionOf({ method, query }: WireRequest): string {
    if (method === 'GET' && 'list-type' in query) return 'ListObjectsV2'
    if (method === 'POST') return 'DeleteObjects'
    return `${{ GET: 'Get', HEAD: 'Head', PUT: 'Put', DELETE: 'Delete' }[method]}Object`
  }

  /** The bytes of all objects. */
  get storedBytes(): number {
    let total = 0
    for (const { bytes } of this.#objects.values()) total += bytes.byteLength
    return total
  }

  answer(request: WireRequest): WireAnswer {
    const path = decodeURIComponent(request.path)
    switch (Buckets.actionOf(request)) {
      case 'ListObjectsV2':
        return this.#list(path, request)
      case 'DeleteObjects':
        return this.#deleteAll(path, request)
      case 'PutObject':
        return this.#put(path, request)
      case 'DeleteObject':
        return this.#delete(path, request)
      default:
        return this.#get(path)
    }
  }

  #get(path: string): WireAnswer {
    const object = this.#objects.get(path)
    if (object === undefined) return refused(404, 'NoSuchKey')
    const metadata = Object.fromEntries(
      Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
    )
    return { status: 200, headers: { etag: object.etag, ...metadata }, body: object.bytes }
  }

  #put(path: string, { headers, body }: WireRequest): WireAnswer {
    const before = this.#objects.get(path)
    if (headers['if-none-match'] === '*' && before !== undefined)
      return refused(412, 'PreconditionFailed')
    if (headers['if-match'] !== undefined && headers['if-match'] !== before?.etag)
      return refused(412, 'PreconditionFailed')
    const etag = `"${createHash('md5').update(body).digest('hex')}"`
    const metadata = Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) =>
        name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), value]] : [],
      ),
    )
    this.#objects.set(path, { bytes: new Uint8Array(body), etag, metadata })
    return { status: 200, headers: { etag } }
  }

  #delete(path: string, { headers }: WireRequest): WireAnswer {
    const before = this.#objects.get(path)
    if (
      headers['if-match'] !== undefined &&
      before !== undefined &&
      headers['if-match'] !== before.etag
    )
      return refused(412, 'PreconditionFailed')
    this.#objects.delete(path)
    return { status: 204 }
  }

  #deleteAll(bucketPath: string, { body }: WireRequest): WireAnswer {
    for (const [, key = ''] of Buffer.from(body)
      .toString()
      .matchAll(/<Key>([^<]*)<\/Key>/g))
      this.#objects.delete(`${bucketPath.replace(/\/$/, '')}/${key.replaceAll('&amp;', '&')}`)
    return { status: 200, body: '<DeleteResult/>' }
  }

  #list(bucketPath: string, { query }: WireRequest): WireAnswer {
    const bucket = `${bucketPath.replace(/\/$/, '')}/`
    const prefix = String(query['prefix'] ?? '')
    const found = [...this.#objects].filter(([path]) => path.startsWith(bucket + prefix))
    const contents = found.map(
      ([path, { bytes, etag }]) =>
        `<Contents><Key>${escaped(path.slice(bucket.length))}</Key>` +
        `<ETag>${escaped(etag)}</ETag><Size>${bytes.byteLength}</Size></Contents>`,
    )
    return {
      status: 200,
      body:
        '<ListBucketResult><IsTruncated>false</IsTruncated>' +
        `${contents.join('')}</ListBucketResult>`,
    }
  }
}
