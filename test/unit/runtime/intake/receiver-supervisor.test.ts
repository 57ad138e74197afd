import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../../../lib/base/errors.ts'
import { superviseReceiver } from '../../../../lib/runtime/intake/receiver-supervisor.ts'
import type { LaneDelivery } from '../../../../lib/runtime/intake/lane-delivery.ts'
import type { Intake } from '../../../../lib/runtime/intake/intake.ts'
import type { ReceiverSink } from '../../../../lib/ports/receiver.ts'
import { World } from '../harness.ts'

interface Bed {
  readonly sink: ReceiverSink
  /** What is in the lane, by position. */
  readonly lane: ReadonlyMap<string, unknown>
  /** The next append takes effect, or not, and fails. */
  readonly failNext: (error: Error, isApplied: boolean) => void
}

/** A lane that drops positions which it has already, and a process that has been told to stop. */
const begin = async (): Promise<Bed> => {
  const lane = new Map<string, unknown>()
  let next: { readonly error: Error; readonly isApplied: boolean } | undefined
  const intake = {
    tail: async () => '0',
    feeder: async () => undefined,
    async append({ records }: LaneDelivery) {
      const failure = next
      next = undefined
      if (failure?.isApplied !== false)
        for (const { position, record } of records)
          if (!lane.has(position)) lane.set(position, record)
      if (failure !== undefined) throw failure.error
      return records.length
    },
  } as unknown as Intake
  const sink = await superviseReceiver({
    intake,
    source: 'receiverStream-1',
    clock: new World().clock,
    listen: () => undefined,
    signal: AbortSignal.abort(),
    appended: () => undefined,
  })
  return { sink, lane, failNext: (error, isApplied) => void (next = { error, isApplied }) }
}

const errorWith = (code: 'STORE_FAILED' | 'LANE_FULL' | 'VALUE_UNSUPPORTED'): Error =>
  new MillraceError(code, { problem: 'it has failed', retryable: code !== 'VALUE_UNSUPPORTED' })

const store = async (sink: ReceiverSink, record: string): Promise<boolean> => {
  try {
    await sink.store({ records: [record], rejected: [] })
    return true
  } catch {
    return false
  }
}

describe('B1: what is acknowledged is in the lane, after an append that has failed', () => {
  test.each<[string, Error, boolean, boolean]>([
    ['and taken effect', errorWith('STORE_FAILED'), true, false],
    ['and taken no effect', errorWith('STORE_FAILED'), false, false],
    ['with an error of nobody knows what', new Error('down'), true, false],
    ['because the lane was full', errorWith('LANE_FULL'), false, true],
    ['because the record is refused', errorWith('VALUE_UNSUPPORTED'), false, true],
  ])('%s', async (_, error, isApplied, goesOn) => {
    const { sink, lane, failNext } = await begin()
    const acknowledged: string[] = []
    for (const record of ['a', 'b', 'c']) {
      if (record === 'b') failNext(error, isApplied)
      if (await store(sink, record)) acknowledged.push(record)
    }
    expect(acknowledged).toEqual(goesOn ? ['a', 'c'] : ['a'])
    const stored = new Set(lane.values())
    expect(acknowledged.filter((record) => !stored.has(record))).toEqual([])
  })
})
