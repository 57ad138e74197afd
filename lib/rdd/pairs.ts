/** Pairs of a key and a value, on their way into a combination by key. */
import { greatestOf } from '../base/extremes.ts'
import { MillraceError } from '../base/errors.ts'
import { KeyedMap } from '../base/keys.ts'
import { ignoreRejections, refusePromise } from '../base/promises.ts'
import type { Trial } from './partition.ts'

/**
 * The element as a pair.
 *
 * @throws MillraceError `PAIR_INVALID`; `PROMISE_UNEXPECTED` for a promise in the pair.
 */
export const checkPair = <K, V>(element: readonly [K, V]): readonly [K, V] => {
  if (!Array.isArray(element) || element.length !== 2) {
    ignoreRejections(element)
    throw new MillraceError('PAIR_INVALID', {
      problem: 'An operation on pairs got an element that is not a pair',
      value: element,
      allowed: 'an array of a key and a value: [key, value]',
      fix: 'make pairs first, for example with mapToPair((word) => [word, 1])',
    })
  }
  refusePromise(element[0])
  refusePromise(element[1])
  return element
}

/** The most groups of values of a key that a trial tells apart. */
const GROUPS_MAX = 4

/**
 * Tries which records can be combined by key. Each key has groups of values that can be combined
 * with each other. At the end the largest group of a key stays, or the first of them, and the
 * records of its other groups are unfit. So a bigint among numbers is found, also if it comes
 * first.
 */
export const pairTrial = <K, V, W>(
  add: (map: KeyedMap<K, W>, key: K, value: V) => void,
): Trial<readonly [K, V]> => {
  const maps = Array.from({ length: GROUPS_MAX }, () => new KeyedMap<K, W>())
  const groups = new KeyedMap<K, Set<number>[]>()
  const errors = new KeyedMap<K, unknown>()
  return {
    take(element, record) {
      const [key, value] = checkPair(element)
      const members = groups.get(key) ?? []
      for (const [rank, map] of maps.entries()) {
        try {
          add(map, key, value)
        } catch (error) {
          if (members[rank] === undefined || rank === GROUPS_MAX - 1) throw error
          errors.set(key, error)
          continue
        }
        const group = members[rank] ?? new Set()
        members[rank] = group.add(record)
        groups.set(key, members)
        return
      }
    },
    unfit() {
      const unfit = new Map<number, unknown>()
      for (const [key, error] of errors.entries()) {
        const members = groups.get(key) ?? []
        const largest = greatestOf(members.map(({ size }) => size))
        const kept = members.findIndex(({ size }) => size === largest)
        for (const [rank, group] of members.entries())
          if (rank !== kept) for (const record of group) unfit.set(record, error)
      }
      return unfit
    },
  }
}
