/** Objects that EventBridge tells of are in batches, below the watched prefix and nowhere else. */
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { s3Client } from '../../../lib/adapters/aws/s3-client.ts'
import { Application } from '../deployed/application.ts'
import { bootstrap, deploy, synthesiseApp } from '../deployed/cdk.ts'

const DEPLOY_MS_MAX = 240_000
const WAIT_MS_MAX = 90_000
const STACK = 'Bridged'

const endpoint = process.env['AWS_ENDPOINT_URL'] ?? ''
const folder = mkdtempSync(join(tmpdir(), 'millrace-bridged-'))
afterAll(() => rmSync(folder, { recursive: true }))

let app: Application
beforeAll(async () => {
  await bootstrap(endpoint)
  await synthesiseApp(endpoint, join(import.meta.dirname, 'cdk-app.ts'), {}, folder)
  const { [STACK]: outputs = {} } = await deploy(endpoint, folder, [STACK])
  app = new Application('both', outputs)
}, DEPLOY_MS_MAX)

/** Asks until there is an answer. */
const until = async <T>(ask: () => Promise<T | undefined>): Promise<T> => {
  for (const endMs = Date.now() + WAIT_MS_MAX; Date.now() < endMs; await sleep(300)) {
    const answer = await ask()
    if (answer !== undefined) return answer
  }
  throw new Error('nothing came in time')
}

/** All lines that were written. */
const lines = async (): Promise<readonly string[]> => {
  const Bucket = app.output('TestResults')
  const { Contents = [] } = await s3Client().send(new ListObjectsV2Command({ Bucket }))
  const parts = Contents.filter(({ Key = '' }) => Key.includes('/part-'))
  const texts = await Promise.all(
    parts.map(async ({ Key }) => {
      const { Body } = await s3Client().send(new GetObjectCommand({ Bucket, Key: Key ?? '' }))
      return (await Body?.transformToString()) ?? ''
    }),
  )
  return texts.flatMap((text) => text.split('\n')).filter((line) => line !== '')
}

test('an object below the prefix is read', { timeout: 2 * WAIT_MS_MAX }, async () => {
  await app.trigger()
  // The next listing is a quarter of an hour after the first one: only the event tells.
  await until(async () => ((await app.head())?.status === 'rest' ? true : undefined))
  await app.putObject('elsewhere/x.txt', ['not this'])
  await app.putObject('in/a b+é=1.txt', ['one', 'two'])
  await app.putObject('in/deep/c.txt', ['three'])
  const found = await until(async () => {
    const all = await lines()
    return all.length >= 3 ? all : undefined
  })
  expect(found.toSorted()).toEqual(['one', 'three', 'two'])
})
