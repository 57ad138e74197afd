import { MillraceError, seconds } from 'millrace'
import { describe, expect, test } from 'vitest'
import { APP, pipelineOf, World } from '../runtime/harness.ts'
import { readOverview } from '../../../lib/runtime/operations/status.ts'
import { HeadStore } from '../../../lib/state/head.ts'
import { Deployed, toStream } from './deployed.ts'

// B9: whatever an output throws, the attempt counts, and the batch is tried again after its pause.

const hostile = (): object =>
  new Proxy(new Error('hidden'), {
    get: () => {
      throw new Error('a trap')
    },
    getPrototypeOf: () => {
      throw new Error('a trap')
    },
  })

const refused = (changes: object = {}): MillraceError =>
  Object.assign(new MillraceError('OUTPUT_FAILED', { problem: 'refused' }), changes)

describe('an output that throws', () => {
  test.each<{ what: string; thrown: () => unknown; says: string }>([
    { what: 'a message of 1 MB', thrown: () => new Error('x'.repeat(1_000_000)), says: 'xxx' },
    {
      what: 'a message of 1 MB of wide characters',
      thrown: () => new Error('\u{1f600}'.repeat(500_000)),
      says: '\u{1f600}',
    },
    { what: 'a text', thrown: () => 'only a text', says: 'only a text' },
    { what: 'null', thrown: () => null, says: 'null' },
    { what: 'nothing', thrown: () => undefined, says: 'The function of foreachRDD threw' },
    { what: 'a proxy whose traps throw', thrown: hostile, says: 'a value that cannot be shown' },
    {
      what: 'an error of Millrace with a code of 1 MB',
      thrown: () => refused({ code: 'c'.repeat(1_000_000) }),
      says: 'refused',
    },
    {
      what: 'an error of Millrace whose message is a number',
      thrown: () => refused({ message: 5n }),
      says: '5',
    },
    {
      what: 'an error of Millrace whose message cannot be read',
      thrown: () =>
        Object.defineProperty(refused(), 'message', {
          get: () => {
            throw new Error('a trap')
          },
        }),
      says: 'a value that cannot be shown',
    },
    {
      what: 'a proxy of an error of Millrace',
      thrown: () =>
        new Proxy(refused(), {
          get: () => {
            throw new Error('a trap')
          },
        }),
      says: 'a value that cannot be shown',
    },
    {
      what: 'an error with a cause',
      thrown: () => new Error('fetch failed', { cause: new Error('refused') }),
      says: 'caused by Error: refused',
    },
  ])('$what is tried again, and the reason is told', async ({ thrown, says }) => {
    const world = new World({ itemBytesMax: 400 * 1_024 })
    let calls = 0
    const pipeline = pipelineOf(
      (ssc) =>
        ssc.kinesisTextStream('lines').foreachRDD(async (rdd) => {
          if ((await rdd.count()) > 0 && ++calls <= 3) throw thrown()
        }),
      { retry: { for: seconds(600), attempts: 10 } },
    )
    const app = new Deployed(pipeline, { world, sources: { 'kinesisTextStream-1': toStream } })
    await app.trigger()
    await app.put(1, 'a')
    await app.pass(1)
    const { reason, logged } = (await new HeadStore(world.store, APP).read()) ?? {}
    expect(reason?.message).toContain(says)
    expect(Buffer.byteLength(reason?.message ?? '')).toBeLessThan(20_000)
    expect(logged?.attempts).toBe(1)
    await app.pass(4, 30_000)
    expect(calls).toBe(4)
    expect(app.logged('batchFailed').map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    for (const line of app.lines) expect(Buffer.byteLength(line)).toBeLessThan(100_000)
  })
})

describe('a function that throws on a record', () => {
  test.each<{ what: string; thrown: () => unknown; code: string }>([
    { what: 'null', thrown: () => null, code: 'USER_FUNCTION_FAILED' },
    { what: 'a proxy whose traps throw', thrown: hostile, code: 'USER_FUNCTION_FAILED' },
    { what: 'an error of Millrace', thrown: () => refused(), code: 'OUTPUT_FAILED' },
    {
      what: 'an error of Millrace with a code of 1 MB',
      thrown: () => refused({ code: 'c'.repeat(1_000_000) }),
      code: 'USER_FUNCTION_FAILED',
    },
    {
      what: 'a message of 1 MB of wide characters',
      thrown: () => new Error(`x${'\u{1f600}'.repeat(500_000)}`),
      code: 'USER_FUNCTION_FAILED',
    },
  ])('$what: the record is put aside, and the others are counted', async ({ thrown, code }) => {
    const world = new World({ itemBytesMax: 400 * 1_024 })
    const seen: string[] = []
    const pipeline = pipelineOf((ssc) =>
      ssc
        .kinesisTextStream('lines')
        .map((line) => {
          if (line === 'bad') throw thrown()
          return line
        })
        .foreachRDD(async (rdd) => void seen.push(...(await rdd.collect()))),
    )
    const app = new Deployed(pipeline, { world, sources: { 'kinesisTextStream-1': toStream } })
    await app.trigger()
    await app.put(1, 'a', 'bad', 'b')
    await app.pass(1)
    expect(seen).toEqual(['a', 'b'])
    const { deadLetters } = await readOverview(world.store, APP, world.nowMs)
    expect(deadLetters.byCode).toEqual({ [code]: 1 })
    const [{ message } = { message: '' }] = deadLetters.some
    expect(message.isWellFormed()).toBe(true)
    expect(Buffer.byteLength(message)).toBeLessThan(10_000)
  })
})
