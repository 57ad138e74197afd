/**
 * The guarantee, on a real broker: kill -9 of the run at any time, and a broker that is started
 * again, cost no message. With ids each message counts once.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Random } from '../../../lib/testing/random.ts'
import {
  millraceAlone,
  type Millrace,
  startMillrace,
  temporaryDirectory,
} from '../../process/millrace.ts'
import { countsOf, sorted } from '../../process/results.ts'
import { Mosquitto, PASSWORD } from './mosquitto.ts'
import { runOf, totalsIn, untilSubscribed } from '../../process/mqtt-runs.ts'

const KILLS = 10

test.each([
  ['3.1.1', 'yes'],
  ['5', 'yes'],
  ['3.1.1', undefined],
])(
  'version %s, ids: %s: no message is missing after ten kills',
  { timeout: 180_000 },
  async (protocol, ids) => {
    await using broker = await Mosquitto.open()
    vi.stubEnv('MESSAGES_HAVE_IDS', ids)
    vi.stubEnv('BROKER_PROTOCOL', protocol)
    vi.stubEnv('BROKER_PASSWORD', PASSWORD)
    vi.stubEnv('BROKER_CA', broker.ca)
    onTestFinished(() => void vi.unstubAllEnvs())
    const directory = temporaryDirectory()
    const random = new Random(20_263)
    const start = (): Millrace =>
      startMillrace(directory, ...runOf(`mqtts://localhost:${broker.port}`))
    let running = start()
    await untilSubscribed(running)
    const devices = await broker.publisher()
    const texts: string[] = []
    let isOver = false
    const publish = async (): Promise<void> => {
      for (let number = 0; !isOver; number++) {
        const text = `${number} w${random.between(0, 9)}`
        texts.push(text)
        await devices.publishAsync(`rooms/${number % 3}/words`, text, { qos: 1 })
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
        await broker.start()
      }
      running = start()
      await untilSubscribed(running)
    }
    isOver = true
    await publishing
    await devices.endAsync()
    // The last ones are on their way.
    await pause(3_000)
    expect(await running.signal('SIGTERM')).toMatchObject({ exitCode: 0, stderr: '' })
    const last = await millraceAlone(
      directory,
      ...runOf(`mqtts://localhost:${broker.port}`),
      '--once',
    )
    expect(last).toMatchObject({ exitCode: 0, stderr: '' })
    const saved = totalsIn(directory, 'totals')
    const twice = [...saved.values()].reduce((sum, count) => sum + count, 0) - texts.length
    process.stdout.write(`${KILLS} kills; ${texts.length} messages; ${twice} counted twice\n`)
    expect(new Set(totalsIn(directory, 'texts').keys())).toEqual(new Set(texts))
    const expected = countsOf(texts.map((text) => [text.split(' ')[1] ?? '', 1] as const))
    if (ids === 'yes') expect(sorted(saved)).toEqual(sorted(expected))
  },
)

test('a password that is wrong is told, and tried again', async () => {
  await using broker = await Mosquitto.open()
  vi.stubEnv('BROKER_PASSWORD', 'wrong')
  vi.stubEnv('BROKER_CA', broker.ca)
  onTestFinished(() => void vi.unstubAllEnvs())
  const running = startMillrace(temporaryDirectory(), ...runOf(`mqtts://localhost:${broker.port}`))
  const shown = await running.until((stdout) => stdout.split('connects again').length > 2)
  expect(shown).toMatch(/not authorized/i)
  expect(await running.signal('SIGTERM')).toMatchObject({ exitCode: 0 })
})
