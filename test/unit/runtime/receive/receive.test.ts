import { seconds, stream } from 'millrace'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import '../../../../lib/runtime/sources/kinesis/local.ts'
import type { Receiver } from '../../../../lib/ports/receiver.ts'
import { Random } from '../../../../lib/testing/random.ts'
import { MemoryStream } from '../../../contract/memory-stream.ts'
import type { Location } from '../../../../lib/runtime/locations.ts'
import { lineReceiver, ReceiveBed } from './receive-bed.ts'

const STREAM: Location & object = Object.freeze({ kind: 'kinesis', stream: 'clicks' })
const FILES: Location & object = Object.freeze({ kind: 'files', path: '/in' })

const lines = (count: number, prefix = 'v'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

const bedOf = (receiver: () => Receiver): ReceiveBed => new ReceiveBed({ socket: receiver })

describe('a process feeds a source of a deployed application', () => {
  test('and the driver elsewhere takes it, before its first run and after', async () => {
    const given = [...lines(7)]
    const bed = bedOf(() => lineReceiver(given))
    expect(await bed.feed()).toBe('ended')
    await bed.drive()
    given.push('new')
    await bed.feed()
    await bed.drive()
    expect(bed.taken).toEqual([...lines(7), 'new'])
  })

  test('and calls the driver when it has woken the application, and only then', async () => {
    const given = [...lines(2)]
    const bed = bedOf(() => lineReceiver(given))
    await bed.feed()
    await bed.drive()
    given.push(...lines(9, 'more'))
    // It is awake, and calls itself.
    await bed.feed()
    expect(bed.triggers).toEqual([{ app: 'app', scheduleMinute: true }])
  })

  test('and goes on when nobody can call the driver: its schedule does', async () => {
    const bed = bedOf(() => lineReceiver(lines(5)))
    bed.triggerError = new Error('no queue')
    await bed.feed()
    await bed.drive()
    expect(bed.taken).toEqual(lines(5))
    const warnings = bed.events.flatMap((one) => (one.event === 'warning' ? [one.message] : []))
    expect(warnings.join('\n')).toContain('no queue')
  })

  test('and stores what it has received when it is stopped', async () => {
    const stop = new AbortController()
    const acknowledged: string[] = []
    const bed = bedOf(() => ({
      description: 'one more',
      async run(sink, { signal }) {
        for (let number = 0; !signal.aborted; number++) {
          if (number === 4) stop.abort()
          await sink.store({ records: [`v${number}`], rejected: [] })
          acknowledged.push(`v${number}`)
        }
      },
    }))
    await bed.feed({ signal: stop.signal, untilEnd: false })
    await bed.drive()
    expect(bed.taken).toEqual(acknowledged)
    expect(acknowledged).toEqual(lines(5))
  })

  test('through a receiver of the pipeline', async () => {
    const bed = new ReceiveBed({}, { kind: 'receiver' }, (ssc) =>
      ssc.receiverStream<string>(async ({ store, signal }) => {
        if (signal.aborted) return
        for (const line of lines(4)) await store(line)
        stop.abort()
      }),
    )
    const stop = new AbortController()
    await bed.feed({ signal: stop.signal, untilEnd: false })
    await bed.drive()
    expect(bed.taken).toEqual(lines(4))
  })
})

describe('each record counts once', () => {
  test('whenever a process dies', async () => {
    const given = lines(11)
    const bed = bedOf(() => lineReceiver(given))
    await bed.feed()
    expect(bed.calls).toBeGreaterThan(10)
    for (let call = 1; call <= bed.calls; call++)
      for (const applied of [false, true]) {
        const other = bedOf(() => lineReceiver(given))
        await other.feed({ deathAt: call, applied })
        await other.drive()
        await other.feed()
        await other.drive()
        expect(other.taken, `call ${call}`).toEqual(given)
      }
  })

  test('and two processes of one name never feed at the same time: one of them ends', async () => {
    const random = new Random(46)
    let ended = 0
    for (let play = 0; play < 60; play++) {
      const given = lines(random.between(1, 30))
      const bed = bedOf(() => lineReceiver(given, random.between(1, 4)))
      const pause = random.fork()
      const beforeCall = async (): Promise<void> => {
        for (let turns = pause.between(0, 3); turns > 0; turns--) await turn()
      }
      const both = await Promise.allSettled([bed.feed({ beforeCall }), bed.feed({ beforeCall })])
      const failed = both.flatMap((one) =>
        one.status === 'rejected' ? [one.reason as unknown] : [],
      )
      for (const error of failed) expect(error).toMatchObject({ code: 'LANE_TAKEN' })
      ended += failed.length
      await bed.feed()
      await bed.drive()
      expect(bed.taken, `play ${play}`).toEqual(given)
    }
    expect(ended).toBeGreaterThan(30)
  })

  test('and processes of two names feed side by side, each in its order', async () => {
    const bed = new ReceiveBed({ socket: () => lineReceiver(mine.shift() ?? []) })
    const mine = [lines(20, 'a'), lines(20, 'b')]
    await Promise.all([bed.feed({ name: 'one' }), bed.feed({ name: 'two' })])
    await bed.drive()
    for (const prefix of ['a', 'b'])
      expect(bed.taken.filter((one) => String(one).startsWith(prefix))).toEqual(lines(20, prefix))
  })

  test('and a stream with positions of its own may be fed by several', async () => {
    const bed = new ReceiveBed({ kinesisShards: async () => shards.reader() }, STREAM)
    const shards = new MemoryStream(2, () => bed.nowMs)
    for (const [number, id] of shards.open.entries()) shards.put(id, ...lines(9, `${number}-`))
    await Promise.all([bed.feed(), bed.feed()])
    await bed.drive()
    expect(bed.taken.map(String).toSorted()).toEqual([...lines(9, '0-'), ...lines(9, '1-')])
  })
})

describe('the plan must be the one that runs', () => {
  const other = (name: string) =>
    stream(name, { batchInterval: seconds(1) }, (ssc) => {
      ssc.socketTextStream('localhost', 9_999).named('lines').count().print()
    })

  test.each([
    ['another plan', 'app', 'is not the one that runs'],
    ['another name', 'other', 'is named "other"'],
  ])('%s is refused', async (_, name, says) => {
    const bed = bedOf(() => lineReceiver(lines(3)))
    await bed.feed()
    await bed.drive()
    const feeding = bed.feed({ pipeline: other(name) })
    await expect(feeding).rejects.toMatchObject({ code: 'PLAN_INCOMPATIBLE' })
    await expect(feeding).rejects.toThrow(says)
  })

  test('and a process ends when another one is deployed', async () => {
    const bed = bedOf(() => ({
      description: 'quiet',
      async run(sink, { signal }) {
        await sink.store({ records: ['v0'], rejected: [] })
        await bed.drive()
        await bed.drive(other('app'), 2)
        while (!signal.aborted) await turn()
      },
    }))
    await expect(bed.feed({ untilEnd: false })).rejects.toMatchObject({ code: 'PLAN_INCOMPATIBLE' })
  })
})

test('what reads files itself cannot feed', async () => {
  const files = { open: () => ({ list: async () => [] }), check: () => undefined }
  const bed = new ReceiveBed({ files } as never, FILES)
  await expect(bed.feed()).rejects.toMatchObject({ code: 'BINDING_UNFIT' })
})
