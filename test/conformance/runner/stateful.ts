/** The two operations with state, in all their forms. */
import { call, type Handle } from './call.ts'
import { MissingOperation } from './outcome.ts'
import type { Params } from './vector.ts'
import { updateFunction } from './words/updates.ts'

/** Options of `updateStateByKey`. */
const optionsOf = ({ numPartitions, initialState }: Params): object => {
  if (initialState !== undefined) throw new MissingOperation('updateStateByKey() with an initial state')
  return numPartitions === undefined ? {} : { partitions: Number(numPartitions) }
}

/** The states of all keys. */
export const updateStateByKey = (stream: Handle, params: Params): Handle => {
  const update = updateFunction(params['update'])
  const plain = (values: readonly unknown[], state: unknown): unknown => update({ timeMs: 0, key: undefined, values, state })
  return call(stream, 'updateStateByKey', plain, optionsOf(params))
}

/** What the mapping gives, and all states. */
export const mapWithState = (stream: Handle, _params: Params): { readonly stream: Handle; readonly snapshots: Handle } => {
  const mapped = call(stream, 'mapWithState')
  return { stream: mapped, snapshots: call(mapped, 'stateSnapshots') }
}
