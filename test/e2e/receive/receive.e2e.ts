/**
 * `millrace receive` against the emulator: a file that grows feeds a deployed application, and the
 * process is killed at any time. Each line counts once. The driver runs in this process.
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { Random } from '../../../lib/testing/random.ts'
import { type Millrace, startMillrace, temporaryDirectory } from '../../process/millrace.ts'
import { Application } from '../operate/application.ts'
import pipeline, { taken } from './pipelines/lines.ts'

const KILLS = 8
const MODULE = join(import.meta.dirname, 'pipelines', 'lines.ts')

let app: Application

beforeAll(async () => {
  app = await Application.create(pipeline, ['textFileStream-1'])
})

const takenLines = (): readonly string[] =>
  [...taken].toSorted(([a], [b]) => a - b).flatMap(([, lines]) => lines)

test('a file feeds a deployed application, over kills', { timeout: 240_000 }, async () => {
  const directory = temporaryDirectory()
  const random = new Random(1_506)
  const lines: string[] = []
  writeFileSync(join(directory, 'app.log'), '')
  const write = (): void => {
    const more = Array.from({ length: random.between(1, 30) }, (_, at) => `l${lines.length + at}`)
    lines.push(...more)
    appendFileSync(join(directory, 'app.log'), `${more.join('\n')}\n`)
  }
  const start = (...more: readonly string[]): Millrace => {
    const given = ['receive', MODULE, '--app', app.name, '--follow', '--bind', 'lines=app.log']
    return startMillrace(directory, ...given, '--json', ...more)
  }
  for (let kill = 0; kill < KILLS; kill++) {
    const running = start()
    if (random.chance(0.8)) await running.untilEvent('receiving')
    for (let writes = random.between(1, 5); writes > 0; writes--) {
      write()
      await pause(random.between(0, 300))
    }
    await app.runUntil(() => true)
    const { stderr } = await running.signal('SIGKILL')
    expect(stderr).toBe('')
  }
  const last = await start('--once').ended
  expect(last).toMatchObject({ exitCode: 0, stderr: '' })
  await app.runUntil(() => takenLines().length >= lines.length)
  expect(takenLines()).toEqual(lines)
  const stopped = start()
  await stopped.untilEvent('receiving')
  expect(await stopped.signal('SIGTERM')).toMatchObject({ exitCode: 0 })
  expect(await app.triggers()).not.toEqual([])
  process.stdout.write(`${lines.length} lines counted exactly\n`)
})
