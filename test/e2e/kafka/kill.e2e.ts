/**
 * The guarantee, on a real broker: kill -9 of the run or of the broker at any time costs work, and
 * no record. What the topic holds is read by the client's own consumer, not by ours.
 */
import { Consumer } from '@platformatic/kafka'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../../../lib/testing/random.ts'
import {
  eventsIn,
  millraceAlone,
  startMillrace,
  temporaryDirectory,
} from '../../process/millrace.ts'
import { countsOf, linesIn, savedCounts, sorted } from '../../process/results.ts'
import { Broker } from './broker.ts'
import { BrokerTopic, eventually } from './topics.ts'

const KILLS = 12
const WORDS = ['tea', 'milk', 'salt', 'Ünal', '水']
const PIPELINE = join(import.meta.dirname, 'pipelines', 'orders.ts')

let broker: Broker

beforeAll(async () => {
  broker = await Broker.start()
}, 400_000)

afterAll(async () => broker.stop())

/**
 * All records of a topic. The consumer leaves out most of those whose transactions were aborted,
 * but not all if one producer has aborted several: so the test leaves them out itself.
 */
const contentOf = async (
  topic: BrokerTopic,
  partitions: number,
  aborted: readonly string[],
): Promise<readonly string[]> => {
  const client = topic.open()
  await client.describe()
  const [firsts, ends] = [await client.offsets('first'), await client.offsets('end')]
  await client.close()
  const found: string[] = []
  const consumer = new Consumer({
    clientId: 'oracle',
    groupId: `oracle-${Date.now()}`,
    bootstrapBrokers: [broker.address],
    isolationLevel: 1,
  })
  const stream = await consumer.consume({
    topics: [topic.name],
    mode: 'earliest',
    maxWaitTime: 200,
  })
  const isRead = (): boolean =>
    Array.from({ length: partitions }, (_, number) => number).every(
      (number) =>
        firsts.get(number) === ends.get(number) ||
        Number(stream.offsetsToFetch.get(`${topic.name}:${number}`) ?? -1) >=
          (ends.get(number) ?? 0),
    )
  stream.on('data', ({ partition, offset, value }) =>
    found.push(`${partition}:${offset}=${value.toString()}`),
  )
  await eventually(async () => {
    if (!isRead()) throw new Error('not yet')
  })
  await pause(200)
  await stream.close()
  await consumer.close()
  return found.filter((line) => !aborted.includes(line.slice(line.indexOf('=') + 1)))
}

test(
  'a topic: each record counts once, after kills of runs and of the broker',
  { timeout: 300_000 },
  async () => {
    const directory = temporaryDirectory()
    const random = new Random(20_262)
    const topic = await BrokerTopic.create(broker.address, 'orders', 3)
    let partitions = 3
    let number = 0
    const put = async (): Promise<void> => {
      const records = Array.from({ length: random.between(1, 40) }, () => ({
        value: `${random.pick(WORDS)}-${number++}`,
      }))
      await topic.put(random.between(0, partitions - 1), records)
    }
    const bindings = ['--bind', `orders=kafka://${broker.address}`]
    const places = ['--bind', 'records=out/records', '--bind', 'totals=out/totals']
    const run = ['run', PIPELINE, ...bindings, ...places, '--state', 'state', '--json']
    const aborted: string[] = []
    let again = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const running = startMillrace(directory, ...run)
      if (random.chance(0.9)) await running.untilEvent('started')
      for (let puts = random.between(1, 6); puts > 0; puts--) {
        await put()
        await pause(random.between(0, 80))
      }
      if (kill % 4 === 1) {
        const value = `tea-${number++}`
        aborted.push(value)
        await topic.transact(0, [{ value }], 'abort')
      }
      if (kill % 4 === 2) await topic.transact(0, [{ value: `milk-${number++}` }], 'commit')
      if (kill === 5) {
        await topic.addPartition()
        partitions += 1
      }
      if (kill % 5 === 3) {
        await broker.kill()
        await pause(random.between(0, 500))
        await broker.restart()
        await put()
      }
      await pause(random.between(0, 400))
      const { stdout, stderr } = await running.signal('SIGKILL')
      expect(stderr).toBe('')
      again += eventsIn(stdout).filter(
        ({ event, attempt }) => event === 'batchStarted' && attempt !== 1,
      ).length
    }
    const last = await millraceAlone(directory, ...run, '--once')
    expect(last).toMatchObject({ exitCode: 0, stderr: '' })

    const content = await contentOf(topic, partitions, aborted)
    const saved = linesIn(join(directory, 'out', 'records'))
    expect(content.length).toBeGreaterThan(200)
    expect(saved.toSorted()).toEqual(content.toSorted())
    const words = content.map((line) => line.slice(line.indexOf('=') + 1).split('-')[0] as string)
    const totals = [...savedCounts(join(directory, 'out', 'totals'), 'totals').values()].at(-1)
    expect(sorted(totals ?? new Map())).toEqual(
      sorted(countsOf(words.map((word) => [word, 1] as const))),
    )
    // The lag that tools show is zero, also behind markers of transactions.
    const client = topic.open()
    await client.describe()
    const ends = await client.offsets('end')
    await client.close()
    const committed = await Promise.all(
      [...ends.keys()].map((partition) => topic.committed(partition, 'watched')),
    )
    expect(committed).toEqual([...ends.values()])
    process.stdout.write(`${content.length} records counted exactly; ${again} batches ran again\n`)
    await topic.close()
  },
)
