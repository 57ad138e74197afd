import { MillraceError } from '../../base/errors.ts'
import { elementText } from '../../formats/element-text.ts'
import type { Row, SinkDeclaration } from '../../rdd/sink-declaration.ts'
import { textOf } from '../messages/messages.ts'
import { checkSinkName, type TableSettings } from '../rows/row-settings.ts'

/** The settings of an output. A file of SQLite reads those of a table. */
export interface RedisSettings extends TableSettings {
  /** Whether values are keys of Redis, or members of one sorted set with their scores. */
  readonly type: 'string' | 'sorted set'
  /** The beginning of all keys, or the key of the sorted set. */
  readonly place: string
}

/**
 * How a stream of pairs is written to keys.
 *
 * @example const options: RedisOptions = { prefix: 'totals:' }
 */
export interface RedisOptions {
  /** The beginning of every key. A cluster needs a hash tag in it: `{totals}:`. */
  readonly prefix: string
}

/** The beginning of the keys of fences. */
export const FENCE_PREFIX = 'millrace:'

/** Whether keys with this beginning may be those of fences. */
const hasFences = (place: string): boolean =>
  place.startsWith(FENCE_PREFIX) || FENCE_PREFIX.startsWith(place)

const settingsOf = (type: RedisSettings['type'], place: string): RedisSettings => {
  if (typeof place === 'string' && place !== '' && !hasFences(place))
    return { type, place, table: place, mode: 'upsert', key: ['key'], value: 'value' }
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'A sink of Redis needs the beginning of its keys, or the key of its sorted set',
    value: place,
    allowed: `a text that is not empty, and not of the fences, which begin with ${FENCE_PREFIX}`,
    fix: "for example redis('scores', { prefix: 'totals:' })",
  })
}

const pairOf = (element: unknown): readonly [key: unknown, value: unknown] => {
  if (Array.isArray(element) && element.length === 2)
    return element as unknown as readonly [unknown, unknown]
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'A sink of Redis takes pairs',
    value: element,
    allowed: '[key, value]',
    fix: 'map the elements to pairs first, for example with mapToPair((word) => [word, 1])',
  })
}

const keyOf = (key: unknown): string => {
  if (key !== undefined && key !== null)
    return typeof key === 'object' ? textOf(key) : elementText(key)
  throw new MillraceError('KEY_UNSUPPORTED', {
    problem: 'A pair without a key cannot be written to Redis',
    fix: 'leave out such pairs with filter, or give them a key',
  })
}

const scoreOf = (score: unknown): number => {
  if (typeof score === 'number' && !Number.isNaN(score)) return score
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem: 'The score of a member of a sorted set must be a number',
    value: score,
    fix: 'give pairs of a member and a number',
  })
}

const declare = <T>(
  name: string,
  settings: RedisSettings,
  valueOf: (value: unknown) => string | number,
): SinkDeclaration<T> =>
  Object.freeze({
    kind: 'redis',
    place: `redis://${checkSinkName('redis', name)}/${encodeURIComponent(settings.place)}`,
    shape: 'rows',
    settings,
    send: (element: T): Row => {
      const [key, value] = pairOf(element)
      return { key: keyOf(key), value: valueOf(value) }
    },
  })

/**
 * Keys of Redis, for `saveTo`, on pairs: `SET` of the newest value of each key. Needs the package
 * `@redis/client`.
 *
 * The effect is exactly-once: a script compares batch time and attempt with those of the output,
 * and sets the values, in one step. An older attempt or batch changes nothing. A batch is not
 * atomic: readers see it in steps of a thousand keys. What Redis itself loses when it crashes is
 * not written again.
 *
 * @param name The name to bind: `--bind scores=redis://localhost:6379`.
 * @throws MillraceError `ARGUMENT_INVALID`. In a batch: `OUTPUT_FAILED`, `OUTPUT_FENCED`,
 * `OUTPUT_EXISTS`, `VALUE_UNSUPPORTED`, `KEY_UNSUPPORTED`.
 * @example counts.saveTo(redis('scores', { prefix: 'totals:' }))
 */
export const redis = <T extends readonly [unknown, unknown]>(
  name: string,
  { prefix }: RedisOptions,
): SinkDeclaration<T> => declare(name, settingsOf('string', prefix), textOf)

/**
 * A sorted set of Redis, for `saveTo`, on pairs of a member and its score: `ZADD`. Everything else
 * is as with `redis`.
 *
 * @throws MillraceError as `redis`.
 * @example counts.saveTo(redisSortedSet('scores', 'leaders'))
 */
export const redisSortedSet = <T extends readonly [unknown, number]>(
  name: string,
  key: string,
): SinkDeclaration<T> => declare(name, settingsOf('sorted set', key), scoreOf)
