/** The two operations with state, in all their forms. */
import * as library from 'millrace'
import { milliseconds } from 'millrace'
import { call, type Handle } from './call.ts'
import { MissingOperation } from './outcome.ts'
import type { Params } from './vector.ts'
import { type MappingWord, mappingFunction, type StateHandle } from './words/mappings.ts'
import { updateFunction } from './words/updates.ts'

/** Options of `updateStateByKey`. */
const optionsOf = ({ numPartitions, initialState }: Params): object => ({
  ...(numPartitions === undefined ? {} : { partitions: Number(numPartitions) }),
  ...(initialState === undefined ? {} : { initialState }),
})

/** The states of all keys. */
export const updateStateByKey = (stream: Handle, params: Params): Handle => {
  if (params['initialState'] !== undefined) throw new MissingOperation('updateStateByKey() with an initial state')
  const update = updateFunction(params['update'])
  const plain = (values: readonly unknown[], state: unknown): unknown => update({ timeMs: 0, key: undefined, values, state })
  return call(stream, 'updateStateByKey', plain, optionsOf(params))
}

/** The streams behind `mapWithState`. */
export interface Mapped {
  readonly stream: Handle
  readonly snapshots: Handle
}

/** What the mapping gives, and all states. */
export const mapWithState = (stream: Handle, params: Params): Mapped => mapWithStateBy(stream, params, mappingFunction(params['f']))

/** The same with a function at hand. */
export const mapWithStateBy = (stream: Handle, params: Params, f: MappingWord): Mapped => {
  const { initialState, timeoutMs, numPartitions, checkpointMs } = params
  let spec = call(specs(), 'function', (key: unknown, value: unknown, state: StateHandle, time: { readonly milliseconds: number }) =>
    f({ timeMs: time.milliseconds, key, value, state }),
  )
  if (initialState !== undefined) spec = call(spec, 'initialState', initialState)
  if (timeoutMs !== undefined) spec = call(spec, 'timeout', milliseconds(Number(timeoutMs)))
  if (numPartitions !== undefined) spec = call(spec, 'numPartitions', Number(numPartitions))
  const mapped = call(stream, 'mapWithState', spec)
  if (typeof checkpointMs === 'number') call(mapped, 'checkpoint', milliseconds(checkpointMs))
  return { stream: mapped, snapshots: call(mapped, 'stateSnapshots') }
}

const specs = (): Handle => {
  const { StateSpec } = library as { readonly StateSpec?: Handle }
  if (StateSpec === undefined) throw new MissingOperation('StateSpec')
  return StateSpec
}
