import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Random } from '../../lib/testing/random.ts'
import { TestBroker } from '../brokers/mqtt-broker.ts'
import { millrace, type Millrace, startMillrace, temporaryDirectory } from './millrace.ts'
import { countsOf, sorted } from './results.ts'
import { runOf, totalsIn, untilSubscribed } from './mqtt-runs.ts'

// Topics of MQTT, on real processes and a real broker: kill -9 at any time, a broker that comes and
// goes, and messages that are published while nothing runs.

const KILLS = 10

const sumOf = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0)

const untilAcknowledged = async (
  { acknowledged }: TestBroker,
  texts: readonly string[],
): Promise<void> => {
  const isMissing = (): boolean => {
    const all = new Set(acknowledged)
    return texts.some((text) => !all.has(text))
  }
  while (isMissing()) await pause(50)
}

describe.each([
  { ids: true, says: 'messages with ids count once' },
  { ids: false, says: 'messages without ids count at least once' },
])('topics of MQTT: $says', ({ ids }) => {
  test('after ten kills, some with a broker that is away', { timeout: 180_000 }, async () => {
    await using broker = await TestBroker.open()
    vi.stubEnv('MESSAGES_HAVE_IDS', ids ? 'yes' : undefined)
    onTestFinished(() => void vi.unstubAllEnvs())
    const directory = temporaryDirectory()
    const random = new Random(20_262)
    const start = (): Millrace =>
      startMillrace(directory, ...runOf(`mqtt://127.0.0.1:${broker.port}`))
    let running = start()
    await untilSubscribed(running)
    const texts: string[] = []
    let repeats = 0
    let isOver = false
    const publish = async (): Promise<void> => {
      for (let number = 0; !isOver; number++) {
        const text = `${number} w${random.between(0, 9)}`
        texts.push(text)
        await broker.publish(`rooms/${number % 3}/words`, text)
        // Now and then a device has not seen that the broker has its message.
        if (ids && random.chance(0.2)) {
          repeats += 1
          await broker.publish(`rooms/${number % 3}/words`, text)
        }
        await pause(random.between(0, 4))
      }
    }
    const publishing = publish()
    for (let kill = 0; kill < KILLS; kill++) {
      await pause(random.between(0, 300))
      const { stderr } = await running.signal('SIGKILL')
      expect(stderr).toBe('')
      if (kill % 4 === 3) {
        await broker.stop()
        await pause(random.between(0, 100))
        await broker.start()
      }
      running = start()
      await untilSubscribed(running)
      // It connects again by itself.
      if (kill % 4 === 1) {
        broker.cut()
        await running.until((stdout) => stdout.split('sends rooms/+/words').length > 2)
      }
    }
    isOver = true
    await publishing
    await untilAcknowledged(broker, texts)
    expect(await running.signal('SIGTERM')).toMatchObject({ exitCode: 0, stderr: '' })
    const last = await millrace(directory, ...runOf(`mqtt://127.0.0.1:${broker.port}`), '--once')
    expect(last).toMatchObject({ exitCode: 0, stderr: '' })
    const saved = totalsIn(directory, 'totals')
    const expected = countsOf(texts.map((text) => [text.split(' ')[1] ?? '', 1] as const))
    const twice = sumOf(saved) - texts.length
    process.stdout.write(
      `${KILLS} kills; ${texts.length} messages and ${repeats} repeats; ${twice} counted twice\n`,
    )
    if (ids) expect(sorted(saved)).toEqual(sorted(expected))
    else expect(twice).toBeGreaterThanOrEqual(0)
    expect([...totalsIn(directory, 'texts').keys()].toSorted()).toEqual([...texts].toSorted())
  })
})
