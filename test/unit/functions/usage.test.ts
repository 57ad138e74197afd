import { afterEach, describe, expect, test } from 'vitest'
import { meteredFunction } from '../../../functions/usage.ts'
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
/** What Lambda itself writes. */
const logBytes = 400
/** Two gigabytes for half a second, the invocation, and its log. */
const DOLLARS = PRICES.invocations + PRICES.gigabyteSeconds + logBytes * PRICES.logBytes
const EVENT = {}

afterEach(() => countCalls(undefined))

describe('an invocation', () => {
  test('logs nothing unless it is asked to, and has its calls counted', async () => {
    const bed = newBed()
    const { invoke } = meteredFunction({}, bed)
    expect(await invoke(EVENT, async () => 'done')).toBe('done')
    expect(bed.lines).toEqual([])
    expect(dynamodbClient().middlewareStack.identify().join()).toContain('millrace')
  })

  test.each([
    { name: 'that succeeds', fails: false },
    { name: 'that fails', fails: true },
  ])('$name logs what it used, and the next one begins at 0', async ({ fails }) => {
    const bed = newBed()
    const { invoke } = meteredFunction(LOG, bed)
    const call = (): Promise<void> =>
      invoke(
        EVENT,
        async () => {
          bed.nowMs += 500
          if (fails) throw new Error('no')
        },
        { awsRequestId: 'r' },
      )
    for (let n = 0; n < 2; n++) {
      if (fails) await expect(call()).rejects.toThrow('no')
      else await call()
    }
    const used = {
      level: 'INFO',
      requestId: 'r',
      event: 'usage',
      dollars: expect.closeTo(DOLLARS) as number,
      invocations: 1,
      gigabyteSeconds: 1,
      logBytes,
    }
    expect(bed.lines.map((one) => JSON.parse(one) as unknown)).toEqual([
      { timestamp: '1970-01-01T00:00:01.500Z', ...used },
      { timestamp: '1970-01-01T00:00:02.000Z', ...used },
    ])
  })

  test('is refused when the variable has another value', () => {
    const make = () => meteredFunction({ MILLRACE_METER: 'yes' }, newBed())
    expect(make).toThrow(/MILLRACE_METER is missing or malformed/)
  })

  test.each([
    ['of a queue', { Records: [{ eventSource: 'aws:sqs' }] }, { queueRequests: 2 }],
    ['of a stream', { Records: [{ eventSource: 'aws:kinesis' }] }, {}],
    ['without records', { Records: [] }, {}],
  ])('counts what Lambda does for an event %s', async (_, event, used) => {
    const { invoke, meter } = meteredFunction({}, newBed())
    await invoke(event, async () => undefined)
    expect(meter.take()).toEqual({ invocations: 1, gigabyteSeconds: 0, logBytes, ...used })
  })

  test('counts its time up to each moment at which it is asked', async () => {
    const bed = newBed()
    const { invoke, meter } = meteredFunction({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '2048' }, bed)
    const taken: object[] = []
    await invoke(EVENT, async () => {
      bed.nowMs += 500
      taken.push(meter.take())
      bed.nowMs += 250
    })
    // Nothing runs in between.
    bed.nowMs += 60_000
    await invoke(EVENT, async () => {
      bed.nowMs += 250
      taken.push(meter.take())
    })
    const each = { invocations: 1, gigabyteSeconds: 1, logBytes }
    expect(taken).toEqual([each, each])
    expect(bed.lines).toEqual([])
  })

  test('counts the lines of its log', async () => {
    const bed = newBed()
    const { invoke, meter, write } = meteredFunction({}, bed)
    await invoke(EVENT, async () => write('zwölf'))
    expect(bed.lines).toEqual(['zwölf'])
    expect(meter.take()).toMatchObject({ logBytes: logBytes + Buffer.byteLength('zwölf\n') })
  })

  test('logs its usage as well, if it is asked to', async () => {
    const bed = newBed()
    const { invoke, meter } = meteredFunction(LOG, bed)
    await invoke(EVENT, async () => {
      bed.nowMs += 500
      expect(meter.take()).toEqual({ invocations: 1, gigabyteSeconds: 1, logBytes })
    })
    expect(JSON.parse(bed.lines[0] ?? '')).toMatchObject({ event: 'usage', invocations: 1 })
  })
})
