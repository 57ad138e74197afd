import { describe, expect, test } from 'vitest'
import {
  milliseconds,
  type Pipeline,
  seconds,
  type State,
  StateSpec,
  stream,
  type StreamOptions,
} from 'millrace'
import { memoryItemStore } from '../../../../lib/adapters/memory/memory-item-store.ts'
import { memoryObjects } from '../../../../lib/adapters/memory/memory-objects.ts'
import { MillraceError } from '../../../../lib/base/errors.ts'
import type { ItemStore } from '../../../../lib/ports/item-store.ts'
import type { ObjectSource } from '../../../../lib/ports/object-source.ts'
import { deadLetterPartition } from '../../../../lib/state/item-keys.ts'
import { LocalBed, START_MS } from '../local-bed.ts'

interface SeenBatch {
  readonly timeMs: number
  readonly lines: readonly string[]
}

/** A pipeline that records its batches. `during` runs in the middle of each. */
const shown = (
  options: Partial<StreamOptions> = {},
  inBatch: (batch: SeenBatch) => void = () => undefined,
): { readonly pipeline: Pipeline; readonly seen: SeenBatch[] } => {
  const seen: SeenBatch[] = []
  const pipeline = stream('shown', { batchInterval: seconds(1), ...options }, (ssc) =>
    ssc.textFileStream('lines', { existing: 'all' }).foreachRDD(async (rdd, time) => {
      const batch = { timeMs: time.milliseconds - START_MS, lines: await rdd.collect() }
      inBatch(batch)
      seen.push(batch)
    }),
  )
  return { pipeline, seen }
}

const text = (value: string): Uint8Array => Buffer.from(value)
const linesOf = (seen: readonly SeenBatch[]): readonly string[] =>
  seen.flatMap(({ lines }) => lines)

describe('files', () => {
  test('are taken at the next batch time, also after a rest', async () => {
    const objects = memoryObjects()
    const { pipeline, seen } = shown()
    const bed = new LocalBed({ pipeline, objects })
    objects.write('a', text('one\ntwo\n'), START_MS - 500)
    const ended = bed.run()
    await bed.clock.runUntil(START_MS + 5_500)
    objects.write('b', text('three\n'), START_MS + 5_500)
    await bed.clock.runUntil(START_MS + 9_000)
    bed.stop.abort()
    expect(await ended).toEqual({ kind: 'stopped' })
    const withLines = seen.filter(({ lines }) => lines.length > 0)
    expect(withLines).toEqual([
      { timeMs: 1_000, lines: ['one', 'two'] },
      { timeMs: 6_000, lines: ['three'] },
    ])
    expect(bed.eventsOf('waiting')).toHaveLength(2)
  })

  test('are waited for, if their directory disappears and comes back', async () => {
    const objects = memoryObjects()
    let gone = false
    const directory: ObjectSource = {
      ...objects,
      async list() {
        if (gone)
          throw new MillraceError('DIRECTORY_MISSING', {
            problem: 'The watched directory is not there',
            retryable: true,
          })
        return objects.list()
      },
    }
    const { pipeline, seen } = shown()
    const bed = new LocalBed({ pipeline, objects: directory })
    const ended = bed.run()
    await bed.clock.runUntil(START_MS + 3_500)
    gone = true
    await bed.clock.runUntil(START_MS + 8_500)
    gone = false
    objects.write('a', text('one\n'), START_MS + 8_500)
    await bed.clock.runUntil(START_MS + 9_500)
    bed.stop.abort()
    await ended
    expect(bed.eventsOf('warning')).toMatchObject([{ code: 'DIRECTORY_MISSING' }])
    expect(seen.filter(({ lines }) => lines.length > 0)).toEqual([
      { timeMs: 9_000, lines: ['one'] },
    ])
  })
})

describe('a receiver', () => {
  test('wakes a resting pipeline immediately, and otherwise waits for the next batch', async () => {
    const { pipeline, seen } = shown()
    const bed = new LocalBed({ pipeline })
    const ended = bed.run()
    await bed.clock.runUntil(START_MS + 4_200)
    expect((await bed.head()).status).toBe('rest')
    await bed.deliver(['one'])
    await bed.clock.runUntil(START_MS + 4_300)
    await bed.deliver(['two', 'three'])
    await bed.clock.runUntil(START_MS + 5_100)
    await bed.deliver(['four'])
    await bed.clock.runUntil(START_MS + 20_000)
    bed.stop.abort()
    await ended
    expect(seen.filter(({ lines }) => lines.length > 0)).toEqual([
      { timeMs: 5_000, lines: ['one', 'two', 'three'] },
      { timeMs: 6_000, lines: ['four'] },
    ])
  })

  test('wakes a pipeline that rests until a timeout, which happens at its time', async () => {
    const given: unknown[] = []
    const lastSeen = StateSpec.function(
      (line: string, _: number | undefined, state: State<number>) => {
        if (state.isTimingOut()) return `${line} ended`
        state.update(1)
        return line
      },
    )
    const pipeline = stream('seen', { batchInterval: seconds(1) }, (ssc) =>
      ssc
        .textFileStream('lines')
        .mapToPair((line) => [line, 1])
        .mapWithState(lastSeen.timeout(seconds(60)))
        .foreachRDD(
          async (rdd, time) =>
            void given.push([(time.milliseconds - START_MS) / 1_000, ...(await rdd.collect())]),
        ),
    )
    const bed = new LocalBed({ pipeline })
    const ended = bed.run()
    await bed.clock.runUntil(START_MS + 100)
    await bed.deliver(['one'])
    await bed.clock.runUntil(START_MS + 10_200)
    expect((await bed.head()).status).toBe('rest')
    await bed.deliver(['two'])
    await bed.clock.runUntil(START_MS + 200_000)
    bed.stop.abort()
    await ended
    expect(given.filter((one) => (one as unknown[]).length > 1)).toEqual([
      [1, 'one'],
      [11, 'two'],
      [62, 'one ended'],
      [72, 'two ended'],
    ])
    expect(given.length).toBeLessThan(12)
  })

  test('assigns positions to good and rejected lines alike', async () => {
    const { pipeline, seen } = shown()
    const bed = new LocalBed({ pipeline })
    const ended = bed.run()
    await bed.clock.runUntil(START_MS + 100)
    const rejected = { code: 'LINE_NOT_UTF8', data: new Uint8Array([0xff]), sizeBytes: 1 } as const
    await bed.deliver(['one', 'two'], [{ ...rejected, index: 1 }])
    await bed.deliver([], [{ ...rejected, index: 0 }])
    await bed.deliver(['three'])
    await bed.clock.runUntil(START_MS + 3_000)
    bed.stop.abort()
    await ended
    expect(linesOf(seen)).toEqual(['one', 'two', 'three'])
    expect(bed.eventsOf('deadLetter').map(({ position }) => position)).toEqual([
      'receiver#2',
      'receiver#4',
    ])
    const deadLetters = await bed.store.query(deadLetterPartition('shown', START_MS))
    expect(deadLetters.map(({ sort }) => sort)).toEqual([
      'textFileStream-1#receiver#2#LINE_NOT_UTF8',
      'textFileStream-1#receiver#4#LINE_NOT_UTF8',
    ])
    expect((await bed.head()).offsets).toEqual({ 'textFileStream-1': { receiver: '5' } })
  })

  test('waits while its lane is full, and loses nothing', async () => {
    const { pipeline, seen } = shown({ limits: { records: 10, waiting: 5 } })
    const bed = new LocalBed({ pipeline })
    const ended = bed.run()
    await bed.clock.runUntil(START_MS + 100)
    const lines = Array.from({ length: 300 }, (_, index) => `line ${index}`)
    const delivered = (async () => {
      for (const line of lines) await bed.deliver([line])
    })()
    await bed.clock.until(delivered)
    await bed.clock.runUntil(bed.clock.nowMs + 5_000)
    bed.stop.abort()
    await ended
    expect(bed.eventsOf('warning').map(({ code }) => code)).toContain('LANE_FULL')
    expect(linesOf(seen)).toEqual(lines)
  })

  test('tries again when the store has failed, and counts nothing twice', async () => {
    const inner = memoryItemStore()
    let failures = 0
    const doubtful: ItemStore = {
      ...inner,
      async compareAndSet(key, condition, next) {
        const answer = await inner.compareAndSet(key, condition, next)
        // Applied, but the answer is lost: more often than one call is repeated.
        if (key.partition.includes('#in#') && ++failures % 7 !== 0)
          throw new MillraceError('STORE_FAILED', { problem: 'No answer', retryable: true })
        return answer
      },
    }
    const { pipeline, seen } = shown()
    const bed = new LocalBed({ pipeline, store: doubtful })
    const ended = bed.run()
    await bed.clock.runUntil(START_MS + 100)
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`)
    const delivered = (async () => {
      for (const line of lines) await bed.deliver([line])
    })()
    await bed.clock.until(delivered)
    await bed.clock.runUntil(bed.clock.nowMs + 5_000)
    bed.stop.abort()
    await ended
    expect(linesOf(seen)).toEqual(lines)
  })

  test('ends the run when it cannot continue', async () => {
    const inner = memoryItemStore()
    const full: ItemStore = {
      ...inner,
      async putAll(items) {
        if (items.some(({ partition }) => partition.includes('/receiver')))
          throw new MillraceError('STORE_FULL', { problem: 'The disk is full' })
        return inner.putAll(items)
      },
    }
    const bed = new LocalBed({ pipeline: shown().pipeline, store: full })
    const ended = bed.run()
    await bed.clock.runUntil(START_MS + 100)
    await bed.deliver(['one'])
    await expect(bed.clock.until(ended)).rejects.toMatchObject({ code: 'STORE_FULL' })
  })
})

describe('a wait for the next batch', () => {
  test.each([
    { batchInterval: seconds(2), due: [] },
    {
      batchInterval: seconds(60),
      due: [{ event: 'due', atMs: Math.ceil(START_MS / 60_000) * 60_000 }],
    },
  ])('of $batchInterval.milliseconds ms', async ({ batchInterval, due }) => {
    const objects = memoryObjects()
    const bed = new LocalBed({ pipeline: shown({ batchInterval }).pipeline, objects })
    objects.write('a', text('one\n'), START_MS - 500)
    const ended = bed.run()
    await bed.clock.runUntil(START_MS + 200_000)
    bed.stop.abort()
    await ended
    expect(bed.eventsOf('due')).toMatchObject(due)
  })
})

describe('once', () => {
  test('ends when all files are processed, without waiting for the clock', async () => {
    const objects = memoryObjects()
    const { pipeline, seen } = shown()
    const bed = new LocalBed({ pipeline, objects })
    objects.write('a', text('one\n'), START_MS - 500)
    expect(await bed.run({ once: true })).toEqual({ kind: 'done' })
    expect(seen).toEqual([{ timeMs: 1_000, lines: ['one'] }])
    expect(bed.eventsOf('waiting')).toEqual([])
  })

  test('B8: a backlog of a hundred limits is processed in limited batches', async () => {
    const objects = memoryObjects()
    const { pipeline, seen } = shown({ limits: { objects: 3 } })
    for (let index = 0; index < 300; index++)
      objects.write(
        `file-${String(index).padStart(3, '0')}`,
        text(`line ${index}\n`),
        START_MS - 1_000 + index,
      )
    const bed = new LocalBed({ pipeline, objects })
    expect(await bed.run({ once: true })).toEqual({ kind: 'done' })
    expect(seen.map(({ lines }) => lines.length)).toEqual(Array.from({ length: 100 }, () => 3))
    expect(linesOf(seen)).toEqual(Array.from({ length: 300 }, (_, index) => `line ${index}`))
  })

  test('ends after the receiver, when its records are processed', async () => {
    const { pipeline, seen } = shown()
    const bed = new LocalBed({ pipeline })
    const ended = bed.run({ once: true })
    await bed.clock.runUntil(START_MS + 2_500)
    await bed.deliver(['one'])
    await bed.clock.runUntil(START_MS + 4_500)
    await bed.deliver(['two'])
    bed.endReceiver()
    expect(await bed.clock.until(ended)).toEqual({ kind: 'done' })
    expect(linesOf(seen)).toEqual(['one', 'two'])
  })

  test('ends at the first failure, and the batch is tried again by the next run', async () => {
    const objects = memoryObjects()
    objects.write('a', text('one\n'), START_MS - 500)
    let broken = true
    const { pipeline, seen } = shown({}, () => {
      if (broken) throw new Error('no connection')
    })
    const bed = new LocalBed({ pipeline, objects })
    expect(await bed.run({ once: true })).toMatchObject({
      kind: 'failed',
      final: false,
      reason: { code: 'USER_FUNCTION_FAILED' },
    })
    expect((await bed.head()).logged).toMatchObject({ timeMs: START_MS + 1_000, attempts: 1 })
    broken = false
    expect(await bed.run({ once: true })).toEqual({ kind: 'done' })
    expect(seen).toEqual([{ timeMs: 1_000, lines: ['one'] }])
  })

  test('fails when a directory is missing', async () => {
    const objects: ObjectSource = {
      ...memoryObjects(),
      list: () =>
        Promise.reject(
          new MillraceError('DIRECTORY_MISSING', { problem: 'It is gone', retryable: true }),
        ),
    }
    await expect(
      new LocalBed({ pipeline: shown().pipeline, objects }).run({ once: true }),
    ).rejects.toMatchObject({
      code: 'DIRECTORY_MISSING',
    })
  })
})

describe('the end', () => {
  test('B9: a failing batch is tried again after pauses until it has failed for good', async () => {
    const objects = memoryObjects()
    objects.write('a', text('one\n'), START_MS - 500)
    const tried: number[] = []
    const { pipeline } = shown({ retry: { attempts: 4, for: milliseconds(1) } }, ({ timeMs }) => {
      tried.push(timeMs)
      throw new Error('no connection')
    })
    const bed = new LocalBed({ pipeline, objects })
    expect(await bed.clock.until(bed.run())).toMatchObject({
      kind: 'failed',
      final: true,
      reason: { code: 'USER_FUNCTION_FAILED' },
    })
    expect(tried).toEqual([1_000, 1_000, 1_000, 1_000])
    // Pauses of 1, 2 and 4 s after the first attempt.
    expect(bed.clock.nowMs - START_MS).toBe(8_000)
    expect(bed.eventsOf('failed')).toHaveLength(1)
  })

  test('comes after the running batch', async () => {
    const objects = memoryObjects()
    objects.write('a', text('one\n'), START_MS - 500)
    objects.write('b', text('two\n'), START_MS - 400)
    const { pipeline, seen } = shown({ limits: { objects: 1 } }, () => bed.stop.abort())
    const bed = new LocalBed({ pipeline, objects })
    expect(await bed.run({ once: true })).toEqual({ kind: 'stopped' })
    expect(linesOf(seen)).toEqual(['one'])
    expect((await bed.head()).doneMs).toBe(START_MS + 1_000)
  })

  test('B10: an older deployment ends', async () => {
    const objects = memoryObjects()
    const store = memoryItemStore()
    await new LocalBed({ pipeline: shown().pipeline, objects, store, generation: 7 }).run({
      once: true,
    })
    expect(
      await new LocalBed({ pipeline: shown().pipeline, objects, store, generation: 3 }).run({
        once: true,
      }),
    ).toEqual({
      kind: 'superseded',
      generation: 7,
    })
  })
})

test('a source may change from a socket to files and back, and counts nothing twice', async () => {
  const store = memoryItemStore()
  const objects = memoryObjects()
  const { pipeline, seen } = shown()
  const receive = async (lines: readonly string[], nowMs: number): Promise<void> => {
    const bed = new LocalBed({ pipeline, store })
    bed.clock.nowMs = nowMs
    const ended = bed.run({ once: true })
    await bed.clock.runUntil(nowMs + 10)
    await bed.deliver(lines)
    bed.endReceiver()
    await bed.clock.until(ended)
  }
  await receive(['one', 'two'], START_MS + 1)
  objects.write('a', text('three\n'), START_MS + 5_000)
  const files = new LocalBed({ pipeline, store, objects })
  files.clock.nowMs = START_MS + 60_000
  expect(await files.run({ once: true })).toEqual({ kind: 'done' })
  await receive(['four'], START_MS + 120_000)
  expect(linesOf(seen)).toEqual(['one', 'two', 'three', 'four'])
})
