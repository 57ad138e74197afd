import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { millrace, startMillrace, temporaryDirectory } from './millrace.ts'

const example = join(import.meta.dirname, '..', '..', 'examples', 'word-count.ts')
const TIMEOUT = { timeout: 60_000 }
const RUN = ['run', example, '--bind', 'lines=in']

const directoryWithLine = (): string => {
  const directory = temporaryDirectory()
  mkdirSync(join(directory, 'in'))
  writeFileSync(join(directory, 'in', 'a.txt'), 'the mill\n')
  return directory
}

const addressIn = (stdout: string): string => /http:\/\/127\.0\.0\.1:\d+\//.exec(stdout)?.[0] ?? ''

describe('the page of a run', () => {
  test(
    'has its address in the first line, and ends with the run while it is open',
    TIMEOUT,
    async () => {
      const running = startMillrace(directoryWithLine(), ...RUN)
      const said = await running.until((stdout) => stdout.includes('so far'))
      expect(said).toMatch(/^Page of this run: http:\/\/127\.0\.0\.1:\d+\/\nword-count: /)
      const url = addressIn(said)
      expect(await (await fetch(url)).text()).toContain('<!doctype html>')
      expect(await (await fetch(`${url}api/app`)).json()).toMatchObject({
        app: 'word-count',
        how: 'run',
        intervalMs: 1_000,
        target: '--state .millrace/word-count',
      })
      const events = await fetch(`${url}api/events`)
      expect(events.status).toBe(200)
      const { exitCode, stderr } = await running.signal('SIGINT')
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    },
  )

  test.each([
    { how: 'with --no-ui', options: ['--no-ui'], ends: false },
    { how: 'with --once', options: ['--once'], ends: true },
  ])('there is none $how', TIMEOUT, async ({ options, ends }) => {
    const directory = directoryWithLine()
    const running = startMillrace(directory, ...RUN, ...options)
    const said = await running.until((stdout) => stdout.includes('so far'))
    expect(said).toMatch(/^word-count: /)
    if (!ends) await running.signal('SIGINT')
  })

  test('with --json its address is in the first event', TIMEOUT, async () => {
    const running = startMillrace(directoryWithLine(), ...RUN, '--json')
    await running.until((stdout) => stdout.includes('started'))
    expect(running.events[0]).toMatchObject({
      event: 'started',
      page: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/) as string,
    })
    await running.signal('SIGINT')
  })

  test('a port that is taken, or is none, is refused before anything runs', TIMEOUT, async () => {
    const directory = directoryWithLine()
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { readonly port: number }
    for (const given of [String(port), '70000', 'x']) {
      const { exitCode, stderr, stdout } = await millrace(directory, ...RUN, '--ui', given)
      expect(exitCode).toBe(2)
      expect(stderr).toContain(given)
      expect(stderr).toContain('[USAGE]')
      expect(stdout).not.toContain('so far')
    }
    taken.close()
    const both = await millrace(directory, ...RUN, '--ui', '0', '--no-ui')
    expect(both.stderr).toContain('--ui and --no-ui contradict each other')
  })
})

describe('millrace ui', () => {
  test('shows what a run has left, and ends on Ctrl-C', TIMEOUT, async () => {
    const directory = directoryWithLine()
    await millrace(directory, ...RUN, '--once')
    const state = ['--state', '.millrace/word-count']
    const serving = startMillrace(directory, 'ui', example, ...state)
    const url = addressIn(await serving.until((stdout) => stdout.includes('Ctrl-C')))
    expect(await (await fetch(`${url}api/app`)).json()).toMatchObject({
      how: 'stored',
      plan: { nodes: expect.arrayContaining([]) as unknown },
    })
    const { batches } = (await (await fetch(`${url}api/batches`)).json()) as {
      readonly batches: readonly { readonly records: number }[]
    }
    expect(batches.map(({ records }) => records)).toContain(1)
    expect((await serving.signal('SIGINT')).exitCode).toBe(0)
  })

  test.each([
    { args: ['ui'], says: 'millrace ui needs an application' },
    { args: ['ui', '--state', 'none'], says: 'STORE_NOT_FOUND' },
    { args: ['ui', 'a.ts', 'b.ts', '--state', 'x'], says: 'millrace ui takes one module' },
    { args: ['ui', '--state', 'x', '--port', '-1'], says: '--port' },
    { args: ['ui', '--state', 'x', '--jsn'], says: "Unknown option '--jsn'" },
  ])('$args is refused', TIMEOUT, async ({ args, says }) => {
    const { exitCode, stderr } = await millrace(temporaryDirectory(), ...args)
    expect(exitCode).not.toBe(0)
    expect(stderr).toContain(says)
  })
})
