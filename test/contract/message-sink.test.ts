import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Answer as QueueAnswer, sendEntriesTo } from './fake-queue.ts'
import type { Clock } from '../../lib/ports/clock.ts'
import type { Sink } from '../../lib/ports/sink.ts'
import type { Message } from '../../lib/rdd/sink-declaration.ts'
import { http, type HttpSettings } from '../../lib/sinks/http/http.ts'
import { httpSender } from '../../lib/sinks/http/http-sender.ts'
import {
  type ChunkEnd,
  messageSink,
  type Sender,
  type SentMessage,
} from '../../lib/sinks/messages/message-sink.ts'
import { sqs } from '../../lib/sinks/sqs/sqs.ts'
import { errorOf } from './errors.ts'
import { sinkContract } from './sink.contract.ts'
import { fenceOf, writeBatch } from './write-batch.ts'

/** A clock that does not wait, and notes for how long it should have. */
const impatient = (): Clock & { readonly pauses: number[] } => {
  const pauses: number[] = []
  return {
    pauses,
    now: () => Date.UTC(2026, 0, 1),
    sleep: async (ms) => void pauses.push(ms),
  }
}

const messagesOf = (...bodies: readonly string[]): readonly Message[] =>
  bodies.map((body) => ({ body }))

const write = (
  sink: Sink<readonly Message[]>,
  messages: readonly Message[],
  settings: object = {},
  epoch = 1,
): Promise<void> =>
  writeBatch(sink, { path: 'a/1000', timeMs: 1_000, settings }, fenceOf(1, epoch), [messages])

interface Sent {
  readonly chunks: (readonly SentMessage[])[]
  readonly sender: Sender
}

/** A service that answers as a test says. Default: it takes everything. */
const service = (
  answer: (chunk: readonly SentMessage[], call: number) => ChunkEnd = () => ({ again: [] }),
): Sent => {
  const chunks: (readonly SentMessage[])[] = []
  return {
    chunks,
    sender: {
      description: 'a service',
      limitsOf: () => ({ messagesMax: 3, bytesMax: 10, atOnce: 1 }),
      bytesOf: ({ body }) => body.length,
      async send(chunk) {
        chunks.push(chunk)
        return answer(chunk, chunks.length)
      },
    },
  }
}

sinkContract('messages', () => {
  const { chunks, sender } = service()
  return {
    sink: messageSink(impatient(), sender),
    contentOf: (lines) => messagesOf(...lines),
    linesOf: async () => chunks.flat().map(({ body }) => body),
  }
})

describe('messages', () => {
  test('go in chunks of so many, and so many bytes, or of one', async () => {
    const { chunks, sender } = service()
    await write(
      messageSink(impatient(), sender),
      messagesOf('a', 'b', 'c', 'd', '1234567890ab', 'e'),
    )
    expect(chunks.map((chunk) => chunk.map(({ body }) => body))).toEqual([
      ['a', 'b', 'c'],
      ['d'],
      ['1234567890ab'],
      ['e'],
    ])
  })

  test('have ids that are the same in each attempt, and differ from all others', async () => {
    const { chunks, sender } = service()
    const sink = messageSink(impatient(), sender)
    await write(sink, messagesOf('a', 'a', 'b'))
    await write(sink, messagesOf('a', 'a', 'b'), {}, 2)
    const [first, second] = chunks.map((chunk) => chunk.map(({ id }) => id))
    expect(first).toEqual(second)
    expect(new Set(first).size).toBe(3)
    await writeBatch(sink, { path: 'a/2000', timeMs: 2_000 }, fenceOf(1, 3), [messagesOf('a')])
    await writeBatch(sink, { path: 'b/1000', timeMs: 1_000 }, fenceOf(1, 3), [messagesOf('a')])
    expect(new Set(chunks.flat().map(({ id }) => id)).size).toBe(5)
    for (const place of ['sqs://a/messages', 'sqs://b/messages'])
      await writeBatch(sink, { path: 'messages/1000', timeMs: 1_000, place }, fenceOf(1, 3), [
        messagesOf('a'),
      ])
    expect(new Set(chunks.flat().map(({ id }) => id)).size).toBe(7)
  })

  test('that were not taken are sent again, and no others', async () => {
    const { chunks, sender } = service((chunk, call) =>
      call === 1 ? { again: chunk.slice(1, 2), afterMs: 700 } : { again: [] },
    )
    const clock = impatient()
    await write(messageSink(clock, sender), messagesOf('a', 'b', 'c'))
    expect(chunks.map((chunk) => chunk.map(({ body }) => body))).toEqual([['a', 'b', 'c'], ['b']])
    expect(clock.pauses).toEqual([700])
  })

  test('that are never taken fail the batch, after six tries', async () => {
    const { chunks, sender } = service((chunk) => ({ again: chunk, reason: 'full' }))
    const error = await errorOf(() => write(messageSink(impatient(), sender), messagesOf('a')))
    expect(error).toMatchObject({ code: 'OUTPUT_FAILED', retryable: true })
    expect(error.message).toContain('full')
    expect(chunks).toHaveLength(6)
  })
})

interface Request {
  readonly key: string | undefined
  readonly type: string | undefined
  readonly body: string
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

/** A server that answers one status after the other, and then 200. */
const listening = async (
  answers: readonly (readonly [status: number, headers?: Record<string, string>])[] = [],
) => {
  const requests: Request[] = []
  const left = [...answers]
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { 'idempotency-key': key, 'content-type': type } = request.headers
      requests.push({ key: String(key), type, body })
      const [status, headers = {}] = left.shift() ?? [200]
      response.writeHead(status, headers).end('said the server')
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> => new Promise((resolve) => void server.close(() => resolve()))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return { url, requests, close }
}

const WHOLE = http('hook').settings as HttpSettings
const EACH = http('hook', { each: true }).settings as HttpSettings

describe('a server of HTTP', () => {
  const sinkTo = (url: string, clock = impatient()) =>
    messageSink(
      clock,
      httpSender(url, () => clock.now()),
    )

  test('gets an array of JSON, or each text, with a key', async () => {
    const { url, requests } = await listening()
    await write(sinkTo(url), messagesOf('{"a":1}', 'text', '2'), WHOLE)
    await write(sinkTo(url), messagesOf('{"a":1}', 'text'), EACH)
    expect(requests.map(({ body }) => body)).toEqual(['[{"a":1},"text",2]', '{"a":1}', 'text'])
    expect(new Set(requests.map(({ key }) => key)).size).toBe(2)
    expect(requests[0]?.type).toBe('application/json')
  })

  test('gets numbers with all their digits, and everything else as it was written', async () => {
    const { url, requests } = await listening()
    const texts = ['12345678901234567890', '{"id":9007199254740993,"a":1.0}', ' [1] ', '"é"', '']
    await write(sinkTo(url), messagesOf(...texts), WHOLE)
    expect(requests[0]?.body).toBe(
      '[12345678901234567890,{"id":9007199254740993,"a":1.0}, [1] ,"é",""]',
    )
  })

  test('gets the same key when it is asked again', async () => {
    const { url, requests } = await listening([[503], [429, { 'retry-after': '7' }]])
    const clock = impatient()
    await write(sinkTo(url, clock), messagesOf('1'), WHOLE)
    expect(requests).toHaveLength(3)
    expect(new Set(requests.map(({ key }) => key)).size).toBe(1)
    expect(clock.pauses).toEqual([100, 7_000])
  })

  test.each([
    ['a date', 'Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
    ['too long', '3600', 30_000],
    ['nonsense', 'soon', 100],
  ])('is asked again after %s', async (_, after, pauseMs) => {
    const { url } = await listening([[503, { 'retry-after': after }]])
    const clock = impatient()
    await write(sinkTo(url, clock), messagesOf('1'), WHOLE)
    expect(clock.pauses).toEqual([pauseMs])
  })

  test.each([400, 401, 404, 422, 301])(
    'that answers %i fails the batch at once',
    async (status) => {
      const { url, requests } = await listening([[status, { location: 'http://127.0.0.1:1/' }]])
      const error = await errorOf(() => write(sinkTo(url), messagesOf('1'), WHOLE))
      expect(error).toMatchObject({ code: 'OUTPUT_FAILED', retryable: false })
      expect(error.message).toMatch(new RegExp(`${status} .*said the server`))
      expect(error.message).not.toContain('/hook')
      expect(requests).toHaveLength(1)
    },
  )

  test('that is not there fails the batch, which may be tried again', async () => {
    const { url, close } = await listening()
    await close()
    const error = await errorOf(() => write(sinkTo(url), messagesOf('1'), WHOLE))
    expect(error).toMatchObject({ code: 'OUTPUT_FAILED', retryable: true })
    expect(error.message).toContain('ECONNREFUSED')
  })
})

describe('a queue of SQS', () => {
  const FIFO = 'https://queues/orders.fifo'

  test('that keeps the order gets groups, and ids by which each message is once', async () => {
    const { calls, send } = sendEntriesTo(FIFO)
    const message = { body: 'a', id: 'f00', key: 'k' }
    await send([message, { body: 'b', id: 'f01' }])
    expect(calls).toEqual([
      [
        { Id: '0', MessageBody: 'a', MessageGroupId: 'k', MessageDeduplicationId: 'f00' },
        { Id: '1', MessageBody: 'b', MessageGroupId: 'all', MessageDeduplicationId: 'f01' },
      ],
    ])
  })

  test.each(['', 'New York', 'café', 'x'.repeat(129)])(
    'has a group for any key: %s',
    async (key) => {
      const { calls, send } = sendEntriesTo(FIFO)
      await send([{ ...(sqs<unknown>('orders').send([key, 1]) as Message), id: 'f00' }])
      expect(calls[0]).toMatchObject([
        {
          MessageGroupId: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        },
      ])
    },
  )

  test('that does not say which one it refused gets all of them again', async () => {
    const { send } = sendEntriesTo(FIFO, {
      Failed: [{ Code: 'InternalError', SenderFault: false } as never],
    })
    const entries = ['a', 'b'].map((body) => ({ body, id: body }))
    expect((await send(entries)).again).toEqual(entries)
  })

  test('that is a standard one gets only the texts', async () => {
    const { calls, send } = sendEntriesTo('https://queues/orders')
    await send([{ body: 'a', id: 'f00', key: 'k' }])
    expect(calls).toEqual([[{ Id: '0', MessageBody: 'a' }]])
  })

  test.each<[string, QueueAnswer, readonly string[] | string]>([
    ['all are taken', {}, []],
    ['one is not', { Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }] }, ['b']],
    ['one never will be', { Failed: [{ Id: '0', Code: 'Bad', SenderFault: true }] }, 'Bad'],
    ['it is throttled', { error: 'ThrottlingException' }, ['a', 'b']],
    ['it is not there', { error: 'QueueDoesNotExist' }, 'QueueDoesNotExist'],
  ])('%s', async (_, answer, ends) => {
    const { send } = sendEntriesTo(FIFO, answer)
    const entries = [
      { body: 'a', id: '0' },
      { body: 'b', id: '1' },
    ]
    if (typeof ends === 'string') {
      const error = await errorOf(() => send(entries))
      expect(error).toMatchObject({ code: 'OUTPUT_FAILED', retryable: false })
      expect(error.message).toContain(ends)
    } else expect((await send(entries)).again.map(({ body }) => body)).toEqual(ends)
  })

  test.each<[string, unknown, string | undefined]>([
    ['a text', 'a', 'a'],
    ['a pair', ['a', { n: 1 }], '["a",{"n":1}]'],
    ['nothing', '', undefined],
    ['too much', 'x'.repeat(262_145), undefined],
    ['a character that it has not', 'a\u0000', undefined],
    ['half a character', '\ud800', undefined],
  ])('gets %s', async (_, element, body) => {
    const { send } = sqs<unknown>('orders')
    if (body === undefined)
      expect((await errorOf(async () => send(element))).code).toBe('VALUE_UNSUPPORTED')
    else expect(send(element)).toMatchObject({ body })
  })
})
