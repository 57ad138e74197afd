import { type Duration, minutes, seconds, stream } from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'

const lines = (app: TestStream): readonly string[] =>
  app
    .output<string>('foreachRDD-1')
    .elements.flatMap((elements) => elements ?? [])
    .toSorted()

describe.each(['tick', 'rest'] as const)('%s: a file that arrives', (whenIdle) => {
  const options = { batchInterval: seconds(1), whenIdle }
  const plain = stream('p', options, (ssc) => ssc.textFileStream('in').foreachRDD(() => undefined))

  test.each<[string, Duration, Duration, Duration]>([
    ['right after the process ended', seconds(5), seconds(70), seconds(10)],
    ['between two runs, ten minutes apart', seconds(2), minutes(10), seconds(3)],
    ['at rest, and a minute passes before anybody looks', minutes(3), seconds(61), seconds(2)],
  ])('%s is taken', async (_, before, downFor, after) => {
    const app = await testStream(plain)
    await app.advance(seconds(1))
    app.input('in').addFile('a', 'a\n')
    await app.advance(before)
    app.input('in').addFile('b', 'b\n')
    await app.restart({ downFor })
    app.input('in').addFile('c', 'c\n')
    await app.advance(after)
    expect(lines(app)).toEqual(['a', 'b', 'c'])
  })

  test('before the first batch, minutes before anybody looks, is taken', async () => {
    const app = await testStream(plain)
    app.input('in').addFile('a', 'a\n', { modified: new Date(app.nowMs + 1) })
    await app.restart({ downFor: minutes(10) })
    await app.advance(seconds(2))
    expect(lines(app)).toEqual(['a'])
  })

  test('in the middle of a batch that takes two minutes is taken', async () => {
    let isSlow = true
    const app: TestStream = await testStream(
      stream('p', options, (ssc) =>
        ssc.textFileStream('in').foreachRDD(async (rdd) => {
          if (!isSlow || (await rdd.count()) === 0) return
          isSlow = false
          app.input('in').addFile('b', 'b\n', { modified: new Date(app.nowMs + 8_000) })
          app.passTime(minutes(2))
        }),
      ),
    )
    await app.advance(seconds(1))
    app.input('in').addFile('a', 'a\n')
    await app.advance(minutes(5))
    expect(lines(app)).toEqual(['a', 'b'])
  })

  test('while a batch fails for ten minutes is taken', async () => {
    let isBroken = true
    const app = await testStream(
      stream('p', options, (ssc) =>
        ssc.textFileStream('in').foreachRDD(async (rdd) => {
          if (isBroken && (await rdd.count()) > 0) throw new Error('not now')
        }),
      ),
      { failures: 'record' },
    )
    await app.advance(seconds(1))
    app.input('in').addFile('a', 'a\n')
    await app.advance(seconds(2))
    app.input('in').addFile('b', 'b\n')
    await app.advance(minutes(10))
    isBroken = false
    await app.advance(minutes(5))
    expect([app.failures.length > 0, lines(app)]).toEqual([true, ['a', 'b']])
  })
})
