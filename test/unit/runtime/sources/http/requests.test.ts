import { timingSafeEqual } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { HTTP_BODY_BYTES_MAX } from '../../../../../lib/base/http-limits.ts'
import {
  httpPosts,
  type HttpRecords,
  httpRequests,
  type HttpRequestsOptions,
} from '../../../../../lib/dstream/sources/http.ts'
import { admit, readingOf, readPost } from '../../../../../lib/runtime/sources/http/requests.ts'

type Headers = Readonly<Record<string, string>>

const BODIES = readingOf(httpPosts('in').declaration)

const read = async (
  body: string | Uint8Array,
  records: HttpRecords = 'body',
  headers: Headers = {},
) => {
  const reading = readingOf(httpPosts('in', { records }).declaration)
  const post = { head: { method: 'POST', headers }, body: Buffer.from(body), arrivedMs: 0 }
  const posted = await readPost(post, reading, undefined)
  return 'refused' in posted ? posted.refused.status : posted.messages
}

const bodiesOf = (messages: Awaited<ReturnType<typeof read>>): unknown =>
  typeof messages === 'number' ? messages : messages.map(({ body }) => body)

describe('a request is looked at before its body', () => {
  test.each([
    { method: 'POST', headers: {}, status: undefined },
    { method: 'GET', headers: {}, status: 200 },
    { method: 'HEAD', headers: {}, status: 200 },
    { method: 'PUT', headers: {}, status: 405 },
    { method: 'OPTIONS', headers: {}, status: 405 },
    { method: 'POST', headers: { 'content-encoding': 'gzip' }, status: undefined },
    { method: 'POST', headers: { 'content-encoding': 'zstd' }, status: 415 },
    { method: 'POST', headers: { 'content-encoding': 'constructor' }, status: 415 },
    { method: 'POST', headers: { 'content-encoding': 'gzip, gzip' }, status: 415 },
    { method: 'POST', headers: { 'content-type': 'text/csv; charset="UTF-8"' } },
    { method: 'POST', headers: { 'content-type': 'text/csv;charset=latin1' }, status: 415 },
    { method: 'POST', headers: { 'idempotency-key': 'a-1' }, status: undefined },
    { method: 'POST', headers: { 'idempotency-key': '' }, status: 400 },
    { method: 'POST', headers: { 'idempotency-key': 'a b' }, status: 400 },
    { method: 'POST', headers: { 'idempotency-key': 'ä' }, status: 400 },
    { method: 'POST', headers: { 'idempotency-key': 'a'.repeat(256) }, status: 400 },
  ])('$method $headers: $status', ({ method, headers, status }) => {
    expect(admit({ method, headers: headers as Headers }, BODIES, undefined)?.status).toBe(status)
  })

  test.each([
    ['Bearer s3cret', undefined],
    ['bearer  s3cret', undefined],
    ['Bearer s3cre', 401],
    ['Bearer s3cret s3cret', 401],
    ['Bearer ', 401],
    ['Basic s3cret', 401],
    ['s3cret', 401],
  ])('with a secret, Authorization: %s: %s', (authorization, status) => {
    const head = { method: 'POST', headers: { authorization } }
    expect(admit(head, BODIES, 's3cret')?.status).toBe(status)
    expect(admit({ method: 'POST', headers: {} }, BODIES, 's3cret')?.status).toBe(401)
    expect(admit({ method: 'GET', headers: {} }, BODIES, 's3cret')?.status).toBe(200)
  })
})

describe('the records of a body', () => {
  test.each<{ records: HttpRecords; body: string; gives: readonly string[] | number }>([
    { records: 'body', body: 'a\nb\n', gives: ['a\nb\n'] },
    { records: 'body', body: '', gives: [''] },
    { records: 'lines', body: 'a\nb\r\nc\rd', gives: ['a', 'b', 'c', 'd'] },
    { records: 'lines', body: 'a\n\nb\n', gives: ['a', '', 'b'] },
    { records: 'lines', body: '', gives: [] },
    { records: 'json', body: '[{"a":1},"b",null]', gives: ['{"a":1}', '"b"', 'null'] },
    { records: 'json', body: '{"a":[1,2]}', gives: ['{"a":[1,2]}'] },
    { records: 'json', body: '[12345678901234567890, 1.10, -0]', gives: NUMBERS() },
    { records: 'json', body: '[{"__proto__":{"a":1}}]', gives: ['{"__proto__":{"a":1}}'] },
    { records: 'json', body: '[]', gives: [] },
    { records: 'json', body: '', gives: 400 },
    { records: 'json', body: '[1,]', gives: 400 },
    { records: 'json', body: '['.repeat(200_000), gives: 400 },
    { records: 'lines', body: '\n'.repeat(50_001), gives: 413 },
  ])('$records of $body.length bytes', async ({ records, body, gives }) => {
    expect(bodiesOf(await read(body, records))).toEqual(gives)
  })

  test('are under the id that the key gives, or have none', async () => {
    expect(await read('a\nb\nc', 'lines')).toEqual([{ body: 'a' }, { body: 'b' }, { body: 'c' }])
    expect(await read('a\nb\nc', 'lines', { 'idempotency-key': ' k ' })).toEqual([
      { id: 'k', body: 'a' },
      { id: 'k', body: 'b', part: 1 },
      { id: 'k', body: 'c', part: 2 },
    ])
  })

  test.each([
    ['gzip', gzipSync('zipped')],
    ['x-gzip', gzipSync('zipped')],
    ['deflate', deflateSync('zipped')],
    ['br', brotliCompressSync('zipped')],
    [' GZIP ', gzipSync('zipped')],
  ])('are compressed with %s', async (encoding, body) => {
    const headers = { 'content-encoding': encoding }
    expect(await read(body, 'body', headers)).toEqual([{ body: 'zipped' }])
    expect(await read(body.subarray(0, -1), 'body', headers)).toBe(400)
    expect(await read('plain', 'body', headers)).toBe(400)
  })

  test.each([
    ['bytes that are no UTF-8', Buffer.of(0xff), {}, 400],
    ['a body that is too long', new Uint8Array(HTTP_BODY_BYTES_MAX + 1), {}, 413],
    ['a bomb', gzipSync(new Uint8Array(1e8)), { 'content-encoding': 'gzip' }, 413],
  ])('are refused: %s', async (_, body, headers, status) => {
    expect(await read(body, 'body', headers as Headers)).toBe(status)
  })
})

describe('a request as an element', () => {
  const take = async (
    options: HttpRequestsOptions,
    given: { readonly body?: Uint8Array; readonly headers?: Headers; readonly query?: string },
  ) => {
    const { body = Buffer.from('a'), headers = {}, query } = given
    const reading = readingOf(httpRequests('in', options).declaration)
    const head = { method: 'POST', headers, ...(query === undefined ? {} : { query }) }
    const refused = admit(head, reading, 's3cret')
    if (refused !== undefined) return refused.status
    const posted = await readPost({ head, body, arrivedMs: 7 }, reading, 's3cret')
    return 'refused' in posted ? posted.refused.status : posted.messages
  }
  const verify = (): boolean => true
  const element = (more: object = {}): object => ({
    body: new Uint8Array(Buffer.from('a')),
    headers: {},
    query: '',
    arrivalTime: new Date(7),
    ...more,
  })

  test('has its bytes, its query, and the headers that are named and have come', async () => {
    const headers = { 'x-a': '1', 'x-b': '2', cookie: 'c' }
    const options = { verify, headers: ['X-A', 'x-c'] }
    expect(await take(options, { headers, query: 'b=%20&a' })).toEqual([
      { body: element({ headers: { 'x-a': '1' }, query: 'b=%20&a' }) },
    ])
    expect(await take({ verify }, { headers })).toEqual([{ body: element() }])
    const bytes = new Uint8Array([0xff, 0])
    expect(await take({ verify }, { body: bytes })).toEqual([{ body: element({ body: bytes }) }])
    const zipped = { body: gzipSync('a'), headers: { 'content-encoding': 'gzip' } }
    expect(await take({ verify }, zipped)).toEqual([{ body: element() }])
    const latin = { headers: { 'content-type': 'text/plain; charset=latin1' } }
    expect(await take({ verify }, latin)).toEqual([{ body: element() }])
  })

  test('has its key in the header that is named', async () => {
    const headers = { 'webhook-id': 'w', 'idempotency-key': 'i' }
    const keyHeader = 'Webhook-Id'
    expect(await take({ verify, keyHeader }, { headers })).toMatchObject([{ id: 'w' }])
    expect(await take({ verify }, { headers })).toMatchObject([{ id: 'i' }])
    expect(await take({ verify, keyHeader }, { headers: { 'webhook-id': 'a b' } })).toBe(400)
  })

  test('is verified by its bytes and all headers, and by nothing else', async () => {
    const isSigned: HttpRequestsOptions['verify'] = ({ body, headers }, secret) =>
      headers['x-sum'] === `${String(secret)} ${body.length}`
    const headers = { 'x-sum': 's3cret 1' }
    expect(await take({ verify: isSigned }, { headers })).toEqual([{ body: element() }])
    expect(await take({ verify: async () => true }, {})).toEqual([{ body: element() }])
    for (const [failing, given] of [
      [isSigned, { headers: { 'x-sum': 's3cret 2' } }],
      [isSigned, { headers: { authorization: 'Bearer s3cret' } }],
      [async () => false, {}],
      [() => 1 as unknown as boolean, {}],
      [() => timingSafeEqual(Buffer.from('a'), Buffer.from('bc')), {}],
      [async () => Promise.reject(new Error('broken')), {}],
      [undefined, {}],
    ] as const)
      expect(await take(failing === undefined ? {} : { verify: failing }, given)).toBe(401)
  })

  test.each<readonly [unknown, RegExp]>([
    [{ headers: ['authorization'] }, /cannot keep this header/],
    [{ headers: ['a b'] }, /cannot keep this header/],
    [{ headers: ['a,b'] }, /cannot keep this header/],
    [{ keyHeader: '' }, /cannot keep this header/],
    [{ verify: true }, /function/],
  ])('refuses %j', (options, error) => {
    expect(() => httpRequests('in', options as HttpRequestsOptions)).toThrow(error)
  })
})

function NUMBERS(): readonly string[] {
  return ['12345678901234567890', '1.10', '-0']
}
