/** What every sink promises. What a place cannot do, its sink declares: then that is checked. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../lib/base/errors.ts'
import type { Fence } from '../../lib/ports/fence.ts'
import type { OpenBatch, PartReceipt, Sink, SinkBatch } from '../../lib/ports/sink.ts'
import { errorOf, expectError } from './errors.ts'
import { fenceOf, finishBatch, writeBatch } from './write-batch.ts'

/** A sink that a test can look into. Lines have the form `key=value`. Cleans up by itself. */
export interface SinkUnderTest<C> {
  readonly sink: Sink<C>
  /** The content of a partition with these lines. */
  readonly contentOf: (lines: readonly string[]) => C
  /** Changes a content that has been written, as its owner may. Left out: it never changes. */
  readonly spoil?: (content: C) => void
  /**
   * The lines that a reader sees, in any order: of the batch, or of all if the place mixes them.
   */
  readonly linesOf: (batch: SinkBatch) => Promise<readonly string[]>
}

const BATCH: SinkBatch = { path: 'out/batch-1000', timeMs: 1_000 }
const LATER: SinkBatch = { path: 'out/batch-2000', timeMs: 2_000 }

const PARTS = [['a=1', 'b=1'], ['c=1'], ['d=1']]

type Partitions = readonly (readonly string[])[]

/** A sink with shorter words for what tests do with it. */
class Place<C> {
  readonly #under: SinkUnderTest<C>

  constructor(under: SinkUnderTest<C>) {
    this.#under = under
  }

  get isAtomic(): boolean {
    return this.#under.sink.isAtomic ?? true
  }

  get isFenced(): boolean {
    return this.#under.sink.isFenced ?? true
  }

  content(...lines: readonly string[]): C {
    return this.#under.contentOf(lines)
  }

  spoil(content: C): void {
    this.#under.spoil?.(content)
  }

  open(by: Fence, batch = BATCH) {
    return this.#under.sink.open(batch, by)
  }

  write(by: Fence, partitions: Partitions, batch = BATCH): Promise<void> {
    const contents = partitions.map((lines) => this.#under.contentOf(lines))
    return writeBatch(this.#under.sink, batch, by, contents)
  }

  /** The lines that are shown when a batch is finished and not published. */
  whenFinished(...lines: readonly string[]): readonly string[] {
    return this.#under.sink.publish === undefined ? lines : []
  }

  /** An attempt ends its writing, and is not committed. */
  async finish(by: Fence, partitions: Partitions, batch = BATCH): Promise<() => Promise<void>> {
    const contents = partitions.map((lines) => this.#under.contentOf(lines))
    const receipt = await finishBatch(this.#under.sink, batch, by, contents)
    return async () => this.#under.sink.publish?.(batch, by, receipt)
  }

  /** Finishes an open batch and publishes it. */
  async complete(opened: OpenBatch<unknown>, by: Fence): Promise<void> {
    const receipt = await opened.finish()
    await this.#under.sink.publish?.(BATCH, by, receipt)
  }

  /** Another process writes a part. Default: what the part has. */
  async writePart(by: Fence, part: number, lines = PARTS[part] ?? []): Promise<PartReceipt> {
    const { sink, contentOf, spoil } = this.#under
    const content = contentOf(lines)
    const receipt = await sink.writePart?.(BATCH, by, part, content)
    spoil?.(content)
    return receipt as PartReceipt
  }

  async lines(batch = BATCH): Promise<readonly string[]> {
    return (await this.#under.linesOf(batch)).toSorted()
  }
}

type Given = () => Place<unknown>

const writing = (place: Given): void => {
  test.each<[string, Partitions]>([
    ['no partition', []],
    ['one partition', [['a=1', 'b=2']]],
    ['an empty partition', [[]]],
    ['partitions in order, one of them empty', [['a=1'], [], ['b=1', 'c=1']]],
    ['more than ten', Array.from({ length: 12 }, (_, index) => [`key${index}=1`])],
    ['a partition of many lines', [Array.from({ length: 500 }, (_, index) => `key${index}=1`)]],
  ])('%s', async (_, partitions) => {
    await place().write(fenceOf(1, 1), partitions)
    expect(await place().lines()).toEqual(partitions.flat().toSorted())
  })

  test('batches lie beside each other', async () => {
    await place().write(fenceOf(1, 1), [['a=1']])
    await place().write(fenceOf(1, 2), [['b=2']], LATER)
    const all = new Set([...(await place().lines()), ...(await place().lines(LATER))])
    expect([...all].toSorted()).toEqual(['a=1', 'b=2'])
  })

  test('a batch is seen when it is published, or finished, or item by item', async () => {
    const batch = await place().open(fenceOf(1, 1))
    await batch.write(0, place().content('a=1'))
    expect(await place().lines()).toEqual(place().isAtomic ? [] : ['a=1'])
    await batch.write(1, place().content('b=1'))
    await place().complete(batch, fenceOf(1, 1))
    expect(await place().lines()).toEqual(['a=1', 'b=1'])
  })

  test('an attempt that is abandoned leaves nothing, or the items that it has put', async () => {
    const begun = await place().open(fenceOf(1, 1))
    await begun.abandon()
    const batch = await place().open(fenceOf(1, 2))
    await batch.write(0, place().content('a=1'))
    await batch.abandon()
    expect(await place().lines()).toEqual(place().isAtomic ? [] : ['a=1'])
    await place().write(fenceOf(1, 3), [['a=2'], ['b=2']])
    const kept = place().isAtomic || place().isFenced ? [] : ['a=1']
    expect(await place().lines()).toEqual([...kept, 'a=2', 'b=2'])
  })

  test('the content is the caller’s', async () => {
    const batch = await place().open(fenceOf(1, 1))
    const content = place().content('a=before')
    await batch.write(0, content)
    place().spoil(content)
    await place().complete(batch, fenceOf(1, 1))
    expect(await place().lines()).toEqual(['a=before'])
  })
}

const FIRST = ['a=first', 'b=first']
const SECOND = ['a=second', 'b=second']

const fencing = (place: Given): void => {
  /** What is there when a second attempt has taken effect: a place without a fence has both. */
  const both = (): readonly string[] =>
    place().isFenced ? SECOND : [...FIRST, ...SECOND].toSorted()

  test.each<[string, Fence, Fence]>([
    ['the same attempt again', fenceOf(1, 1), fenceOf(1, 1)],
    ['a newer epoch', fenceOf(1, 1), fenceOf(1, 2)],
    ['a newer generation, whatever the epoch', fenceOf(1, 9), fenceOf(2, 1)],
  ])('%s replaces what was there', async (_, older, newer) => {
    await place().write(older, [FIRST])
    await place().write(newer, [SECOND])
    expect(await place().lines()).toEqual(both())
  })

  test.each<[string, Fence, Fence]>([
    ['an older epoch', fenceOf(1, 2), fenceOf(1, 1)],
    ['an older generation, whatever the epoch', fenceOf(2, 1), fenceOf(1, 9)],
  ])('%s changes nothing', async (_, newer, older) => {
    await place().write(newer, [FIRST])
    if (place().isFenced) await expectError(() => place().write(older, [SECOND]), 'OUTPUT_FENCED')
    else await place().write(older, [SECOND])
    expect(await place().lines()).toEqual(place().isFenced ? FIRST : both())
  })

  test('what only the older attempt wrote goes away, or stays where items are put', async () => {
    await place().write(fenceOf(1, 1), [['a=1'], ['b=1', 'c=1']])
    await place().write(fenceOf(1, 2), [['a=2']])
    const there = place().isAtomic && place().isFenced ? [] : ['b=1', 'c=1']
    const replaced = place().isFenced ? [] : ['a=1']
    expect(await place().lines()).toEqual([...replaced, 'a=2', ...there])
  })

  test('an attempt that stood still before it wrote is refused', async () => {
    const older = await place().open(fenceOf(1, 1))
    await place().write(fenceOf(1, 2), [SECOND])
    const goOn = async (): Promise<void> => {
      await older.write(0, place().content(...FIRST))
      await place().complete(older, fenceOf(1, 1))
    }
    if (place().isFenced) await expectError(goOn, 'OUTPUT_FENCED')
    else await goOn()
    expect(await place().lines()).toEqual(both())
  })

  test('an attempt that stood still before it finished changes nothing', async () => {
    const older = await place().open(fenceOf(1, 1))
    await older.write(0, place().content(...FIRST))
    await place().write(fenceOf(1, 2), [SECOND])
    if (place().isFenced && place().isAtomic)
      await expectError(() => place().complete(older, fenceOf(1, 1)), 'OUTPUT_FENCED')
    else await place().complete(older, fenceOf(1, 1))
    expect(await place().lines()).toEqual(both())
  })

  test('what another application has written is left alone, whatever its fence', async () => {
    await place().write(fenceOf(1, 1, 'other'), [FIRST])
    if (place().isFenced) {
      const error = await errorOf(() => place().write(fenceOf(9, 9), [SECOND]))
      expect(error.code).toBe('OUTPUT_EXISTS')
      expect(error.message).toContain('other')
    } else await place().write(fenceOf(9, 9), [SECOND])
    expect(await place().lines()).toEqual(place().isFenced ? FIRST : both())
  })

  test('of attempts at the same time the newest stays, whole', async () => {
    for (let round = 0; round < 5; round++) {
      const epochs = Array.from({ length: 10 }, (_, index) => 1 + ((index * 7 + round) % 10))
      const linesOf = (epoch: number): readonly string[] =>
        Array.from({ length: 10 }, (_, key) => `key${key}=${round}-${epoch}`)
      const attempts = epochs.map((epoch) =>
        place().finish(
          fenceOf(round, epoch),
          linesOf(epoch).map((line) => [line]),
        ),
      )
      const ends = await Promise.allSettled(attempts)
      const codes = ends.flatMap((settled) =>
        settled.status === 'rejected' ? [(settled.reason as { code: string }).code] : [],
      )
      const newest = ends[epochs.indexOf(10)]
      if (newest?.status === 'fulfilled') await newest.value()
      expect(codes.filter((code) => code !== 'OUTPUT_FENCED')).toEqual([])
      const there = await place().lines()
      const written = place().isFenced ? linesOf(10) : epochs.flatMap(linesOf)
      expect(there).toEqual(expect.arrayContaining([...written]))
      if (place().isFenced) expect(there).toHaveLength(10)
    }
  })
}

const publishing = (place: Given): void => {
  test('a batch that is given up is never shown as complete', async () => {
    await place().finish(fenceOf(1, 1), [FIRST])
    expect(await place().lines()).toEqual(place().whenFinished(...FIRST))
  })

  test('a batch is published as often as needed', async () => {
    const publish = await place().finish(fenceOf(1, 1), [FIRST])
    for (let times = 0; times < 3; times++) await publish()
    expect(await place().lines()).toEqual(FIRST)
  })

  test('an attempt writes again what another one has finished', async () => {
    await place().finish(fenceOf(1, 1), [FIRST])
    const publish = await place().finish(fenceOf(1, 2), [FIRST])
    await publish()
    expect(await place().lines()).toEqual(
      place().isFenced ? FIRST : [...FIRST, ...FIRST].toSorted(),
    )
  })

  test('what another attempt finished differently is not in the batch', async () => {
    if (!place().isAtomic || !place().isFenced) return
    await place().finish(fenceOf(1, 1), [['a=1'], ['b=1'], ['c=1']])
    const publish = await place().finish(fenceOf(1, 2), [['a=1'], ['b=2']])
    await publish()
    expect(await place().lines()).toEqual(['a=1', 'b=2'])
  })
}

/** Parts that other processes write. */
const sharing = (place: Given): void => {
  const shared: [string, (by: Place<unknown>) => Promise<void>][] = [
    [
      'parts of several processes, in any order, beside its own',
      async (given) => {
        const batch = await given.open(fenceOf(1, 1))
        await batch.admit?.()
        const [last, first] = [
          await given.writePart(fenceOf(1, 1), 2),
          await given.writePart(fenceOf(1, 1), 0),
        ]
        await batch.write(1, given.content('c=1'))
        batch.wrote?.(0, first)
        batch.wrote?.(2, last)
        await given.complete(batch, fenceOf(1, 1))
      },
    ],
    [
      'a part that is written twice, and again when the batch is published',
      async (given) => {
        const batch = await given.open(fenceOf(1, 1))
        await batch.admit?.()
        for (const [part] of PARTS.entries()) {
          await given.writePart(fenceOf(1, 1), part)
          batch.wrote?.(part, await given.writePart(fenceOf(1, 1), part))
        }
        await given.complete(batch, fenceOf(1, 1))
        await given.writePart(fenceOf(1, 1), 1)
      },
    ],
    [
      'nothing of a part that comes late, and has other content',
      async (given) => {
        await given.write(fenceOf(1, 2), PARTS)
        await given.writePart(fenceOf(1, 1), 1, ['other=1'])
        await given.writePart(fenceOf(1, 2), 2, ['other=1'])
      },
    ],
    [
      'what an attempt has written that gives up later, and nothing else of it',
      async (given) => {
        const older = await given.open(fenceOf(1, 1))
        await older.admit?.()
        for (const part of [0, 1]) await given.writePart(fenceOf(1, 1), part)
        for (const part of [2, 3]) await given.writePart(fenceOf(1, 1), part, ['other=1'])
        const batch = await given.open(fenceOf(1, 2))
        await batch.admit?.()
        for (const [part] of PARTS.entries())
          batch.wrote?.(part, await given.writePart(fenceOf(1, 2), part))
        await older.abandon()
        await given.complete(batch, fenceOf(1, 2))
      },
    ],
  ]
  test.each(shared)('a batch has %s', async (_, write) => {
    await write(place())
    expect(await place().lines()).toEqual(PARTS.flat())
  })

  test.each<[string, Fence, ErrorCode]>([
    ['an older attempt', fenceOf(1, 1), 'OUTPUT_FENCED'],
    ['another application', fenceOf(9, 9, 'other'), 'OUTPUT_EXISTS'],
  ])('%s may not begin', async (_, by, code) => {
    await place().write(fenceOf(1, 2), PARTS)
    const batch = await place().open(by)
    await expectError(async () => batch.admit?.(), code)
    expect(await place().lines()).toEqual(PARTS.flat())
  })
}

/** Runs what every {@link Sink} promises. */
export const sinkContract = <C>(
  adapter: string,
  open: () => SinkUnderTest<C> | Promise<SinkUnderTest<C>>,
  isShared = false,
): void => {
  describe(`a sink: ${adapter}`, () => {
    let current: Place<unknown> | undefined
    beforeEach(async () => {
      current = new Place(await open()) as Place<unknown>
    })
    const place = (): Place<unknown> => {
      if (current === undefined) throw new Error('the place is there only in a test')
      return current
    }

    describe('writes', () => writing(place))
    describe('keeps its fence', () => fencing(place))
    describe('shows what is committed', () => publishing(place))
    if (isShared) describe('lets other processes write', () => sharing(place))
  })
}
