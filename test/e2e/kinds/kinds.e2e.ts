/**
 * The worked examples of CONTRIBUTING, deployed: a queue of SQS as a source and a table of DynamoDB
 * as a sink. Messages are delivered again, at once and after their batch, and each counts once.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OrdersApp, type SentMessage } from './orders-app.ts'

const DEPLOY_MS_MAX = 240_000
const TEST_MS_MAX = 180_000

const folder = mkdtempSync(join(tmpdir(), 'millrace-kinds-'))
let app: OrdersApp

beforeAll(async () => {
  app = await OrdersApp.deploy(folder)
}, DEPLOY_MS_MAX)
afterAll(() => rmSync(folder, { recursive: true }))

const sendAll = async (bodies: readonly string[]): Promise<readonly SentMessage[]> => {
  const sent: SentMessage[] = []
  for (const body of bodies) sent.push(await app.send(body))
  return sent
}

test('messages that are delivered again count once', { timeout: TEST_MS_MAX }, async () => {
  const first = await sendAll(['tea 1', 'tea 2', 'coffee 4'])
  await app.deliverAgain([...first, ...first.toReversed()])
  await sendAll(['first 1'])
  await app.waitFor('first')
  expect(await app.totals()).toEqual({ tea: 3, coffee: 4, first: 1 })

  // Their batch is committed: only the ledger knows them now.
  const second = await sendAll(['tea 8', 'milk 16'])
  await app.deliverAgain([...first, ...second])
  await app.waitFor('milk')
  await app.deliverAgain([...second, ...first])
  await sendAll(['last 1'])
  await app.waitFor('last')
  expect(await app.totals()).toEqual({ tea: 11, coffee: 4, milk: 16, first: 1, last: 1 })
})
