import { gzipSync } from 'node:zlib'
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

const randomFiles = (random: Random, badShare: number): readonly GivenFile[] =>
  Array.from({ length: random.between(1, 6) }, (_, index) => {
    const lines = Array.from({ length: random.between(0, 12) }, () =>
      Array.from({ length: random.between(1, 3) }, () =>
        random.pick(['a', 'be', 'sea', 'ä€', random.chance(badShare) ? 'bad!' : 'd']),
      ).join(' '),
    )
    const content = Buffer.from(lines.join(random.pick(['\n', '\r\n', '\r'])))
    return random.chance(0.2)
      ? { name: `f${index}.gz`, bytes: gzipSync(content) }
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
})
