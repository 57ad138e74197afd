/** Operations of RDDs refuse wrong arguments with a clear error. */
import { MillraceError, parallelize } from 'millrace'
import { expect, test } from 'vitest'
import { inPairs, of } from './rdds.ts'

const empty = of<number>([], 1)

test.each<[string, () => unknown, RegExp]>([
  ['first() of an empty RDD', () => empty.first(), /first\(\) of an empty/],
  ['max() of an empty RDD', () => empty.max(), /max\(\) of an empty/],
  ['treeReduce() of an empty RDD', () => empty.treeReduce((a) => a), /reduce\(\) of an empty/],
  [
    'zip() of RDDs with different numbers of partitions',
    async () => of([1, 2], 2).zip(of([1, 2], 1)),
    /same number of partitions/,
  ],
  [
    'zip() of partitions with different lengths',
    () =>
      of([1, 2], 1)
        .zip(of([1], 1))
        .collect(),
    /same number of elements/,
  ],
  [
    'repartition() into 0 partitions',
    async () => empty.repartition(0),
    /needs at least one partition/,
  ],
  [
    'sample() with a fraction above 1',
    async () => empty.sample(1.5, { seed: 1 }),
    /needs a fraction/,
  ],
  [
    'sample() without a seed',
    async () => empty.sample(0.5, { seed: undefined as unknown as number }),
    /needs a seed/,
  ],
  ['takeSample() of half an element', () => empty.takeSample(0.5, { seed: 1 }), /needs a number/],
  [
    'randomSplit() with all weights 0',
    async () => empty.randomSplit([0], { seed: 1 }),
    /needs weights/,
  ],
  ['histogram() with one bound', () => empty.histogram([1]), /needs ascending bounds/],
  ['histogram() with descending bounds', () => empty.histogram([1, 0]), /needs ascending bounds/],
  ['histogram() of an empty RDD', () => empty.histogram(2), /histogram\(\) of an empty/],
  ['histogram() of infinite numbers', () => of([1, Infinity], 1).histogram(2), /finite/],
])('%s is refused', async (_, act, message) => {
  await expect((async () => act())()).rejects.toThrow(
    expect.objectContaining({
      code: 'ARGUMENT_INVALID',
      message: expect.stringMatching(message) as string,
    }),
  )
})

test('partitionBy() refuses a partition that does not exist', async () => {
  await expect(
    inPairs(1)
      .partitionBy(2, () => 2)
      .collect(),
  ).rejects.toThrow(MillraceError)
})

test.each([0, -1, 1.5, Number.NaN])('%d partitions are refused', async (partitions) => {
  const refusal: unknown = expect.objectContaining({
    code: 'ARGUMENT_INVALID',
    message: expect.stringContaining('needs at least one partition') as string,
  })
  expect(() => parallelize([1], { partitions })).toThrow(refusal)
  expect(() => inPairs(1).reduceByKey((a) => a, { partitions })).toThrow(refusal)
  expect(() => inPairs(1).groupByKey({ partitions })).toThrow(refusal)
})

test('reduce() of an empty RDD is refused', async () => {
  await expect(parallelize<number>([]).reduce((a) => a)).rejects.toMatchObject({
    code: 'ARGUMENT_INVALID',
  })
})

test('saving an RDD that does not belong to a batch is refused', async () => {
  await expect(parallelize([1]).saveAsTextFile('out')).rejects.toMatchObject({
    code: 'ARGUMENT_INVALID',
  })
})

test('a key that cannot be compared by value is refused', async () => {
  const rdd = parallelize([() => 1]).mapToPair((f) => [f, 1])
  await expect(rdd.reduceByKey((a, b) => a + b).collect()).rejects.toMatchObject({
    code: 'KEY_UNSUPPORTED',
  })
})
