/**
 * A stream that is read on a laptop, against kinesis-local: kill -9 at any time costs work, and no
 * record, also while shards are split and merged. What was put is known to the test alone.
 */
import { MergeShardsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../../../lib/testing/random.ts'
import {
  type Ended,
  eventsIn,
  millraceAlone,
  startMillrace,
  temporaryDirectory,
} from '../../process/millrace.ts'
import { linesIn } from '../../process/results.ts'
import { KinesisLocal } from '../kinesis-local.ts'

const KILLS = 10
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f']
const MIDDLE = String(2n ** 127n)
const PIPELINE = join(import.meta.dirname, 'pipelines', 'clicks.ts')

let kinesis: KinesisLocal

beforeAll(async () => {
  kinesis = await KinesisLocal.start('clicks')
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
  })
})
afterAll(() => kinesis.stop())

const reshard = async (): Promise<void> => {
  const [left = '', right] = await kinesis.openShards()
  const given = { StreamName: 'clicks' }
  if (right === undefined)
    await kinesis.client.send(
      new SplitShardCommand({ ...given, ShardToSplit: left, NewStartingHashKey: MIDDLE }),
    )
  else
    await kinesis.client.send(
      new MergeShardsCommand({ ...given, ShardToMerge: left, AdjacentShardToMerge: right }),
    )
  await kinesis.untilActive()
}

test('each record counts once, after kills and resharding', { timeout: 300_000 }, async () => {
  const directory = temporaryDirectory()
  const random = new Random(1_505)
  const counts = new Map(KEYS.map((key) => [key, 0]))
  const put = async (): Promise<void> => {
    const records = Array.from({ length: random.between(1, 60) }, () => {
      const key = random.pick(KEYS)
      const number = (counts.get(key) ?? 0) + 1
      counts.set(key, number)
      return { PartitionKey: key, Data: Buffer.from(`${key} ${number}`) }
    })
    await kinesis.put(records)
  }
  const run = ['run', PIPELINE, '--bind', 'clicks=kinesis://clicks', '--bind', 'saved=out']
  const again: number[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const running = startMillrace(directory, ...run, '--state', 'state', '--json')
    if (random.chance(0.8)) await running.untilEvent('started')
    for (let puts = random.between(1, 6); puts > 0; puts--) {
      await put()
      await pause(random.between(0, 250))
    }
    if (kill % 3 === 1) await reshard()
    await put()
    await pause(random.between(0, 900))
    const { stdout, stderr } = await running.signal('SIGKILL')
    expect(stderr).toBe('')
    const tries = eventsIn(stdout).filter(({ event }) => event === 'batchStarted')
    again.push(tries.filter(({ attempt }) => attempt !== 1).length)
  }
  const last: Ended = await millraceAlone(directory, ...run, '--state', 'state', '--once')
  expect(last.exitCode).toBe(0)
  const saved = linesIn(join(directory, 'out'))
  const wanted = [...counts].flatMap(([key, count]) =>
    Array.from({ length: count }, (_, index) => `${key} ${index + 1}`),
  )
  expect(wanted.length).toBeGreaterThan(500)
  expect(saved.toSorted()).toEqual(wanted.toSorted())
  process.stdout.write(`${wanted.length} records counted exactly; tried again: ${again.join()}\n`)
})

test('a stream of another name ends the run with what to do', async () => {
  const directory = temporaryDirectory()
  const bindings = ['--bind', 'clicks=kinesis://cliks', '--bind', 'saved=out']
  const { exitCode, stderr } = await millraceAlone(
    directory,
    'run',
    PIPELINE,
    '--once',
    ...bindings,
  )
  expect(exitCode).not.toBe(0)
  expect(stderr).toContain('There is no stream of this name')
  expect(stderr).toContain('AWS_REGION')
})
