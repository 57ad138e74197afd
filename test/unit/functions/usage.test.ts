import { afterEach, describe, expect, test } from 'vitest'
import { meteredDriver, meteredInvocations } from '../../../functions/usage.ts'
import { countCalls } from '../../../lib/adapters/aws/clients.ts'
import { dynamodbClient } from '../../../lib/adapters/aws/dynamodb-client.ts'
import { PRICES } from '../../../lib/base/prices.ts'

interface Bed {
  readonly lines: string[]
  readonly clock: { now: () => number; sleep: () => Promise<void> }
  readonly write: (line: string) => void
  nowMs: number
}

const newBed = (): Bed => {
  const bed: Bed = {
    nowMs: 1_000,
    lines: [],
    clock: { now: () => bed.nowMs, sleep: async () => undefined },
    write: (line) => void bed.lines.push(line),
  }
  return bed
}

const LOG = { MILLRACE_METER: 'log', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048' }
/** Two gigabytes for half a second, and the invocation. */
const DOLLARS = PRICES.invocations + PRICES.gigabyteSeconds

afterEach(() => countCalls(undefined))

describe('an invocation', () => {
  test('logs nothing unless it is asked to', async () => {
    const bed = newBed()
    const invoke = meteredInvocations({}, bed)
    expect(await invoke(async () => 'done')).toBe('done')
    expect(bed.lines).toEqual([])
    const { middlewareStack } = dynamodbClient()
    expect(middlewareStack.identify().join()).not.toContain('millrace')
  })

  test.each([
    { name: 'that succeeds', fails: false },
    { name: 'that fails', fails: true },
  ])('$name logs what it used, and the next one begins at 0', async ({ fails }) => {
    const bed = newBed()
    const invoke = meteredInvocations(LOG, bed)
    const call = (): Promise<void> =>
      invoke(async () => {
        bed.nowMs += 500
        if (fails) throw new Error('no')
      })
    for (let n = 0; n < 2; n++) {
      if (fails) await expect(call()).rejects.toThrow('no')
      else await call()
    }
    const line = { event: 'usage', dollars: DOLLARS, invocations: 1, gigabyteSeconds: 1 }
    expect(bed.lines.map((one) => JSON.parse(one) as unknown)).toEqual([line, line])
  })

  test('is refused when the variable has another value', () => {
    const make = () => meteredInvocations({ MILLRACE_METER: 'yes' }, newBed())
    expect(make).toThrow(/MILLRACE_METER is missing or malformed/)
  })
})

describe('a driver', () => {
  test('counts its invocations for the history, up to each record', async () => {
    const bed = newBed()
    const { invoke, takeUsage } = meteredDriver({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048' }, bed)
    const taken: object[] = []
    await invoke(async () => {
      bed.nowMs += 500
      taken.push(takeUsage())
      bed.nowMs += 250
    })
    // Nothing runs in between.
    bed.nowMs += 60_000
    await invoke(async () => {
      bed.nowMs += 250
      taken.push(takeUsage())
    })
    expect(taken).toEqual([
      { invocations: 1, gigabyteSeconds: 1 },
      { invocations: 1, gigabyteSeconds: 1 },
    ])
    expect(bed.lines).toEqual([])
  })

  test('logs its usage as well, if it is asked to', async () => {
    const bed = newBed()
    const { invoke, takeUsage } = meteredDriver(LOG, bed)
    await invoke(async () => {
      bed.nowMs += 500
      expect(takeUsage()).toEqual({ invocations: 1, gigabyteSeconds: 1 })
    })
    expect(JSON.parse(bed.lines[0] ?? '')).toMatchObject({ event: 'usage', dollars: DOLLARS })
  })
})
