import { seconds } from 'millrace'
import { describe, expect, test } from 'vitest'
import { APP, pipelineOf, World } from '../runtime/harness.ts'
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
    { what: 'a proxy whose traps throw', thrown: hostile, says: 'a trap' },
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
