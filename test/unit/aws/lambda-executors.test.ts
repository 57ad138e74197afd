import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  blobAnswer,
  type FunctionAnswer,
  inlineAnswer,
  INLINE_BYTES_MAX,
  unpackData,
} from '../../../lib/adapters/aws/lambda-answers.ts'
import { lambdaClient, lambdaExecutors } from '../../../lib/adapters/aws/lambda-executors.ts'
import { memoryBlobStore } from '../../../lib/adapters/memory/memory-blob-store.ts'
import type { BlobStore } from '../../../lib/ports/blob-store.ts'
import type { Executors } from '../../../lib/ports/executors.ts'
import { usageMeter } from '../../../lib/ports/meter.ts'
import { errorOf } from '../../contract/errors.ts'
import { type Answer, type Call, fakeLambda } from './fake-service.ts'

const NAMES = ['exec-0', 'exec-1']
const REQUEST = { app: 'clicks', index: 3 }
const LOST = 'EXECUTOR_LOST'
const DENIED = 'ACCESS_DENIED'
const never = (): AbortSignal => new AbortController().signal

interface Bed {
  readonly calls: Call[]
  readonly executors: Executors
}

const bed = (answer: Answer, blobs?: BlobStore): Bed => {
  const calls: Call[] = []
  const client = fakeLambda((call) => {
    calls.push(call)
    return answer
  })
  return { calls, executors: lambdaExecutors({ functions: NAMES, blobs, client }) }
}

const bytesOf = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7) % 256)

test('a task goes to its executor as JSON, and the answer comes back', async () => {
  const bytes = bytesOf(1_000)
  const { calls, executors } = bed({ status: 200, body: inlineAnswer(bytes) })
  expect([executors.count, executors.tasksAtOnce]).toEqual([2, 1])
  expect(new Uint8Array(await executors.run(1, REQUEST, never()))).toEqual(bytes)
  expect(calls).toHaveLength(1)
  expect(calls[0]?.action).toBe('POST /2015-03-31/functions/exec-1/invocations')
  expect(calls[0]?.headers['x-amz-invocation-type']).toBe('RequestResponse')
  expect(JSON.parse(calls[0]?.body ?? '')).toEqual(REQUEST)
})

test('what an executor says that it has used is counted', async () => {
  const meter = usageMeter()
  const body = { ...inlineAnswer(bytesOf(10)), usage: { readUnits: 3, gigabyteSeconds: 0.5 } }
  const client = fakeLambda(() => ({ status: 200, body }))
  const executors = lambdaExecutors({ functions: NAMES, client, meter })
  for (let n = 0; n < 2; n++) await executors.run(0, REQUEST, never())
  expect(meter.take()).toEqual({ readUnits: 6, gigabyteSeconds: 1 })
})

test('the largest answer with its bytes inside fits into what Lambda takes', () => {
  const { length } = JSON.stringify(inlineAnswer(new Uint8Array(INLINE_BYTES_MAX)))
  expect(length).toBeLessThanOrEqual(6_291_556)
  expect(length).toBeGreaterThan(6_200_000)
})

describe('the bytes of a request', () => {
  /** What the function gets. */
  const sent = async (
    { length }: { readonly length: number },
    blobs?: BlobStore,
  ): Promise<{ readonly got: Uint8Array; readonly body: string }> => {
    const seen = { got: new Uint8Array(), body: '' }
    const client = {
      async send({ input }: { readonly input: { readonly Payload: Uint8Array } }) {
        seen.body = Buffer.from(input.Payload).toString()
        const { data } = JSON.parse(seen.body) as { readonly data: FunctionAnswer }
        seen.got = Uint8Array.from(await unpackData(data, blobs))
        return { Payload: Buffer.from(JSON.stringify(inlineAnswer(bytesOf(3)))) }
      },
    }
    const executors = lambdaExecutors({ functions: NAMES, blobs, client: client as never })
    await executors.run(0, REQUEST, never(), bytesOf(length))
    return seen
  }

  test('go inside it', async () => {
    const { got, body } = await sent({ length: 5_000 })
    expect(got).toEqual(bytesOf(5_000))
    expect(JSON.parse(body)).toMatchObject(REQUEST)
  })

  test('go by way of a blob, which is deleted, when Lambda does not take so many', async () => {
    const inner = memoryBlobStore()
    const names: string[] = []
    const blobs = {
      ...inner,
      put: (name: string, bytes: Uint8Array) => (names.push(name), inner.put(name, bytes)),
    }
    const { got, body } = await sent({ length: 4_500_001 }, blobs)
    expect(Buffer.compare(got, bytesOf(4_500_001))).toBe(0)
    expect(body.length).toBeLessThan(1_000)
    expect(names).toHaveLength(1)
    expect(await inner.get(names[0] ?? '')).toBeUndefined()
  })

  test('fit as JSON up to that size', async () => {
    const { body } = await sent({ length: 4_500_000 })
    expect(body.length).toBeLessThan(6_291_556)
  })

  test('are no request when there is no bucket', async () => {
    expect(await errorOf(() => sent({ length: 4_500_001 }))).toMatchObject({ code: LOST })
  })
})

describe('a large answer', () => {
  const bytes = bytesOf(5_000)
  const stored = async (): Promise<{ readonly blobs: BlobStore; readonly body: object }> => {
    const blobs = memoryBlobStore()
    return { blobs, body: await blobAnswer(bytes, blobs, 'a/1') }
  }

  test('is read from its blob, which is deleted', async () => {
    const { blobs, body } = await stored()
    const { executors } = bed({ status: 200, body }, blobs)
    expect(new Uint8Array(await executors.run(0, REQUEST, never()))).toEqual(bytes)
    expect(await blobs.get('a/1')).toBeUndefined()
  })

  test('counts although its blob could not be deleted', async () => {
    const { blobs, body } = await stored()
    const stuck = { ...blobs, deleteAll: () => Promise.reject(new Error('throttled')) }
    const { executors } = bed({ status: 200, body }, stuck)
    expect(new Uint8Array(await executors.run(0, REQUEST, never()))).toEqual(bytes)
  })

  test.each([
    ['its blob is gone', async (blobs: BlobStore) => blobs.deleteAll(['a/1'])],
    ['its blob is not whole', async (blobs: BlobStore) => blobs.put('a/1', bytesOf(4_999))],
  ])('is none when %s', async (_, damage) => {
    const { blobs, body } = await stored()
    await damage(blobs)
    const { executors } = bed({ status: 200, body }, blobs)
    expect(await errorOf(() => executors.run(0, REQUEST, never()))).toMatchObject({
      code: 'EXECUTOR_LOST',
      retryable: true,
    })
  })
})

describe('there is no answer, and one call, when', () => {
  const failed = (errorMessage: string): Answer => ({
    status: 200,
    headers: { 'x-amz-function-error': 'Unhandled' },
    body: { errorMessage, errorType: 'Sandbox.Timedout' },
  })
  const refused = (status: number, name: string): Answer => ({
    status,
    headers: { 'x-amzn-errortype': name },
    body: { message: `it is ${name}` },
  })

  test.each<[what: string, answer: Answer, code: string, text: string]>([
    [
      'it ran out of time',
      failed('Task timed out after 60.00 seconds'),
      LOST,
      'timed out after 60',
    ],
    ['it ran out of memory', failed('Runtime exited: signal: killed'), LOST, 'signal: killed'],
    ['it is busy', refused(429, 'TooManyRequestsException'), LOST, 'busy with another task'],
    ['it is being changed', refused(409, 'ResourceConflictException'), LOST, 'ResourceConflict'],
    ['it is not there', refused(404, 'ResourceNotFoundException'), LOST, 'ResourceNotFound'],
    ['Lambda fails', refused(500, 'ServiceException'), LOST, 'ServiceException'],
    ['the connection breaks', { lost: 'ECONNRESET' }, LOST, 'ECONNRESET'],
    ['it answers something else', { status: 200, body: '"hello"' }, LOST, 'hello'],
    ['it answers nothing', { status: 200, body: 'null' }, LOST, 'null'],
    ['it may not be called', refused(403, 'AccessDeniedException'), DENIED, 'InvokeFunction'],
  ])('%s', async (_, answer, code, text) => {
    const { calls, executors } = bed(answer)
    const error = await errorOf(() => executors.run(0, REQUEST, never()))
    expect(error).toMatchObject({ code, retryable: code === LOST })
    expect(error.message).toContain(text)
    expect(error.message).toContain('exec-0')
    expect(calls).toHaveLength(1)
  })
})

describe('a function that is busy with a task that was given up', () => {
  const busy: Answer = {
    status: 429,
    headers: { 'x-amzn-errortype': 'TooManyRequestsException' },
    body: { message: 'Rate exceeded', Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' },
  }
  const bytes = bytesOf(100)

  /** A function that refuses so many calls. */
  const busyFor = (refusals: number) => {
    const pausesMs: number[] = []
    let calls = 0
    const client = fakeLambda(() =>
      calls++ < refusals ? busy : { status: 200, body: inlineAnswer(bytes) },
    )
    const pause = async (durationMs: number): Promise<void> => void pausesMs.push(durationMs)
    return {
      executors: lambdaExecutors({ functions: NAMES, client, pause }),
      pausesMs,
      calls: () => calls,
    }
  }

  test.each([1, 3, 5])('is called again: %i times', async (refusals) => {
    const { executors, pausesMs, calls } = busyFor(refusals)
    expect(new Uint8Array(await executors.run(0, REQUEST, never()))).toEqual(bytes)
    expect(calls()).toBe(refusals + 1)
    expect(pausesMs).toEqual([100, 200, 400, 800, 1_500].slice(0, refusals))
  })

  test('gives no answer if it is busy for longer than three seconds', async () => {
    const { executors, pausesMs, calls } = busyFor(Infinity)
    const error = await errorOf(() => executors.run(0, REQUEST, never()))
    expect(error).toMatchObject({ code: LOST, retryable: true })
    expect(error.message).toContain('busy with another task')
    expect(calls()).toBe(6)
    expect(pausesMs.reduce((sum, ms) => sum + ms, 0)).toBe(3_000)
  })

  test('is not waited for after the stage has ended', async () => {
    const client = fakeLambda(() => busy)
    const ending = new AbortController()
    const running = lambdaExecutors({ functions: NAMES, client }).run(0, REQUEST, ending.signal)
    const reason = new Error('the stage has ended')
    ending.abort(reason)
    await expect(running).rejects.toBe(reason)
  })
})

test('the client of a process never sends a task twice', async () => {
  expect(await lambdaClient().config.maxAttempts()).toBe(1)
})

test('an aborted call ends at once, and its connection is closed', async () => {
  const closed = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const server = createServer((request) => {
    request.socket.on('close', () => closed.resolve())
    arrived.resolve()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const client = new LambdaClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    maxAttempts: 1,
  })
  onTestFinished(() => client.destroy())
  const ending = new AbortController()
  const running = lambdaExecutors({ functions: NAMES, client }).run(0, REQUEST, ending.signal)
  await arrived.promise
  const reason = new Error('the stage has ended')
  ending.abort(reason)
  await expect(running).rejects.toBe(reason)
  await closed.promise
})

test('nothing is called after an abort', async () => {
  const { calls, executors } = bed({ status: 200, body: inlineAnswer(bytesOf(1)) })
  await expect(executors.run(0, REQUEST, AbortSignal.abort())).rejects.toThrow('abort')
  expect(calls).toEqual([])
})
