import { describe, expect, test } from 'vitest'
import { positionOf } from '../../../lib/runtime/sources/kinesis/positions.ts'
import { shardReplay } from '../../../lib/runtime/sources/kinesis/replay.ts'
import { pipelineOf, START_MS, World } from '../runtime/harness.ts'
import { Deployed, toStream } from './deployed.ts'

/** Records of a stream: when each arrived, in seconds after the beginning. */
const ARRIVED = { oldest: -3_600, older: -1, first: 0, later: 5, last: 9 }

const startAt = (seconds: number) =>
  ({ startFrom: { at: new Date(START_MS + seconds * 1_000) } }) as const

const pipelineAt = (...starts: readonly (number | 'oldest')[]) =>
  pipelineOf((ssc) => {
    for (const start of starts)
      ssc.kinesisTextStream('lines', start === 'oldest' ? {} : startAt(start)).print(100)
  })

const recordsOf = (names: readonly (keyof typeof ARRIVED)[]) =>
  names.map((name) => ({
    sequenceNumber: String(Object.keys(ARRIVED).indexOf(name) + 1),
    data: Buffer.from(name).toString('base64'),
    approximateArrivalTimestamp: START_MS / 1_000 + ARRIVED[name],
  }))

const ALL = Object.keys(ARRIVED) as readonly (keyof typeof ARRIVED)[]
const sources = Object.fromEntries(
  [1, 2].map((number) => [`kinesisTextStream-${number}`, toStream]),
)
const printedBy = (app: Deployed): readonly string[] => app.printed().flatMap(([, lines]) => lines)

describe('a source leaves out what arrived before it starts', () => {
  test.each([
    { starts: ['oldest'], taken: ALL },
    { starts: [-7_200], taken: ALL },
    { starts: [0], taken: ['first', 'later', 'last'] },
    { starts: [1], taken: ['later', 'last'] },
    { starts: [10], taken: [] },
    { starts: ['oldest', 5], taken: [...ALL, 'later', 'last'] },
  ] as const)('from $starts: $taken', async ({ starts, taken }) => {
    const app = new Deployed(pipelineAt(...starts), { sources })
    await app.trigger()
    await app.bring(recordsOf(ALL))
    // Twice, as Lambda may: what was left out is not taken then.
    await app.bring(recordsOf(ALL))
    await app.pass(2)
    expect(printedBy(app)).toEqual(taken)
  })

  test('and no other time takes records again, or leaves out what was taken', async () => {
    const world = new World()
    const first = new Deployed(pipelineAt(1), { world, sources })
    await first.trigger()
    await first.bring(recordsOf(['oldest', 'older', 'first', 'later']))
    await first.pass()
    const earlier = new Deployed(pipelineAt('oldest'), { world, sources, generation: 2 })
    await earlier.bring(recordsOf(ALL))
    await earlier.pass(2)
    expect([...printedBy(first), ...printedBy(earlier)]).toEqual(['later', 'last'])
  })
})

test('a block that is made again has no record that was left out', async () => {
  const reader = {
    read: async () =>
      recordsOf(ALL).map(({ sequenceNumber, data, approximateArrivalTimestamp }) => ({
        sequenceNumber,
        partitionKey: 'k',
        data: Buffer.from(data, 'base64'),
        arrivalMs: approximateArrivalTimestamp * 1_000,
      })),
    parents: async () => [],
  }
  const replay = shardReplay({ elements: 'text', startMs: START_MS, open: async () => reader })
  const lane = `${toStream.streamArn}@1/shardId-000000000000`
  const found = await replay(lane, { first: positionOf('1'), last: positionOf('5') })
  expect(found.map(({ record }) => record)).toEqual(['first', 'later', 'last'])
})
