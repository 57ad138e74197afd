import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { HTTP_BODY_BYTES_MAX } from '../../../../../lib/base/http-limits.ts'
import type { HttpRecords } from '../../../../../lib/dstream/sources/http.ts'
import { admit, readPost } from '../../../../../lib/runtime/sources/http/requests.ts'

type Headers = Readonly<Record<string, string>>

const read = async (
  body: string | Uint8Array,
  records: HttpRecords = 'body',
  headers: Headers = {},
) => {
  const head = { method: 'POST', headers }
  const posted = await readPost(head, Buffer.from(body), records)
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
    expect(admit({ method, headers: headers as Headers }, undefined)?.status).toBe(status)
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
    expect(admit(head, 's3cret')?.status).toBe(status)
    expect(admit({ method: 'POST', headers: {} }, 's3cret')?.status).toBe(401)
    expect(admit({ method: 'GET', headers: {} }, 's3cret')?.status).toBe(200)
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

function NUMBERS(): readonly string[] {
  return ['12345678901234567890', '1.10', '-0']
}
