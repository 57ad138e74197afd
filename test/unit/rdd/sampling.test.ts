import { describe, expect, test } from 'vitest'
import { of } from './rdds.ts'

describe('random choices follow from the seed', () => {
  const many = of(
    Array.from({ length: 1_000 }, (_, n) => n),
    4,
  )

  test('a sample has about the given size, keeps the order, and is the same again', async () => {
    const sample = await many.sample(0.3, { seed: 7 }).collect()
    expect(sample.length).toBeGreaterThan(200)
    expect(sample.length).toBeLessThan(400)
    expect(sample).toEqual(sample.toSorted((a, b) => a - b))
    expect(await many.sample(0.3, { seed: 7 }).collect()).toEqual(sample)
    expect(await many.sample(0.3, { seed: 8 }).collect()).not.toEqual(sample)
  })

  test('with replacement, an element can occur several times', async () => {
    const sample = await many.sample(2, { seed: 7, withReplacement: true }).collect()
    expect(sample.length).toBeGreaterThan(1_700)
    expect(new Set(sample).size).toBeLessThan(1_000)
  })

  test('takeSample gives exactly the given number of different elements', async () => {
    const sample = await many.takeSample(50, { seed: 7 })
    expect(new Set(sample).size).toBe(50)
    expect(await many.takeSample(5_000, { seed: 7 })).toHaveLength(1_000)
    expect(await many.takeSample(1_500, { seed: 7, withReplacement: true })).toHaveLength(1_500)
  })

  test('a split gives each element to exactly one RDD', async () => {
    const parts = await Promise.all(
      many.randomSplit([3, 1], { seed: 7 }).map((part) => part.collect()),
    )
    expect(parts.flat().toSorted((a, b) => a - b)).toEqual(await many.collect())
    expect(parts[0]?.length).toBeGreaterThan(650)
  })
})
