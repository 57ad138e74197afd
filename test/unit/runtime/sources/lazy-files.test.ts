import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Random } from '../../../../lib/testing/random.ts'
import type { HeldLimits } from '../../../../lib/runtime/sources/held-limits.ts'
import type { Pipeline } from 'millrace'
import { type Deployment, pipelineOf, START_MS, World } from '../harness.ts'

const AT_ONCE: HeldLimits = { batchBytes: Infinity, partBytes: Infinity }
const LAZY: readonly HeldLimits[] = [
  { batchBytes: 0, partBytes: Infinity },
  { batchBytes: 0, partBytes: 7 },
  { batchBytes: 0, partBytes: 1 },
]

const sum = (a: number, b: number): number => a + b

/** Counts words, sums floats, and keeps lines as they are. `!` in a word makes its record bad. */
const pipelineWith = (weight: number): Pipeline =>
  pipelineOf((ssc) => {
    const lines = ssc.textFileStream('in')
    const words = lines
      .flatMap((line) => line.split(' '))
      .map((word): [string, number] => {
        if (word.includes('!')) throw new RangeError('bad word')
        return [word, weight * word.length]
      })
    words.reduceByKey(sum, { partitions: 2 }).saveAsTextFiles('sums')
    words
      .updateStateByKey<number>((all, total = 0) => all.reduce(sum, total))
      .saveAsTextFiles('totals')
    lines.count().saveAsTextFiles('count')
    lines.filter((line) => line.length > 3).saveAsTextFiles('long')
  })

interface GivenFile {
  readonly name: string
  readonly bytes: Uint8Array
}

interface Seen {
  readonly files: ReadonlyMap<string, string>
  readonly deadLetters: readonly string[]
}

const start = async (
  files: readonly GivenFile[],
  held: HeldLimits,
  weight = 1,
): Promise<{ readonly world: World; readonly app: Deployment }> => {
  const world = new World()
  const app = world.deploy(pipelineWith(weight), { held })
  await app.run()
  for (const { name, bytes } of files) world.objects.write(name, bytes, START_MS + 500)
  return { world, app }
}

/**
 * The lines of all outputs, and the data of all dead letters. A part of a file is a partition of
 * its own, so that a stream without a shuffle has more parts of outputs.
 */
const seenIn = async (world: World): Promise<Seen> => {
  const files = new Map<string, string>()
  const written = world.files.files()
  const names = [...written.keys()].filter((name) => name.includes('part-'))
  for (const name of names.toSorted()) {
    const bytes = written.get(name) ?? new Uint8Array()
    const output = name.startsWith('long') ? 'long' : name
    files.set(output, (files.get(output) ?? '') + text(bytes))
  }
  const letters = await world.deadLetters()
  return {
    files,
    deadLetters: letters.map(([, code, data]) => `${String(code)} ${data}`).toSorted(),
  }
}

const run = async (
  files: readonly GivenFile[],
  held: HeldLimits,
  weight: number,
): Promise<Seen> => {
  const { world, app } = await start(files, held, weight)
  await app.tick()
  return seenIn(world)
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

/** Whole, in members, with padding, compressed twice, cut off, with other bytes. */
const COMPRESSED: readonly ((content: Buffer) => Buffer)[] = [
  (content) => gzipSync(content),
  (content) => zstdCompressSync(content),
  (content) => Buffer.concat([gzipSync(content), gzipSync('a be'), Buffer.alloc(9)]),
  (content) => Buffer.concat([zstdCompressSync(content), zstdCompressSync('sea')]),
  (content) => gzipSync(zstdCompressSync(content)),
  (content) => gzipSync(Buffer.from(`\uFEFF${content.toString()}`, 'utf16le')),
  (content) => gzipSync(content).subarray(0, -1),
  (content) => Buffer.concat([zstdCompressSync(content), Buffer.from('other')]),
]

const randomFiles = (random: Random, badShare: number): readonly GivenFile[] =>
  Array.from({ length: random.between(1, 6) }, (_, index) => {
    const lines = Array.from({ length: random.between(0, 12) }, () =>
      Array.from({ length: random.between(1, 3) }, () =>
        random.pick(['a', 'be', 'sea', 'ä€', random.chance(badShare) ? 'bad!' : 'd']),
      ).join(' '),
    )
    const content = Buffer.concat([
      Buffer.from(lines.join(random.pick(['\n', '\r\n', '\r']))),
      random.chance(badShare) ? Buffer.of(0x0a, 0xff) : Buffer.of(),
    ])
    return random.chance(0.3)
      ? { name: `f${index}.gz`, bytes: random.pick(COMPRESSED)(content) }
      : { name: `f${index}`, bytes: content }
  })

describe('files that are read part by part', () => {
  test.each([
    // The order of additions shows in the sums of fractions.
    { what: 'good lines, to the last bit', weight: 0.1, badShare: 0 },
    { what: 'bad lines among them', weight: 1, badShare: 0.1 },
  ])('give what files give that are read at once: $what', async ({ weight, badShare }) => {
    const random = new Random(11)
    for (let round = 0; round < 40; round++) {
      const files = randomFiles(random, badShare)
      const expected = await run(files, AT_ONCE, weight)
      for (const held of LAZY) expect(await run(files, held, weight)).toEqual(expected)
    }
  })

  test.each([
    { what: 'whole', held: LAZY[0] as HeldLimits },
    { what: 'in parts', held: LAZY[1] as HeldLimits },
  ])('read $what: one that goes meanwhile is skipped by the next attempt', async ({ held }) => {
    const { world, app } = await start(
      ['one', 'two', 'three'].map((name) => ({
        name,
        bytes: Buffer.from(`${name} of the lines\n`),
      })),
      held,
    )
    const { ...before } = world.objects
    let reads = 0
    Object.assign(world.objects, {
      read: async (...given: Parameters<typeof before.read>) => {
        reads += 1
        // The file goes after the batch was logged, when a part of it may have been read.
        if (reads === 5) world.objects.remove('two')
        return before.read(...given)
      },
    })
    await app.tick(15)
    expect(app.eventsOf('objectSkipped')).toMatchObject([{ object: 'two' }])
    expect(app.eventsOf('batchFailed').map(({ code }) => code)).toEqual(['INPUT_CHANGED'])
    const { files } = await seenIn(world)
    expect(files.get('long')).toBe('one of the lines\nthree of the lines\n')
  })

  const long = Buffer.from('a line of text\n'.repeat(10))
  const compressed = [
    { name: 'one', bytes: long },
    { name: 'two.gz', bytes: gzipSync(long) },
  ]

  /** Removes a file when something was read of it so often. */
  const removeAtRead = (world: World, key: string, number: number): void => {
    const { ...before } = world.objects
    let reads = 0
    Object.assign(world.objects, {
      read: async (...given: Parameters<typeof before.read>) => {
        if (given[0].key === key) reads += 1
        if (reads === number) world.objects.remove(key)
        return before.read(...given)
      },
    })
  }

  test.each([
    // The first bytes, then seven pieces to check it, then the same for each use.
    { what: 'before it is checked', number: 1, failed: [] },
    { what: 'while it is checked', number: 4, failed: [] },
    { what: 'when it is used', number: 12, failed: ['INPUT_CHANGED'] },
  ])('a compressed file that goes $what is skipped', async ({ number, failed }) => {
    const { world, app } = await start(compressed, { batchBytes: 0, partBytes: 7 })
    removeAtRead(world, 'two.gz', number)
    await app.tick(15)
    expect(app.eventsOf('objectSkipped')).toMatchObject([{ object: 'two.gz' }])
    expect(app.eventsOf('batchFailed').map(({ code }) => code)).toEqual(failed)
    const { files, deadLetters } = await seenIn(world)
    expect(files.get('long')).toBe(long.toString())
    expect(deadLetters).toEqual([])
  })

  test('a compressed file that is damaged at its end is put aside whole', async () => {
    const lines = Array.from({ length: 200 }, (_, line) => `line ${line}\n`).join('')
    const cut = gzipSync(lines).subarray(0, -1)
    const held = { batchBytes: 0, partBytes: 100 }
    const { world, app } = await start([{ name: 'two.gz', bytes: cut }], held)
    await app.tick()
    expect(app.eventsOf('batchCompleted').at(-1)).toMatchObject({ records: 0, attempt: 1 })
    const [letter, ...others] = await world.deadLetters()
    expect(letter?.[1]).toBe('OBJECT_CORRUPT')
    expect(others).toEqual([])
  })

  test('B8: a few parts of a compressed file are decompressed at a time', async () => {
    const MIB = 1024 * 1024
    let used = 0
    const pipeline = pipelineOf((ssc) =>
      ssc
        .textFileStream('in')
        .map((line): [string, number] => {
          used += line.length + 1
          return [line.slice(0, 1), 1]
        })
        .reduceByKey(sum)
        .saveAsTextFiles('out'),
    )
    const world = new World()
    const app = world.deploy(pipeline, { held: { batchBytes: MIB, partBytes: MIB } })
    await app.run()
    // Members of one MiB of text, as far from each other in the file as in the text.
    const member = gzipSync('some text\n'.repeat(MIB / 10 + 1).slice(0, MIB), { level: 0 })
    world.objects.write(
      'big.gz',
      Buffer.concat(Array.from({ length: 64 }, () => member)),
      START_MS + 500,
    )
    const { ...before } = world.objects
    let [most, checked] = [0, 0]
    Object.assign(world.objects, {
      read: async (...given: Parameters<typeof before.read>) => {
        const { to = 0 } = given[1] ?? {}
        if (used === 0) checked = Math.max(checked, to)
        else most = Math.max(most, to - used)
        return before.read(...given)
      },
    })
    await app.tick()
    expect(app.eventsOf('batchCompleted').at(-1)?.attempt).toBe(1)
    expect(used).toBeGreaterThan(63 * MIB)
    expect(checked).toBe(64 * member.length)
    // Eight MiB are read ahead of the part in use, and a piece of a MiB is on its way.
    expect(most).toBeLessThan(12 * MIB)
    expect(most).toBeGreaterThan(MIB)
  })
})
