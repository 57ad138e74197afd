/**
 * How operators with keyed state store a value: alone, or with the batch time at which its key was
 * last used, or with the time of its timer, or with both.
 */
import type { CarryOver } from '../state/operator/state-declaration.ts'

/** What stands beside a state. */
interface Fields {
  readonly touched: boolean
  readonly timer: boolean
}

const layouts: Readonly<Record<string, Fields>> = {
  'no timeout': { touched: false, timer: false },
  'a timeout': { touched: true, timer: false },
  timers: { touched: false, timer: true },
  'a timeout and timers': { touched: true, timer: true },
  // Without a ttl. Other operators store their states in the same way.
  '': { touched: false, timer: false },
  'a ttl': { touched: true, timer: false },
}

/** The layout of `mapWithState` in words. */
export const timeoutLayout = ({ touched, timer }: Fields): string => {
  if (touched) return timer ? 'a timeout and timers' : 'a timeout'
  return timer ? 'timers' : 'no timeout'
}

/** The layout of `updateStateByKey` in words. */
export const ttlLayout = (ttlMs: number | undefined): string => (ttlMs === undefined ? '' : 'a ttl')

/** A state as users know it, and the times that are stored with it. */
export interface ShownState {
  readonly state: unknown
  /** The batch time of the last use, epoch milliseconds. Undefined: it is not stored. */
  readonly touchedMs?: number | undefined
  /** When the timer of the key is due, epoch milliseconds. Undefined: the key has none. */
  readonly timerMs?: number | undefined
}

/** Takes apart and makes what is stored for a key. */
export interface StoredForm {
  show(stored: unknown): ShownState
  /** `timeMs`: the last use, where nobody knows it. */
  store(shown: ShownState, timeMs: number): unknown
}

const stateAlone: StoredForm = {
  show: (state) => ({ state }),
  store: ({ state }) => state,
}

const withTimes = ({ touched, timer }: Fields): StoredForm => ({
  show(stored) {
    const parts = stored as readonly [unknown, number?, number?]
    const touchedMs = touched ? parts[1] : undefined
    const timerMs = timer ? (touched ? parts[2] : parts[1]) : undefined
    return { state: parts[0], touchedMs, timerMs }
  },
  store({ state, touchedMs, timerMs }, timeMs) {
    const times = touched ? [touchedMs ?? timeMs] : []
    return timer && timerMs !== undefined ? [state, ...times, timerMs] : [state, ...times]
  },
})

const forms: ReadonlyMap<string, StoredForm> = new Map(
  Object.entries(layouts).map(([layout, fields]) => [
    layout,
    fields.touched || fields.timer ? withTimes(fields) : stateAlone,
  ]),
)

/** The form of a layout. In any layout that is not listed here, the state is stored alone. */
export const formOf = (layout: string): StoredForm => forms.get(layout) ?? stateAlone

/**
 * States stay when a timeout, a ttl or timers are added or removed. When a timeout is added, nobody
 * knows when keys were last used. So their idle time begins with the first batch, as it does for
 * initial states. When timers are removed, those that were set are dropped.
 */
export const timeoutCarryOver =
  (now: string): CarryOver =>
  (before) =>
    Object.hasOwn(layouts, before)
      ? (stored, timeMs) => formOf(now).store(formOf(before).show(stored), timeMs)
      : undefined
