/** Requests to the URL of intake, in the form of Lambda, through both functions to the output. */
import {
  httpPosts,
  type HttpPostsOptions,
  httpRequests,
  type HttpRequestsOptions,
} from 'millrace/http-source'
import { afterEach, describe, expect, test } from 'vitest'
import { MillraceError } from '../../../../../lib/base/errors.ts'
import { Random } from '../../../../../lib/testing/random.ts'
import type { HttpLocation } from '../../../../../lib/runtime/sources/http/event.ts'
import { useSecrets } from '../../../../../lib/runtime/sources/http/kind.ts'
import { Deployed } from '../../../functions/deployed.ts'
import { pipelineOf } from '../../harness.ts'

interface Answer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:posts-abcdef'

const deploy = (
  options: HttpPostsOptions = { records: 'lines' },
  location: Omit<HttpLocation, 'kind'> = { name: 'words' },
): Deployed =>
  new Deployed(
    pipelineOf((ssc) => ssc.streamFrom(httpPosts('words', options)).print(1_000)),
    { sources: { 'httpPosts-1': { kind: 'http', ...location } as HttpLocation } },
  )

interface Request {
  readonly body?: string | Uint8Array
  readonly method?: string
  readonly path?: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly isSigned?: boolean
  readonly timeMs?: number
}

let requests = 0

/** Sends a request as Lambda hands it on. */
const send = async (
  app: Deployed,
  {
    body = '',
    method = 'POST',
    path = '/words',
    query,
    headers = {},
    isSigned = true,
    timeMs = 0,
  }: Request = {},
): Promise<Answer> => {
  const isBase64Encoded = typeof body !== 'string'
  const answer: unknown = await app.invokeIntake({
    version: '2.0',
    rawPath: path,
    ...(query === undefined ? {} : { rawQueryString: query }),
    headers,
    ...(body === '' ? {} : { body: isBase64Encoded ? Buffer.from(body).toString('base64') : body }),
    isBase64Encoded,
    requestContext: {
      requestId: `request-${(requests++).toString(16)}`,
      timeEpoch: timeMs,
      http: { method, path },
      ...(isSigned ? { authorizer: { iam: { accessKey: 'AKIA' } } } : {}),
    },
  } as object)
  return answer as Answer
}

const printed = (app: Deployed): readonly string[] => app.printed().flatMap(([, lines]) => lines)

afterEach(() => useSecrets(async () => Promise.reject(new Error('no secrets'))))

describe('a request', () => {
  test('is answered when its records are stored', async () => {
    const app = deploy()
    const answer = await send(app, { body: 'a\nb' })
    expect(answer).toEqual({
      statusCode: 202,
      headers: { 'content-type': 'application/json' },
      body: '{"records":2}',
    })
    expect(app.leftBehind).toEqual([0])
    await app.pass()
    expect(printed(app)).toEqual(['a', 'b'])
    expect(app.scheduled).not.toEqual([])
  })

  test.each<Request & { readonly status: number }>([
    { method: 'GET', status: 200 },
    { method: 'DELETE', status: 405 },
    { path: '/other', status: 404 },
    { path: '/', status: 404 },
    { path: '/words/', body: 'a', status: 202 },
    { isSigned: false, status: 403 },
    { body: Buffer.of(0xff), status: 400 },
    { headers: { 'content-encoding': 'gzip' }, body: 'a', status: 400 },
    { headers: { 'content-encoding': 'zip' }, body: 'a', status: 415 },
    { body: '', status: 202 },
  ])('$method $path $headers gets $status', async ({ status, ...request }) => {
    const app = deploy()
    expect((await send(app, request)).statusCode).toBe(status)
    expect(app.logged('intake').length).toBe(status === 202 ? 1 : 0)
  })

  test('gets 503 after errors that pass, and others are errors of the function', async () => {
    const app = deploy()
    const { store } = app.world
    const working = { ...store }
    const fail = (retryable: boolean): void => {
      const error = new MillraceError('STORE_FULL', { problem: 'full', retryable })
      Object.assign(store, { compareAndSet: () => Promise.reject(error) })
    }
    fail(true)
    const answer = await send(app, { body: 'a' })
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2'])
    fail(false)
    await expect(send(app, { body: 'a' })).rejects.toMatchObject({ code: 'STORE_FULL' })
    Object.assign(store, working)
    await send(app, { body: 'a' })
    await app.pass()
    expect(printed(app)).toEqual(['a'])
  })
})

describe('a key', () => {
  test('makes requests with it count once, in a batch, later, and in another process', async () => {
    const app = deploy()
    const again = { body: 'a\nb\nc', headers: { 'idempotency-key': 'k' } }
    await send(app, again)
    await send(app, again)
    await app.pass()
    app.freeze()
    await send(app, again)
    await send(app, { ...again, body: 'a\nb\nc\nd' })
    await send(app, { ...again, headers: { 'idempotency-key': 'l' } })
    await app.pass(3)
    expect(printed(app)).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
  })

  test('is not needed: then every request counts', async () => {
    const app = deploy()
    await send(app, { body: 'a' })
    await send(app, { body: 'a' })
    await app.pass(2)
    expect(printed(app)).toEqual(['a', 'a'])
  })

  test.each([1, 2, 3])('makes random repeats count once: seed %i', async (seed) => {
    const random = new Random(seed)
    const app = deploy()
    const expected: string[] = []
    const sent: Request[] = []
    for (let step = 0; step < 60; step++) {
      const old = sent[random.between(0, Math.max(0, sent.length - 1))]
      if (old !== undefined && random.chance(0.5)) await send(app, old)
      else {
        const lines = Array.from({ length: random.between(1, 4) }, (_, line) => `${step}-${line}`)
        const hasKey = random.chance(0.8)
        const headers = hasKey ? { 'idempotency-key': `key-${step}` } : {}
        const request = { body: lines.join('\n'), headers }
        if (hasKey) sent.push(request)
        expected.push(...lines)
        await send(app, request)
      }
      if (random.chance(0.2)) app.freeze()
      if (random.chance(0.3)) await app.pass()
    }
    await app.pass(3)
    expect(printed(app).toSorted()).toEqual(expected.toSorted())
  })
})

describe('a secret', () => {
  test('is asked for instead of a signature, and read again each minute', async () => {
    const asked: string[] = []
    useSecrets(async (arn) => {
      asked.push(arn)
      return `secret-${asked.length}\n`
    })
    const app = deploy({}, { name: 'words', secret: SECRET })
    const at = async (timeMs: number, secret?: string): Promise<number> => {
      const headers = secret === undefined ? {} : { authorization: `Bearer ${secret}` }
      return (await send(app, { body: 'a', isSigned: false, headers, timeMs })).statusCode
    }
    expect(await at(0)).toBe(401)
    expect(await at(1, 'secret-1')).toBe(202)
    expect(await at(2, 'secret-2')).toBe(401)
    expect(await at(60_000, 'secret-1')).toBe(401)
    expect(await at(60_001, 'secret-2')).toBe(202)
    expect(asked).toEqual([SECRET, SECRET])
  })

  // A secret of bytes has no text: it is empty, too.
  test.each(['', ' \n'])('that is %j lets nobody in', async (secret) => {
    let reads = 0
    useSecrets(async () => {
      reads += 1
      return secret
    })
    const app = deploy({}, { name: 'words', secret: SECRET })
    for (const headers of [{}, { authorization: 'Bearer ' }])
      await expect(send(app, { body: 'a', isSigned: false, headers })).rejects.toMatchObject({
        code: 'BINDING_UNFIT',
      })
    expect(reads).toBe(1)
  })
})

describe('a request as an element', () => {
  const open = (options: HttpRequestsOptions, secret?: string): Deployed =>
    new Deployed(
      pipelineOf((ssc) =>
        ssc
          .streamFrom(httpRequests('words', options))
          .map(({ body, headers, query, arrivalTime }) =>
            JSON.stringify([[...body], headers, query, arrivalTime]),
          )
          .print(),
      ),
      {
        sources: {
          'httpRequests-1': {
            kind: 'http',
            name: 'words',
            ...(secret === undefined ? {} : { secret }),
          } as HttpLocation,
        },
      },
    )

  test('has what Lambda tells of it', async () => {
    const app = open({ headers: ['x-a'] })
    const headers = { 'x-a': '1', 'x-b': '2' }
    await send(app, { body: Buffer.of(0xff, 1), headers, query: 'a=%20', timeMs: 5 })
    await send(app, { body: 'a', timeMs: 6 })
    await app.pass(2)
    const rows = printed(app).map((line): unknown => JSON.parse(line))
    expect(rows).toEqual([
      [[0xff, 1], { 'x-a': '1' }, 'a=%20', '1970-01-01T00:00:00.005Z'],
      [[97], {}, '', '1970-01-01T00:00:00.006Z'],
    ])
  })

  test('is verified with the secret instead of the header Authorization', async () => {
    useSecrets(async () => 'top')
    const verify: HttpRequestsOptions['verify'] = ({ headers }, secret) =>
      headers['x-sum'] === `of ${String(secret)}`
    const app = open({ verify }, SECRET)
    const at = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await send(app, { body: 'a', isSigned: false, headers })).statusCode
    expect(await at({ 'x-sum': 'of top' })).toBe(202)
    expect(await at({ 'x-sum': 'of it' })).toBe(401)
    expect(await at({ authorization: 'Bearer top' })).toBe(401)
    await app.pass()
    expect(printed(app).length).toBe(1)
  })

  test('is verified and signed where there is no secret', async () => {
    const app = open({ verify: ({ query }) => query === 'me' })
    expect((await send(app, { body: 'a', query: 'me' })).statusCode).toBe(202)
    expect((await send(app, { body: 'a', query: 'you' })).statusCode).toBe(401)
    expect((await send(app, { body: 'a', query: 'me', isSigned: false })).statusCode).toBe(403)
  })
})
