import { describe, expect, test } from 'vitest'
import type { LaneSink } from '../../../../../lib/runtime/sources/lane-feed.ts'
import { kinesisFeed } from '../../../../../lib/runtime/sources/kinesis/feed.ts'
import { Random } from '../../../../../lib/testing/random.ts'
import { MemoryStream } from '../../../../contract/memory-stream.ts'
import { aggregateOf } from './aggregate.ts'
import { StreamBed } from './stream-bed.ts'

const HOUR_MS = 3_600_000

const texts = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, index) => `v${from + index}`)

const sorted = (taken: readonly string[]): readonly string[] => taken.toSorted()

const shardOf = (bed: StreamBed, number = 0): string => bed.stream.open[number] ?? ''

describe('a stream is read', () => {
  test('to its end, and goes on where it stopped', async () => {
    const bed = new StreamBed(2)
    bed.stream.put(shardOf(bed, 0), ...texts(20))
    bed.stream.put(shardOf(bed, 1), ...texts(3, 20))
    expect(await bed.run()).toMatchObject({ kind: 'done' })
    bed.stream.put(shardOf(bed, 1), ...texts(2, 23))
    await bed.run()
    expect(sorted(bed.taken)).toEqual(sorted(texts(25)))
    expect(await bed.lanes()).toEqual(['shardId-000000000000', 'shardId-000000000001'])
  })

  test('with packed records taken apart, and what is no text put aside', async () => {
    const bed = new StreamBed(1)
    const packed = aggregateOf(
      ['one', 'two'].map((text) => ({ partitionKey: 'k', data: Buffer.from(text) })),
    )
    bed.stream.put(shardOf(bed), 'zero', new Uint8Array(packed), Uint8Array.of(0xff), 'three')
    await bed.run()
    await bed.run()
    expect(bed.taken).toEqual(['zero', 'one', 'two', 'three'])
    expect(bed.deadLetters).toEqual(['LINE_NOT_UTF8'])
  })

  test('through shards that are split and merged, each key in its order', async () => {
    const bed = new StreamBed(1)
    const first = shardOf(bed)
    bed.stream.put(first, 'a1', 'b1')
    const [left = '', right = ''] = bed.stream.split(first)
    bed.stream.put(left, 'a2')
    bed.stream.put(right, 'b2')
    const merged = bed.stream.merge(left, right)
    bed.stream.put(merged, 'a3', 'b3')
    await bed.run()
    const [again = ''] = bed.stream.split(merged)
    bed.stream.put(again, 'a4')
    await bed.run()
    for (const key of ['a', 'b'])
      expect(bed.taken.filter((one) => one.startsWith(key))).toEqual(
        key === 'a' ? ['a1', 'a2', 'a3', 'a4'] : ['b1', 'b2', 'b3'],
      )
  })

  test.each([
    ['by the pipeline', { startFrom: { at: new Date(1_700_000_010_000) } }],
    ['by the binding', { start: 1_700_000_010_000 }],
  ])('from a time on that is given %s', async (_, options) => {
    const bed = new StreamBed(1, options)
    bed.stream.put(shardOf(bed), 'old')
    bed.nowMs = 1_700_000_010_000
    bed.stream.put(shardOf(bed), 'new')
    const [child = ''] = bed.stream.split(shardOf(bed))
    bed.stream.put(child, 'newer')
    await bed.run()
    expect(bed.taken).toEqual(['new', 'newer'])
  })

  test('from the latest record, once: what comes while nothing runs is taken', async () => {
    const bed = new StreamBed(2, { start: 'latest' })
    bed.stream.put(shardOf(bed, 0), 'old')
    bed.stream.split(shardOf(bed, 0))
    bed.stream.put(shardOf(bed, 0), 'old too')
    bed.nowMs += 1
    await bed.run()
    bed.nowMs += 1_000
    for (const [number, shard] of bed.stream.open.entries()) bed.stream.put(shard, `new ${number}`)
    await bed.run()
    const [child = ''] = bed.stream.split(shardOf(bed, 0))
    bed.stream.put(child, 'of a child')
    await bed.run()
    expect(sorted(bed.taken)).toEqual(['new 0', 'new 1', 'new 2', 'of a child'])
  })
})

describe('a stream that makes difficulties', () => {
  test('what was read is not lost when the iterators end', async () => {
    const bed = new StreamBed(1)
    bed.stream.put(shardOf(bed), ...texts(3))
    await bed.run()
    const { stream } = bed
    const reader = stream.reader()
    // Each page takes longer than an iterator lives.
    stream.reader = () => ({
      ...reader,
      iterator: async (...given) => {
        const answer = await reader.iterator(...given)
        if (stream.calls.iterator % 2 === 0) bed.nowMs += 301_000
        return answer
      },
    })
    stream.put(shardOf(bed), ...texts(9, 3))
    await bed.run()
    expect(bed.taken).toEqual(texts(12))
  })

  test('that was last read before its records went is told', async () => {
    const bed = new StreamBed(1)
    bed.stream.put(shardOf(bed), 'a')
    await bed.run()
    bed.stream.put(shardOf(bed), 'lost')
    bed.nowMs += 25 * HOUR_MS
    bed.stream.put(shardOf(bed), 'b')
    await bed.run()
    await bed.run()
    expect(bed.taken).toEqual(['a', 'b'])
    expect(bed.said.filter((message) => message.includes('keeps its records'))).toHaveLength(1)
  })

  test('that is another one of its name is read from its beginning, and told', async () => {
    const bed = new StreamBed(1)
    bed.stream.put(shardOf(bed), ...texts(3))
    await bed.run()
    bed.nowMs += 1_000
    bed.stream.create(1)
    bed.stream.put(shardOf(bed), 'x')
    await bed.run()
    expect(bed.taken).toEqual([...texts(3), 'x'])
  })

  test('that is not there ends the run', async () => {
    const bed = new StreamBed(1)
    bed.stream.delete()
    await expect(bed.run()).rejects.toMatchObject({ code: 'STREAM_UNREADABLE' })
  })
})

/** A feed over a stream for so many milliseconds of its own time. */
const feedFor = async (
  shards: number,
  durationMs: number,
  during: (stream: MemoryStream, atMs: number) => void = () => undefined,
): Promise<{ readonly stream: MemoryStream; readonly stored: number }> => {
  let nowMs = 0
  const stream = new MemoryStream(shards, () => nowMs)
  const stop = new AbortController()
  let stored = 0
  const sink: LaneSink = {
    lanes: async () => [],
    store: async ({ records }) => void (stored += records.length),
    report: () => undefined,
  }
  const feed = kinesisFeed({
    stream: 'clicks',
    target: { source: 's', elements: 'text' },
    start: 'oldest',
    open: async () => stream.reader(),
    clock: {
      now: () => nowMs,
      async sleep(ms) {
        nowMs += ms
        during(stream, nowMs)
        if (nowMs >= durationMs) stop.abort()
      },
    },
  })
  await feed.run(sink, { signal: stop.signal, untilEnd: false })
  return { stream, stored }
}

describe('the calls', () => {
  test('of a quiet stream: a read every two seconds for each shard, and nothing else', async () => {
    const { stream } = await feedFor(3, 600_000)
    expect(stream.calls).toMatchObject({ describe: 1, shards: 1, iterator: 3 })
    expect(stream.calls.read).toBeLessThanOrEqual(3 * (300 + 5))
    expect(stream.calls.read).toBeGreaterThan(3 * 290)
  })

  test('of a busy stream: four reads a second for each shard, none refused', async () => {
    const { stream, stored } = await feedFor(2, 60_000, (busy) => {
      for (const shard of busy.open) busy.put(shard, ...texts(2))
    })
    expect(stream.readsPerSecondMax).toBe(4)
    expect(stream.tooMany).toBe(0)
    expect(stored).toBeGreaterThan(900)
  })

  test('of a stream with many shards that were split: one list for each end', async () => {
    let splits = 0
    const { stream } = await feedFor(4, 120_000, (resharded, atMs) => {
      if (atMs < (splits + 1) * 10_000 || splits === 8) return
      splits += 1
      resharded.split(resharded.open[0] ?? '')
    })
    expect(stream.calls.shards).toBe(1 + 8)
    expect(stream.calls.iterator).toBe(4 + 2 * 8)
  })
})

describe('each record counts once', () => {
  const filled = (): StreamBed => {
    const bed = new StreamBed(2)
    for (const shard of bed.stream.open) bed.stream.put(shard, ...texts(9).map((t) => shard + t))
    const [child = ''] = bed.stream.split(shardOf(bed))
    bed.stream.put(child, ...texts(5).map((text) => `child ${text}`))
    return bed
  }

  test('whenever a process dies', async () => {
    const bed = filled()
    await bed.run()
    const wanted = sorted(bed.taken)
    expect([bed.calls > 20, wanted.length]).toEqual([true, 23])
    for (let call = 1; call <= bed.calls; call++)
      for (const applied of [false, true]) {
        const other = filled()
        await other.run({ deathAt: call, applied })
        await other.run()
        expect(sorted(other.taken), `call ${call}`).toEqual(wanted)
      }
  })

  test('in random runs of all of it, each key in its order', { timeout: 60_000 }, async () => {
    const random = new Random(1_504)
    for (let play = 0; play < 40; play++) {
      const bed = new StreamBed(random.between(1, 3), {
        mischief: { random: random.fork(), throttles: 0.1, empties: 0.2, failures: 0.04 },
      })
      const { stream } = bed
      // A key moves with its shard.
      const home = new Map(['a', 'b', 'c', 'd', 'e'].map((key) => [key, random.pick(stream.open)]))
      const move = (from: readonly string[], to: readonly string[]): void => {
        for (const [key, shard] of home) if (from.includes(shard)) home.set(key, random.pick(to))
      }
      const wanted: string[] = []
      for (let step = random.between(4, 12); step > 0; step--) {
        for (let puts = random.between(0, 14); puts > 0; puts--) {
          const [key, shard] = random.pick([...home])
          wanted.push(`${key}${wanted.length}`)
          stream.put(shard, wanted.at(-1) ?? '')
        }
        const { open } = stream
        const shard = random.pick(open)
        const other = random.pick(open)
        const fate = random.pick(['split', 'merge', 'stay'] as const)
        if (fate === 'split') move([shard], stream.split(shard))
        else if (fate === 'merge' && shard !== other)
          move([shard, other], [stream.merge(shard, other)])
        bed.nowMs += random.between(0, 400_000)
        if (random.chance(0.6))
          await bed.run({ deathAt: random.between(1, 90), applied: random.chance(0.5) })
      }
      await bed.run()
      expect(sorted(bed.taken), `play ${play}`).toEqual(sorted(wanted))
      for (const key of home.keys()) {
        const ofKey = (all: readonly string[]) => all.filter((one) => one.startsWith(key))
        expect(ofKey(bed.taken), `play ${play}, ${key}`).toEqual(ofKey(wanted))
      }
    }
  })
})
