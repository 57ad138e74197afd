/** Functions of `mapWithState`, by their names in vectors. */
import { UnknownWord } from '../outcome.ts'
import { entry } from '../table.ts'

/** The handle of a state that a mapping function gets. */
export interface StateHandle {
  exists(): boolean
  get(): unknown
  update(state: unknown): void
  remove(): void
  isTimingOut(): boolean
}

/** The arguments of a mapping function. */
export interface Mapping {
  readonly timeMs: number
  readonly key: unknown
  /** Undefined when the state is timing out. */
  readonly value: unknown
  readonly state: StateHandle
}

/** Returns the result; undefined: none. */
export type MappingWord = (mapping: Mapping) => unknown

const counted = (state: StateHandle): number => (state.exists() ? (state.get() as number) : 0)

const put = <T>(state: StateHandle, next: T): T => {
  state.update(next)
  return next
}

const plus = (a: unknown, b: unknown): unknown => (a as number) + (b as number)

const PHRASES: Readonly<Record<string, MappingWord>> = {
  '(key,value,state) => s=value+state; update(s); return s': ({ value, state }) =>
    put(state, (value as number) + counted(state)),
  '(time,key,value,state) => update(value+state); return Some(key+key)': ({
    key,
    value,
    state,
  }) => {
    state.update((value as number) + counted(state))
    return plus(key, key)
  },
  'update(state+value); return state': ({ value, state }) =>
    put(state, (value as number) + counted(state)),
  'running count, returned': ({ state }) => put(state, counted(state) + 1),
  'if state exists: remove and return Some(key) else update(value) and return None': ({
    key,
    value,
    state,
  }) => {
    if (state.exists()) {
      state.remove()
      return key
    }
    state.update(value)
    return undefined
  },
  'if value present update(1); return timing out ? Some(key) : None': ({ key, value, state }) => {
    if (value !== undefined) state.update(1)
    return state.isTimingOut() ? key : undefined
  },
  'create on first sight, later only read': ({ key, value, state }) => {
    if (state.isTimingOut()) return `out:${String(key)}`
    if (state.exists()) return `seen:${String(key)}`
    state.update(value)
    return `new:${String(key)}`
  },
  'data: count+1, return (data,key,time); timing out: return (timeout,key,time)': ({
    timeMs,
    key,
    state,
  }) => {
    if (state.isTimingOut()) return ['timeout', key, timeMs]
    state.update(counted(state) + 1)
    return ['data', key, timeMs]
  },
  '0: nothing; 1: state+1 or create 0; 2: remove': ({ value, state }) => {
    if (value === 1) state.update(state.exists() ? counted(state) + 1 : 0)
    if (value === 2) state.remove()
    return undefined
  },
  ['noop: nothing; get-state: output state or -1; update-state: state+1 or 0; ' +
  'remove-state: remove; no value: assert timing out']: ({ value, state }) => {
    if (value === undefined && !state.isTimingOut())
      throw new Error('there is no value, and the state is not timing out')
    if (value === 'get-state') return state.exists() ? state.get() : -1
    if (value === 'update-state') state.update(state.exists() ? counted(state) + 1 : 0)
    if (value === 'remove-state') state.remove()
    return undefined
  },
}

/** The function that an `f` of `mapWithState` names. */
export const mappingFunction = (word: unknown): MappingWord => {
  const phrase = entry(PHRASES, word)
  if (phrase === undefined) throw new UnknownWord('mapping', word)
  return phrase
}
