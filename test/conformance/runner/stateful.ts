/** The two operations with state, in all their forms. */
import * as library from 'millrace'
import { milliseconds, type Time } from 'millrace'
import { call, type Handle } from './call.ts'
import { MissingOperation } from './outcome.ts'
import type { Params } from './vector.ts'
import { type MappingWord, mappingFunction, type StateHandle } from './words/mappings.ts'
import { updateFunction } from './words/updates.ts'

/** Options of `updateStateByKey`, for functions that read the time. */
const optionsOf = ({ numPartitions, initialState, update }: Params): object => ({
  ...(numPartitions === undefined ? {} : { partitions: Number(numPartitions) }),
  ...(initialState === undefined ? {} : { initialState }),
  ...(/time/i.test(String(update)) ? { timed: true } : {}),
})

/** The states of all keys. */
export const updateStateByKey = (stream: Handle, params: Params): Handle => {
  const update = updateFunction(params['update'])
  const f = (values: readonly unknown[], state: unknown, key: unknown, time?: Time): unknown =>
    update({ timeMs: time?.milliseconds ?? 0, key, values, state })
  return call(stream, 'updateStateByKey', f, optionsOf(params))
}

/** The streams after `mapWithState`. */
export interface Mapped {
  readonly stream: Handle
  readonly snapshots: Handle
}

/** The results of the mapping, and all states. */
export const mapWithState = (stream: Handle, params: Params): Mapped =>
  mapWithStateBy(stream, params, mappingFunction(params['f']))

/** The same with a given function. */
export const mapWithStateBy = (stream: Handle, params: Params, f: MappingWord): Mapped => {
  const { initialState, timeoutMs, numPartitions, checkpointMs } = params
  let spec = call(
    specs(),
    'function',
    (key: unknown, value: unknown, state: StateHandle, time: Time) =>
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
