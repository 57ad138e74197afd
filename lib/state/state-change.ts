import type { Stored } from '../base/packed.ts'

/** The state of a key is gone. */
export const REMOVED: unique symbol = Symbol('removed')

/** What a batch makes of the state of a key. */
export type Change = Stored | typeof REMOVED

/** The keys that still have a state. */
export const keptOf = (
  entries: readonly (readonly [unknown, Change])[],
): readonly (readonly [unknown, Stored])[] =>
  entries.filter((entry): entry is readonly [unknown, Stored] => entry[1] !== REMOVED)
