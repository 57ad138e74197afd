import { type Receive, seconds, stream } from 'millrace'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { functionReceiver } from '../../../../lib/runtime/sources/receiver/function-receiver.ts'
import type { Delivery } from '../../../../lib/ports/receiver.ts'

/** Runs a receiver with a sink that can be slow or broken, on a clock that only counts. */
const run = async (
  receive: Receive<unknown>,
  {
    untilEnd = true,
    fails = false,
  }: { readonly untilEnd?: boolean; readonly fails?: boolean } = {},
) => {
  const deliveries: (readonly unknown[])[] = []
  const reports: string[] = []
  const slept: number[] = []
  const stop = new AbortController()
  let storing = 0
  const store = async ({ records }: Delivery): Promise<void> => {
    storing += 1
    expect(storing).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    storing -= 1
    if (fails) throw new Error('the store is full')
    deliveries.push(records)
  }
  const clock = {
    now: () => 0,
    sleep: async (ms: number) => {
      slept.push(ms)
      if (slept.length === 3) stop.abort()
    },
  }
  const receiver = functionReceiver('receiverStream-1', receive, clock)
  const ended = receiver.run(
    { store, report: (message) => void reports.push(message) },
    { signal: stop.signal, untilEnd },
  )
  await ended
  return { deliveries, records: deliveries.flat(), reports, slept }
}

describe('a receiver', () => {
  test('loses no record of many calls at once, and stores one delivery at a time', async () => {
    const { records, deliveries } = await run(async ({ store }) => {
      const tenOf = async (thread: number): Promise<void> => {
        for (let n = 0; n < 1_000; n++) await store(thread * 1_000 + n)
      }
      await Promise.all(Array.from({ length: 10 }, (_, thread) => tenOf(thread)))
    })
    expect((records as number[]).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 10_000 }, (_, n) => n),
    )
    expect(deliveries.length).toBeLessThanOrEqual(2_000)
  })

  test('that does not wait has still stored everything when it ends', async () => {
    const { records } = await run(async ({ store }) => {
      void store('a')
      void store('b', 'c')
      await store()
    })
    expect(records).toEqual(['a', 'b', 'c'])
  })

  test('is called again 2 s after it has thrown, and reports that', async () => {
    let calls = 0
    const { records, reports, slept } = await run(async ({ store }) => {
      calls += 1
      await store(calls)
      if (calls < 3) throw new Error(`call ${calls}`)
    })
    expect([records, slept]).toEqual([
      [1, 2, 3],
      [2_000, 2_000],
    ])
    expect(reports).toEqual([
      'it has started',
      'it has failed: call 1; it is started again in 2 s',
      'it has started',
      'it has failed: call 2; it is started again in 2 s',
      'it has started',
      'it has stopped',
    ])
  })

  test('is called again when it has ended, until the run ends', async () => {
    const { slept, reports } = await run(async () => undefined, { untilEnd: false })
    expect(slept).toEqual([2_000, 2_000, 2_000])
    expect(reports.filter((report) => report === 'it has started')).toHaveLength(3)
    expect(reports.at(-1)).toBe('it has stopped')
  })

  test('gets the error of a failed store, and so does the run', async () => {
    const heard: unknown[] = []
    const ended = run(
      async ({ store }) => store('a').catch((error: unknown) => void heard.push(error)),
      { fails: true },
    )
    await expect(ended).rejects.toThrow('the store is full')
    expect(heard).toEqual([new Error('the store is full')])
  })

  test('that never ends and never waits is ended by a failed store', async () => {
    const forever = async ({ store, signal }: Parameters<Receive<unknown>>[0]): Promise<void> => {
      void store('a')
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
    await expect(run(forever, { fails: true })).rejects.toThrow('the store is full')
  })
})

test('receiverStream takes any records, and tests can add them', async () => {
  const app = await testStream(
    stream('app', { batchInterval: seconds(1) }, (ssc) =>
      ssc
        .receiverStream<{ readonly degrees: number }>(async () => {
          throw new Error('never called')
        })
        .map(({ degrees }) => degrees)
        .print(),
    ),
  )
  app.input('receiverStream-1').add({ degrees: 20 }, { degrees: 21 })
  await app.advance(seconds(1))
  await app.restart()
  expect(app.output('print-1').elements).toEqual([[20, 21]])
})
