import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainKey } from '../../../lib/base/keys.ts'
import { KeysByTime } from '../../../lib/state/operator/keys-by-time.ts'

type Key = string | number | readonly unknown[]

/** A plain map that is searched whole. */
class Oracle {
  readonly times = new Map<string, readonly [Key, number]>()

  set(key: Key, timeMs: number): void {
    this.times.set(JSON.stringify(key), [key, timeMs])
  }

  delete(key: Key): void {
    this.times.delete(JSON.stringify(key))
  }

  takeBefore(timeMs: number): readonly string[] {
    const taken = [...this.times].filter(([, [, atMs]]) => atMs < timeMs)
    for (const [code] of taken) this.times.delete(code)
    return taken.map(([code, [, atMs]]) => `${code} ${atMs}`).toSorted()
  }

  get firstMs(): number | undefined {
    const times = [...this.times.values()].map(([, atMs]) => atMs)
    return times.length === 0 ? undefined : Math.min(...times)
  }
}

const key = fc.oneof(
  fc.constantFrom<Key>('a', 'b', 'c', 1, 2),
  fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 3 })),
)
const timeMs = fc.integer({ min: -5, max: 30 })
const step = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('set' as const), key, timeMs) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('delete' as const), key) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('takeBefore' as const), timeMs) },
)

describe('keys by time', () => {
  test('are those of a map that is searched whole, whatever the order of the times', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const keys = new KeysByTime<Key>()
        const oracle = new Oracle()
        for (const [what, ...given] of steps) {
          if (what === 'takeBefore') {
            const [before] = given as [number]
            const taken = keys.takeBefore(before)
            const texts = taken.map(([one, atMs]) => `${JSON.stringify(plainKey(one))} ${atMs}`)
            expect(texts.toSorted()).toEqual(oracle.takeBefore(before))
          } else if (what === 'set') {
            const [one, atMs] = given as [Key, number]
            keys.set(one, atMs)
            oracle.set(one, atMs)
          } else {
            const [one] = given as [Key]
            keys.delete(one)
            oracle.delete(one)
          }
          expect([keys.size, keys.firstMs]).toEqual([oracle.times.size, oracle.firstMs])
          for (const [one, atMs] of oracle.times.values()) expect(keys.timeOf(one)).toBe(atMs)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('are taken in the order of keys', () => {
    const keys = new KeysByTime<Key>([
      ['c', 1],
      [['a', 1], 0],
      ['a', 2],
      [7, 2],
      ['later', 3],
    ])
    expect(keys.takeBefore(3).map(([key, atMs]) => [plainKey(key), atMs])).toEqual([
      [7, 2],
      ['a', 2],
      ['c', 1],
      [['a', 1], 0],
    ])
    expect(keys.size).toBe(1)
  })

  test('stay the same when the caller changes a key', () => {
    const mine = ['a', 1]
    const keys = new KeysByTime<Key>([[mine, 5]])
    mine[1] = 2
    expect(keys.timeOf(['a', 1])).toBe(5)
    expect(keys.takeBefore(6).map(([key]) => plainKey(key))).toEqual([['a', 1]])
  })

  test('a key that gets a new time again and again leaves nothing behind', () => {
    const keys = new KeysByTime<string>()
    for (let atMs = 0; atMs < 10_000; atMs++) keys.set('a', atMs)
    expect([keys.size, keys.firstMs]).toEqual([1, 9_999])
  })
})
