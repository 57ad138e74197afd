import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Random } from '../../lib/testing/random.ts'
import {
  millrace,
  type Millrace,
  pipelinePath,
  startMillrace,
  temporaryDirectory,
} from './millrace.ts'
import { countsOf, savedCounts, sorted } from './results.ts'
import { freePort } from '../ports.ts'

// Requests, on real processes: kill -9 at any time, and clients that repeat what got no answer.

const KILLS = 12
const CLIENTS = 4

const runOf = (port: number): readonly string[] => [
  'run',
  pipelinePath('posts'),
  '--bind',
  `words=http://127.0.0.1:${port}/words`,
  '--bind',
  'results=out',
  '--state',
  'state',
  '--json',
]

/** Sends a request under its key until it is answered with 202. */
const insist = async (url: string, key: string, body: string): Promise<number> => {
  for (let tries = 1; ; tries++) {
    try {
      const headers = { 'idempotency-key': key }
      const { status } = await fetch(url, { method: 'POST', body, headers })
      if (status === 202) return tries
      expect(status).toBe(503)
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError)
    }
    await pause(10)
  }
}

const untilListening = (running: Millrace): Promise<string> =>
  running.until((stdout) => stdout.includes('takes requests'))

test(
  'a port: requests with keys count once, after twelve kills',
  { timeout: 120_000 },
  async () => {
    const directory = temporaryDirectory()
    const random = new Random(20_261)
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/words`
    const words: string[] = []
    let tries = 0
    let requests = 0
    let isOver = false
    const client = async (name: number): Promise<void> => {
      for (let number = 0; !isOver; number++) {
        const lines = Array.from({ length: random.between(1, 5) }, () => `w${random.between(0, 9)}`)
        words.push(...lines)
        tries += await insist(url, `${name}-${number}`, lines.join('\n'))
        requests += 1
        // Now and then a client has forgotten that it was answered.
        if (random.chance(0.2)) tries += await insist(url, `${name}-${number}`, lines.join('\n'))
      }
    }
    let running = startMillrace(directory, ...runOf(port))
    await untilListening(running)
    const clients = Array.from({ length: CLIENTS }, (_, name) => client(name))
    for (let kill = 0; kill < KILLS; kill++) {
      const before = requests
      const enough = random.between(0, 20)
      while (requests - before < enough) await pause(5)
      await pause(random.between(0, 50))
      const { stderr } = await running.signal('SIGKILL')
      expect(stderr).toBe('')
      running = startMillrace(directory, ...runOf(port))
      await untilListening(running)
    }
    isOver = true
    await Promise.all(clients)
    expect(await running.signal('SIGTERM')).toMatchObject({ exitCode: 0, stderr: '' })
    const last = await millrace(directory, ...runOf(port), '--once')
    expect(last).toMatchObject({ exitCode: 0, stderr: '' })
    const totals = [...savedCounts(join(directory, 'out'), 'totals').values()].at(-1)
    expect(sorted(totals ?? new Map())).toEqual(
      sorted(countsOf(words.map((word) => [word, 1] as const))),
    )
    process.stdout.write(
      `${KILLS} kills; ${requests} requests in ${tries} tries; ` +
        `${words.length} words counted exactly\n`,
    )
  },
)

test('a port that another run has ends the run with an error that says so', async () => {
  const directory = temporaryDirectory()
  const port = await freePort()
  const first = startMillrace(directory, ...runOf(port))
  await untilListening(first)
  const second = await millrace(directory, ...runOf(port), '--state', 'other')
  expect(second.exitCode).toBe(2)
  expect(second.stderr).toMatch(/ADDRESS_UNAVAILABLE[^]*another port/)
})

test.each([
  ['an address of the network without a secret', '0.0.0.0', 'BINDING_UNFIT'],
  ['an address that the machine does not have', '127.0.0.1', 'BINDING_INVALID', ':0/words'],
  ['an address without a port', '127.0.0.1', 'BINDING_INVALID', '/words'],
  ['a query', '127.0.0.1', 'BINDING_INVALID', ':8080/words?a=b'],
])('%s is refused', async (_, host, code, rest = ':8080/words') => {
  const bind = `words=http://${host}${rest}`
  const { exitCode, stderr } = await millrace(
    temporaryDirectory(),
    'run',
    pipelinePath('posts'),
    '--bind',
    bind,
    '--bind',
    'results=out',
  )
  expect(exitCode).toBe(2)
  expect(stderr).toContain(code)
})
