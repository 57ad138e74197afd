/**
 * Panes of pairs: one array of keys and one of values, in the order of keys. This form is small in
 * the store and fast to iterate.
 */
import { KeyedMap } from '../../base/keys.ts'
import { isSimple } from '../../base/packed.ts'
import { type Pause, visitAll } from '../../base/pauses.ts'
import type { Panes } from './panes.ts'

/** The pairs of one pane. */
export type KeyedPane<K, V> = readonly [keys: readonly K[], values: readonly V[]]

/**
 * Puts the pairs of this batch as its pane. Without pairs, there is no pane. Keys are already in
 * canonical form, so only values can be changed in place. `isFixed`: whether no code that gets a
 * value can change it. Default: if it is no object.
 */
export const putPairs = <K, V>(
  panes: Panes<KeyedPane<K, V>>,
  pairs: readonly (readonly [K, V])[],
  isFixed: (value: V) => boolean = isSimple,
): void => {
  if (pairs.length === 0) return
  const values = pairs.map(([, value]) => value)
  panes.put([pairs.map(([key]) => key), values], values.every(isFixed))
}

/**
 * Calls `visit` with each pair of a pane, in the order of keys. Values that can be changed are
 * fresh copies. Pauses between pairs when a pause is due.
 */
export const forEachPair = async <K, V>(
  [keys, values]: KeyedPane<K, V>,
  pause: Pause | undefined,
  visit: (key: K, value: V) => void,
): Promise<void> =>
  visitAll(keys.keys(), pause, (index) => visit(keys[index] as K, values[index] as V))

/** The values of each key in several panes, reduced from the oldest to the newest. */
export const reducePanes = async <K, V>(
  panes: Panes<KeyedPane<K, V>>,
  times: readonly number[],
  f: (a: V, b: V) => V,
  pause?: Pause,
): Promise<KeyedMap<K, V>> => {
  const reduced = new KeyedMap<K, V>()
  await panes.fetch(times)
  for (const timeMs of times)
    await forEachPair(await panes.read(timeMs), pause, (key, value) =>
      reduced.combine(key, value, f),
    )
  return reduced
}
