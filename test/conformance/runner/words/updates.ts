/** Functions of `updateStateByKey`, by their names in vectors. */
import { UnknownWord } from '../outcome.ts'
import { entry } from '../table.ts'
import { readLambda } from './expression.ts'

/** The arguments of an update function. */
export interface Update {
  readonly timeMs: number
  readonly key: unknown
  readonly values: readonly unknown[]
  readonly state: unknown
}

/** Returns the new state; undefined forgets the key. */
export type UpdateWord = (update: Update) => unknown

/** The state of a counter that is forgotten when it is idle. */
interface Idler {
  readonly counter: number
  readonly idle: number
}

const sumOf = (values: readonly unknown[]): number =>
  (values as readonly number[]).reduce((a, b) => a + b, 0)
const added = ({ values, state }: Update): number =>
  sumOf(values) + ((state as number | undefined) ?? 0)

const PHRASES: Readonly<Record<string, UpdateWord>> = {
  sum: added,
  'sum+state': added,
  'append values to list': ({ values, state }) => [
    ...((state as unknown[] | undefined) ?? []),
    ...values,
  ],
  'drop the key when sum of new values is 0, else sum+state': (update) =>
    sumOf(update.values) === 0 ? undefined : added(update),
  ['counter += sum; idle count +1 when sum==0 else reset to 0; ' +
  'drop the key when idle count reaches 2']: ({ values, state }) => {
    const { counter, idle } = (state as Idler | undefined) ?? { counter: 0, idle: 0 }
    const sum = sumOf(values)
    const next: Idler = { counter: counter + sum, idle: sum === 0 ? idle + 1 : 0 }
    return next.idle === 2 ? undefined : next
  },
}

const OF_ITERATORS = /^iterator of (\(.*?\)) => iterator of \(key, (.*)\)$/

/**
 * The meaning of parameters with other names: `(values, state)`, `(key, values, state)` or
 * `(batchTimeMs, key, values, state)`.
 */
const placesOf = (
  parameters: readonly string[],
): readonly (readonly [string, (typeof PLACES)[number]])[] => {
  const places = PLACES.slice(-parameters.length)
  const isKnown = parameters.every(
    (name) => name === 'time' || (PLACES as readonly string[]).includes(name),
  )
  return isKnown
    ? []
    : parameters.map((name, index) => [name, places[index] as (typeof PLACES)[number]])
}

const PLACES = ['batchTimeMs', 'key', 'values', 'state'] as const

/**
 * The function that an `update` names: a phrase, or an expression of `values`, `state`, `key` and
 * `batchTimeMs`.
 */
export const updateFunction = (word: unknown): UpdateWord => {
  if (typeof word !== 'string') throw new UnknownWord('update', word)
  const phrase = entry(PHRASES, word)
  if (phrase !== undefined) return phrase
  const [, parameters, body] = OF_ITERATORS.exec(word) ?? []
  const lambda = readLambda(parameters === undefined ? word : `${parameters} => ${body}`, [
    'batchTimeMs',
    'time',
    'key',
    'values',
    'state',
  ])
  const names = placesOf(lambda.parameters ?? [])
  return ({ timeMs, key, values, state }) => {
    const known = { batchTimeMs: timeMs, time: timeMs, key, values, state }
    return lambda.evaluate({
      ...known,
      ...Object.fromEntries(names.map(([name, place]) => [name, known[place]])),
    })
  }
}
