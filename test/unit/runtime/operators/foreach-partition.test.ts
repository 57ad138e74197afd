import { seconds, stream, type PartitionAttempt, type StreamingContext } from 'millrace'
import { describe, expect, test } from 'vitest'
import { APP, START_MS, World } from '../harness.ts'

type Handed = readonly [elements: readonly string[], at: PartitionAttempt]

const SOURCE = 'socketTextStream-1'

const deployed = (describePipeline: (ssc: StreamingContext) => void) => {
  const pipeline = stream(APP, { batchInterval: seconds(1), whenIdle: 'tick' }, describePipeline)
  return new World().deploy(pipeline)
}

describe('foreachPartition', () => {
  test('hands out each partition, also empty ones, with what identifies it', async () => {
    const handed: Handed[] = []
    const app = deployed((ssc) =>
      ssc
        .socketTextStream('localhost', 9999)
        .repartition(3)
        .foreachPartition((elements, at) => void handed.push([[...elements], at])),
    )
    await app.append(SOURCE, 1, ['a', 'b'])
    await app.tick()
    expect(
      handed
        .map(([elements]) => elements)
        .flat()
        .toSorted(),
    ).toEqual(['a', 'b'])
    expect(handed.map(([, { partition }]) => partition)).toEqual([0, 1, 2])
    for (const [, { batchTime, attempt }] of handed) {
      expect(batchTime.milliseconds).toBe(START_MS + 1_000)
      expect(attempt).toMatchObject({ number: 1, generation: 1 })
    }
  })

  test('computes the next partition when the function has ended', async () => {
    const order: string[] = []
    const app = deployed((ssc) =>
      ssc
        .socketTextStream('localhost', 9999)
        .repartition(3)
        .map((word) => {
          order.push(`compute ${word}`)
          return word
        })
        .foreachPartition(async ([word]) => {
          await Promise.resolve()
          order.push(`hand out ${word}`)
        }),
    )
    await app.append(SOURCE, 1, ['a', 'b', 'c'])
    await app.tick()
    const words = order
      .filter((_, index) => index % 2 === 0)
      .map((text) => text.split(' ')[1] ?? '')
    expect(words.toSorted()).toEqual(['a', 'b', 'c'])
    expect(order).toEqual(words.flatMap((word) => [`compute ${word}`, `hand out ${word}`]))
  })

  test('fails the batch when the function throws, and hands out all again', async () => {
    const handed: string[] = []
    let isBroken = true
    const app = deployed((ssc) =>
      ssc
        .socketTextStream('localhost', 9999)
        .repartition(2)
        .foreachPartition(async (_, { partition, attempt }) => {
          handed.push(`${attempt.number}/${partition}`)
          if (isBroken && partition === 1) throw new Error('down')
        }),
    )
    await app.append(SOURCE, 1, ['a', 'b'])
    const outcome = await app.tick()
    expect(outcome).toMatchObject({ kind: 'retry', reason: { code: 'USER_FUNCTION_FAILED' } })
    expect(JSON.stringify(outcome)).toMatch(/partition 1 of the RDD at \d+ ms/)
    isBroken = false
    await app.tick()
    expect(handed.slice(0, 4)).toEqual(['1/0', '1/1', '2/0', '2/1'])
  })

  test('needs a function', () =>
    expect(() =>
      stream(APP, { batchInterval: seconds(1) }, (ssc) =>
        ssc.socketTextStream('a', 1).foreachPartition(undefined as never),
      ).build(),
    ).toThrow(/ARGUMENT_INVALID/))
})
