/**
 * Panes of pairs: one array of keys and one of values, in the order of keys. This form is small in
 * the store and fast to iterate.
 */
import { KeyedMap } from '../../base/keys.ts'
import { isSimple } from '../../base/packed.ts'
import type { Panes } from './panes.ts'

/** The pairs of one pane. */
export type KeyedPane<K, V> = readonly [keys: readonly K[], values: readonly V[]]

/**
 * Puts the pairs of this batch as its pane. Without pairs, there is no pane. Keys are already in
 * canonical form, so only values can be changed in place.
 */
export const putPairs = <K, V>(
  panes: Panes<KeyedPane<K, V>>,
  pairs: readonly (readonly [K, V])[],
): void => {
  if (pairs.length === 0) return panes.unput()
  const values = pairs.map(([, value]) => value)
  panes.put([pairs.map(([key]) => key), values], values.every(isSimple))
}

/**
 * Calls `visit` with each pair of a pane, in the order of keys. Values that can be changed are
 * fresh copies.
 */
export const forEachPair = <K, V>(
  [keys, values]: KeyedPane<K, V>,
  visit: (key: K, value: V) => void,
): void => {
  for (let i = 0; i < keys.length; i++) visit(keys[i] as K, values[i] as V)
}

/** The values of each key in several panes, reduced from the oldest to the newest. */
export const reducePanes = async <K, V>(
  panes: Panes<KeyedPane<K, V>>,
  times: readonly number[],
  f: (a: V, b: V) => V,
): Promise<KeyedMap<K, V>> => {
  const reduced = new KeyedMap<K, V>()
  for (const timeMs of times)
    forEachPair(await panes.read(timeMs), (key, value) => reduced.combine(key, value, f))
  return reduced
}
