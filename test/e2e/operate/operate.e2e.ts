/**
 * The commands on a deployed application, as processes with credentials of their own, in an
 * emulator that enforces rights. The application is made by hand, so that the test can bring it
 * into each state. `test/e2e/deployed` tests the commands on a real deployment.
 */
import { milliseconds, openState, seconds, stream } from 'millrace'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../lib/adapters/local/system-clock.ts'
import type { AccessLevel } from '../../../infra/grants.ts'
import { type Emulator, startEmulator } from '../emulator.ts'
import { type Identity, userWith } from './account.ts'
import { Application } from './application.ts'

const CLI = join(import.meta.dirname, '..', '..', '..', 'cli', 'main.ts')
/** Above 8 KB, so that it is stored in the bucket. */
const LARGE = Array.from({ length: 200 }, (_, index) =>
  createHash('sha512').update(`${index}`).digest('base64'),
).join('')

const state = { isMended: false, isBroken: false, totals: new Map<string, number>() }
const pipeline = stream(
  'clicks',
  { batchInterval: seconds(1), retry: { attempts: 1, for: milliseconds(1) } },
  (ssc) => {
    const lines = ssc.kinesisTextStream('clicks').map((line) => {
      if (!state.isMended && line.startsWith('bad')) throw new RangeError('no')
      return line
    })
    const totals = lines
      .mapToPair((line) => [line, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
    totals.named('totals').foreachRDD(async (rdd) => {
      if (state.isBroken) throw new Error('the sink is gone')
      state.totals = new Map(await rdd.collect())
    })
  },
)

interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

let emulator: Emulator
let app: Application
const identities = new Map<AccessLevel, Identity>()

/** Runs the command line as a process with an identity. */
const millrace = async (
  identity: Partial<Identity>,
  ...args: readonly string[]
): Promise<Ended> => {
  const child = spawn(process.execPath, ['--conditions=millrace-source', CLI, ...args], {
    env: { ...process.env, ...identity },
  })
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (printed[name] += text))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { exitCode, ...printed }
}
const command = (level: AccessLevel, name: string, ...args: readonly string[]): Promise<Ended> =>
  millrace(identities.get(level) as Identity, name, '--app', app.name, ...args)
const answer = ({ stdout, stderr }: Ended): Record<string, unknown> => {
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Record<string, unknown>
}

beforeAll(async () => {
  emulator = await startEmulator({ variables: { AUTH: 'true' } })
  process.env['AWS_ENDPOINT_URL'] = emulator.endpoint
  app = await Application.create(pipeline)
  for (const level of ['reader', 'deadLetterReader', 'stateReader', 'operator'] as const)
    identities.set(level, await userWith(level, app.resources))
}, 120_000)
afterAll(() => emulator?.stop())

describe('before anything has run', () => {
  test('an unknown name gives an error that says where it was searched', async () => {
    // With the rights of the owner: a grant is for one name and does not allow to see whether
    // another exists.
    const { exitCode, stderr } = await millrace({}, 'status', '--app', 'nobody')
    expect(exitCode).toBe(5)
    expect(stderr).toMatch(
      /No application[^]*us-east-1[^]*STORE_NOT_FOUND[^]*"nobody"[^]*AWS_REGION/,
    )
  })

  test('status says so, and reset has nothing to do', async () => {
    expect(await command('operator', 'status')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(
        /^clicks in AWS, us-east-1\n +status +nothing has run yet\n/,
      ) as string,
    })
    const { exitCode, stderr } = await command('operator', 'reset', '--yes')
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('COMMAND_REFUSED') as string,
    })
  })
})

describe('commands, in the order of a bad day', () => {
  test('status shows waiting records and dead letters, in table and bucket', async () => {
    await app.runUntil(() => true)
    await app.append('good', 'bad one', `bad ${LARGE}`, LARGE)
    await app.runUntil(({ manifest }) => manifest !== undefined && state.totals.has('good'))
    await app.append('waits')
    const { stdout } = await command('operator', 'status')
    expect(stdout).toMatch(/^clicks in AWS, us-east-1\n/)
    expect(stdout).toMatch(/source kinesisTextStream-1 .*1 record in 1 entry waiting/)
    expect(stdout).toMatch(/dead letters +2 USER_FUNCTION_FAILED/)
    expect(stdout).toMatch(/generation +1, .*; 2 is deployed and has not run yet/)
    expect(stdout).toMatch(/logs +driver-logs \(driver\), intake-logs \(intake\)/)
    expect(answer(await command('operator', 'status', '--json'))).toMatchObject({
      app: 'clicks',
      head: { generation: 1 },
      states: [{ id: 'totals' }],
      deployment: { table: app.name, generation: 2 },
    })
    expect(await app.blobsOf('totals')).toBeGreaterThan(0)
  })

  test('two redrives at once redrive each record once', async () => {
    await app.runUntil(({ status }) => status === 'rest')
    state.isMended = true
    await app.triggers()
    const both = await Promise.all([
      command('operator', 'redrive', '--json'),
      command('operator', 'redrive', '--json'),
    ])
    const done = both.map(answer)
    expect(done.map(({ records }) => Number(records)).reduce((a, b) => a + b)).toBe(2)
    // The redrive that woke it has called the driver. If both woke it in the same millisecond, both
    // have: a refusal that shows one's own wake counts as a success whose answer was lost.
    const called = await app.triggers()
    expect(called.length).toBeGreaterThanOrEqual(1)
    expect(called.length).toBeLessThanOrEqual(2)
    for (const trigger of called) expect(trigger).toEqual({ app: 'clicks', scheduleMinute: true })
    await app.runUntil(() => state.totals.has('bad one') && state.totals.has(`bad ${LARGE}`))
    expect([...state.totals.values()]).toEqual([1, 1, 1, 1, 1])
    expect((await command('operator', 'dead-letters')).stdout).toMatch(
      /^clicks: no dead letters since/,
    )
  })

  test('resume lets a failed batch run again, and calls the driver', async () => {
    state.isBroken = true
    await app.append('late')
    await app.runUntil(({ status }) => status === 'failed')
    expect((await command('reader', 'status')).stdout).toMatch(/FAILED: millrace resume --app app-/)
    await app.triggers()
    const resumed = answer(await command('operator', 'resume', '--json'))
    expect(resumed).toMatchObject({ done: 'resumed', app: 'clicks', called: true })
    expect(await app.triggers()).toEqual([{ app: 'clicks', scheduleMinute: true }])
    state.isBroken = false
    await app.runUntil(() => state.totals.get('late') === 1)
  })

  test('skip and reset are refused while an attempt runs, and skip works after it', async () => {
    state.isBroken = true
    await app.append('to skip')
    const failed = await app.runUntil(({ status }) => status === 'failed')
    const held = {
      ...failed,
      status: 'running' as const,
      owner: 'somebody',
      leaseEndMs: systemClock().now() + 60_000,
    }
    await app.heads.swap(failed, [], held)
    for (const [name, ...args] of [['skip'], ['reset', '--yes']] as const) {
      const { exitCode, stderr } = await command('operator', name, ...args)
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/being tried at this moment[^]*lease ends at/) as string,
      })
    }
    await app.heads.swap(held, [], failed)
    expect((await command('operator', 'skip')).stdout).toMatch(
      /is skipped[^]*1 records of kinesisTextStream-1: positions/,
    )
    state.isBroken = false
    await app.append('after')
    await app.runUntil(() => state.totals.has('after'))
    expect(state.totals.has('to skip')).toBe(false)
  })

  test('reset empties the state in table and bucket, and keeps waiting records', async () => {
    await app.append('new life')
    const { doneMs } = await app.head()
    expect(answer(await command('operator', 'reset', '--yes', '--json'))).toMatchObject({
      done: 'reset',
      states: [{ id: 'totals' }],
      called: true,
    })
    expect(await app.blobsOf('totals')).toBe(0)
    const head = await app.runUntil(() => state.totals.has('new life'))
    expect([...state.totals]).toEqual([['new life', 1]])
    expect(head.doneMs).toBeGreaterThan(doneMs)
  })
})

describe('state, with the rights to read it alone', () => {
  test('is listed, read by key, exported, and replaced by an operator', async () => {
    await app.append('new life', LARGE)
    await app.runUntil(() => state.totals.has(LARGE))
    expect(answer(await command('stateReader', 'state', '--json'))).toMatchObject({
      app: 'clicks',
      states: [{ id: 'totals', kind: 'updateStateByKey', holds: 'keys', keys: 2 }],
    })
    const total = async (key: string): Promise<Ended> =>
      command('stateReader', 'state', 'get', 'totals', key)
    expect(await total('new life')).toMatchObject({ exitCode: 0, stdout: '2\n' })
    expect(await total('nobody')).toMatchObject({ exitCode: 7, stdout: '' })
    const exported = await command('stateReader', 'state', 'export', 'totals')
    expect(exported.stdout).toContain('{"key":"new life","value":2}\n')
    const file = join(mkdtempSync(join(tmpdir(), 'millrace-state-')), 'totals.jsonl')
    writeFileSync(file, '{"key":"new life","value":40}\n')
    const importing = ['state', 'import', 'totals', file, '--yes'] as const
    expect((await command('stateReader', ...importing)).stderr).toContain('ACCESS_DENIED')
    expect((await command('operator', ...importing)).stdout).toContain('2 keys before and 1 now')
    await app.append('new life')
    await app.runUntil(() => state.totals.get('new life') === 41)
  })

  test('openState reads it in a program', async () => {
    const totals = await openState<string, number>('totals', { app: app.name })
    expect([await totals.get('new life'), await totals.count()]).toEqual([41, 1])
    expect(totals.batchTime.milliseconds).toBe((await app.head()).doneMs)
    totals.close()
  })
})

describe('rights', () => {
  type Reader = Exclude<AccessLevel, 'operator' | 'feeder'>
  const allowed: Readonly<Record<Reader, readonly string[]>> = {
    reader: ['status', 'dead-letters', 'state'],
    deadLetterReader: ['dead-letters'],
    stateReader: ['state'],
  }
  const commands = [
    ['status'],
    ['dead-letters'],
    ['state', 'get', 'totals', 'new life'],
    ['redrive'],
    ['resume'],
    ['skip'],
    ['reset', '--yes'],
  ] as const
  const denied = {
    reader: /ACCESS_DENIED|COMMAND_REFUSED/,
    deadLetterReader: /ACCESS_DENIED/,
    stateReader: /ACCESS_DENIED|COMMAND_REFUSED/,
  }

  test.each(['reader', 'deadLetterReader', 'stateReader'] as const)(
    'a %s may read, and changes nothing',
    async (level) => {
      state.isBroken = false
      state.isMended = false
      await app.append('bad again')
      await app.runUntil(({ status }) => status === 'rest')
      const before = await app.head()
      for (const [name, ...args] of commands) {
        const { exitCode, stderr } = await command(level, name, ...args)
        const isAllowed = allowed[level].includes(name)
        expect([name, exitCode === 0]).toEqual([name, isAllowed])
        if (!isAllowed) expect(stderr).toMatch(denied[level])
      }
      expect(await app.head()).toEqual(before)
    },
  )

  test('the error names the missing right', async () => {
    const { stderr } = await command('reader', 'redrive')
    expect(stderr).toMatch(
      new RegExp(
        'DynamoDB refuses dynamodb:PutItem \\[ACCESS_DENIED][^]*the table app-[^]*' +
          'allow the role or user of this process to do dynamodb:PutItem',
      ),
    )
    const { stderr: atStatus } = await command('deadLetterReader', 'status')
    expect(atStatus).toMatch(/DynamoDB refuses dynamodb:GetItem \[ACCESS_DENIED]/)
  })
})
