import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { sendAnswer } from '../../../functions/deployment-answer.ts'
import {
  type DeploymentAnswer,
  type DeploymentEvent,
  generationFunction,
} from '../../../functions/generation-function.ts'
import { MillraceError } from '../../../lib/base/errors.ts'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import type { ItemStore } from '../../../lib/ports/item-store.ts'

const clock = { now: () => 0, sleep: async () => undefined }
const STACK = 'arn:aws:cloudformation:eu-west-1:111111111111:stack/Clicks'

const eventOf = (id: string, more: Partial<DeploymentEvent> = {}): DeploymentEvent => ({
  RequestType: 'Update',
  RequestId: id,
  ResponseURL: 'https://answers',
  StackId: `${STACK}/0a1b`,
  LogicalResourceId: 'AppGeneration',
  ResourceProperties: { App: 'clicks', Table: 'table' },
  ...more,
})

/** The function over one store, and what it has answered. */
const functionOver = (store: ItemStore = memoryItemStore()) => {
  const answers: DeploymentAnswer[] = []
  const call = generationFunction({
    open: () => ({ store, clock }),
    send: async (_, answer) => void answers.push(answer),
    log: () => undefined,
  })
  return { call, answers }
}

const others = { StackId: `${STACK}Test/0a1b` }
const again = { StackId: `${STACK}/9f8e` }
const gone = { RequestType: 'Delete' } as const

test.each<{ what: string; events: readonly DeploymentEvent[]; numbers: readonly unknown[] }>([
  {
    what: 'created, updated, rolled back',
    events: [eventOf('1', { RequestType: 'Create' }), eventOf('2'), eventOf('3')],
    numbers: ['1', '2', '3'],
  },
  {
    what: 'a call that Lambda repeats',
    events: [eventOf('1'), eventOf('1'), eventOf('2')],
    numbers: ['1', '1', '2'],
  },
  {
    what: 'another stack on the same table',
    events: [eventOf('1'), eventOf('2', others)],
    numbers: ['1', undefined],
  },
  {
    what: 'deleted and made again, under another id or another name',
    events: [
      eventOf('1'),
      eventOf('2', gone),
      eventOf('3', again),
      eventOf('4', { ...again, ...gone }),
      eventOf('5', others),
    ],
    numbers: ['1', undefined, '2', undefined, '3'],
  },
])('$what', async ({ events, numbers }) => {
  const { call, answers } = functionOver()
  for (const event of events) await call(event)
  expect(answers.map(({ Data }) => Data?.Generation)).toEqual(numbers)
})

test('a refusal says why, and the resource that was never made can be deleted', async () => {
  const { call, answers } = functionOver()
  await call(eventOf('1'))
  await call(eventOf('2', others))
  await call(eventOf('3', { ...others, ...gone, PhysicalResourceId: 'table/clicks' }))
  expect(answers[1]).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringMatching(/STORE_TAKEN[^]*stack\/Clicks/) as unknown,
    PhysicalResourceId: 'table/clicks',
  })
  expect(answers[2]).toMatchObject({ Status: 'SUCCESS' })
  await call(eventOf('4'))
  expect(answers[3]?.Data).toEqual({ Generation: '2' })
})

test('a table that does not answer is a reason too, and stops no deletion', async () => {
  const store: ItemStore = {
    ...memoryItemStore(),
    get: async () => {
      throw new MillraceError('STORE_FAILED', { problem: 'the table is gone', retryable: true })
    },
  }
  const { call, answers } = functionOver(store)
  await call(eventOf('1'))
  await call(eventOf('2', gone))
  expect(answers).toMatchObject([
    { Status: 'FAILED', Reason: expect.stringContaining('the table is gone') as unknown },
    { Status: 'SUCCESS' },
  ])
})

/** A server that answers with these states, and what it got. */
const answering = async (states: readonly number[]) => {
  const got: { readonly headers: IncomingMessage['headers']; readonly text: string }[] = []
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      got.push({ headers: request.headers, text: Buffer.concat(chunks).toString() })
      response.writeHead(states[got.length - 1] ?? 200).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { got, url: `http://127.0.0.1:${port}/answer?signed=yes` }
}

const answer: DeploymentAnswer = {
  Status: 'FAILED',
  Reason: 'x'.repeat(5_000),
  PhysicalResourceId: 'table/clicks',
  StackId: STACK,
  RequestId: '1',
  LogicalResourceId: 'AppGeneration',
}

test.each([
  { what: 'taken at once', states: [200], calls: 1 },
  { what: 'refused at first', states: [503, 500, 200], calls: 3 },
])('an answer is put without a content type, and fits: $what', async ({ states, calls }) => {
  const { got, url } = await answering(states)
  await sendAnswer(clock)(url, answer)
  expect(got).toHaveLength(calls)
  const { headers, text } = got.at(-1) ?? { headers: {}, text: '' }
  expect(headers['content-type'] ?? '').toBe('')
  expect(headers['content-length']).toBe(String(text.length))
  // CloudFormation takes 4,096 bytes.
  expect(text.length).toBeLessThan(4_096)
  expect(JSON.parse(text)).toMatchObject({ Status: 'FAILED', RequestId: '1' })
})

test('an answer that nobody takes is an error, so that Lambda calls again', async () => {
  const { url } = await answering([500, 500, 500, 500, 500])
  await expect(sendAnswer(clock)(url, answer)).rejects.toThrow(/HTTP 500/)
})
