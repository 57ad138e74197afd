/** Which states a manifest names, and which of them users can read by key. */
import { MillraceError } from '../../base/errors.ts'
import { nearestTo } from '../../base/nearest.ts'
import type { Manifest, StoredState } from '../../state/manifest.ts'
import { panesId } from '../../state/operator/state-declaration.ts'
import { type Expiry, expiryOf } from '../../state/operator/timer.ts'
import type { StoredPartition } from '../../state/stored-list.ts'

/** The state of one operator in the store. */
export interface KnownState extends Expiry {
  /** The id of the operator, or the name that `named()` gives it. */
  readonly id: string
  readonly kind: string
  /** `keys`: a state for each key. `window`: batches, which have no keys to look up. */
  readonly holds: 'keys' | 'window'
  readonly partitions: number
  readonly segments: number
  /** Number of bytes in the store, before compression. */
  readonly bytes: number
}

/** The states that a manifest names. */
export const knownStates = ({
  states,
  timers,
}: Pick<Manifest, 'states' | 'timers'>): readonly KnownState[] =>
  Object.entries(states).map(([stored, { kind, form, partitions, regrouped }]) => {
    const suffix = panesId('')
    return {
      id: form === 'panes' && stored.endsWith(suffix) ? stored.slice(0, -suffix.length) : stored,
      kind,
      holds: form === 'state' ? ('keys' as const) : ('window' as const),
      partitions: regrouped?.partitions ?? partitions.length,
      segments: sumOf(partitions, 'count'),
      bytes: sumOf(partitions, 'bytes'),
      ...expiryOf(timers[stored]),
    }
  })

const sumOf = (partitions: readonly StoredPartition[], field: 'count' | 'bytes'): number =>
  partitions.reduce((total, partition) => total + partition[field], 0)

/**
 * The keyed state of an operator.
 *
 * @throws MillraceError `STATE_UNKNOWN`.
 */
export const keyedState = (
  manifest: Pick<Manifest, 'states' | 'timers'>,
  id: string,
): StoredState => {
  const stored = Object.hasOwn(manifest.states, id) ? manifest.states[id] : undefined
  if (stored?.form === 'state') return stored
  throw unknownState(knownStates(manifest), id)
}

const unknownState = (known: readonly KnownState[], id: string): MillraceError => {
  const keyed = known.filter(({ holds }) => holds === 'keys').map((one) => one.id)
  const isWindow = known.some((one) => one.id === id || panesId(one.id) === id)
  const near = nearestTo(id, keyed)
  return new MillraceError('STATE_UNKNOWN', {
    problem: isWindow
      ? 'This operator keeps batches, and no state for each key'
      : 'The application keeps no state of this name',
    value: id,
    allowed: keyed.length === 0 ? 'none: no operator keeps a state for each key' : keyed.join(', '),
    fix: isWindow
      ? 'read the results where the pipeline writes them, for example with saveToTable'
      : (near === undefined ? '' : `did you mean ${near}? Otherwise `) +
        'see the states: millrace state --state DIR, or --app NAME',
  })
}
