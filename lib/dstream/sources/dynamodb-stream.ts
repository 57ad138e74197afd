/** The stream of a table of DynamoDB as a source: the declaration. */
import { MillraceError } from '../../base/errors.ts'
import type { AnyValue } from '../../rdd/pair-types.ts'
import { checkChoice, checkFunction, checkSourceName } from '../checks.ts'
import { type SourceDeclaration, TEXT } from './declaration.ts'
import { changeOf, type DynamodbChange } from './dynamodb-change.ts'
import { checkStart } from './start-time.ts'
import type { StreamSource } from './stream-source.ts'

/**
 * What the stream of a table has of a changed item, besides its key. The names are those of AWS.
 *
 * @example const view: DynamodbView = 'NEW_IMAGE'
 */
export type DynamodbView = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES'

/**
 * Settings of `dynamodbStream`.
 *
 * @example
 * ```ts
 * ssc.streamFrom(dynamodbStream('orders', { events: ['INSERT'], view: 'NEW_IMAGE' })).print()
 * ```
 */
export interface DynamodbStreamOptions {
  /**
   * Which changes the stream delivers. On AWS a filter of Lambda leaves out the others, which then
   * cost nothing. A file that the name is bound to is not filtered. Default: all.
   */
  readonly events?: readonly DynamodbChange['event'][]
  /**
   * What the stream must have of an item. A table that is given with less is refused. Default
   * `'NEW_AND_OLD_IMAGES'`.
   */
  readonly view?: DynamodbView
  /**
   * Where to start when the application first reads the stream. `'trimHorizon'`: at the oldest
   * change that it still has, up to 24 hours ago. `{ at }`: changes before that time are left out.
   * Default `'trimHorizon'`.
   */
  readonly startFrom?: 'trimHorizon' | { readonly at: Date }
}

/**
 * The same, with a function that makes elements.
 *
 * @example
 * ```ts
 * ssc.streamFrom(dynamodbStream('orders', { decode: ({ newImage }) => newImage ?? null })).print()
 * ```
 */
export interface DynamodbDecodeOptions<T> extends DynamodbStreamOptions {
  /**
   * Makes an element from a change. It must return the same for the same change. A change for which
   * it throws becomes a dead letter.
   */
  readonly decode: (change: DynamodbChange) => T
}

/** What a table has in its stream, with less before more. */
export const DYNAMODB_VIEWS: readonly DynamodbView[] = [
  'KEYS_ONLY',
  'NEW_IMAGE',
  'OLD_IMAGE',
  'NEW_AND_OLD_IMAGES',
]

const EVENTS = ['INSERT', 'MODIFY', 'REMOVE'] as const

/**
 * The changes of a table of DynamoDB, from its stream: each change counts once, and those of an
 * item come in their order. Changes are kept for 24 hours by DynamoDB, so nobody may stop reading
 * for longer.
 *
 * On AWS the name is bound to a table. On a machine of yours it is bound to a table, or to files
 * whose lines are records of such a stream in JSON: `--bind orders=dynamodb://shop-orders`,
 * `--bind orders=./in`.
 *
 * @param name A name to bind.
 * @throws MillraceError `ARGUMENT_INVALID` when the name is empty or an option is not allowed.
 * @example
 * ```ts
 * ssc.streamFrom(dynamodbStream('orders')).map(({ event }) => event).countByValue().print()
 * ```
 */
export function dynamodbStream<T extends AnyValue>(
  name: string,
  options: DynamodbDecodeOptions<T>,
): StreamSource<T>
export function dynamodbStream(
  name: string,
  options?: DynamodbStreamOptions,
): StreamSource<DynamodbChange>
export function dynamodbStream<T>(
  given: string,
  options: DynamodbStreamOptions & Partial<DynamodbDecodeOptions<T>> = {},
): StreamSource<T> {
  const operator = 'dynamodbStream'
  const name = checkSourceName(operator, given)
  const { decode, events, view = 'NEW_AND_OLD_IMAGES', startFrom = 'trimHorizon' } = options
  if (decode !== undefined) checkFunction(operator, decode)
  checkChoice(operator, 'view', view, DYNAMODB_VIEWS)
  const start = { operation: operator, option: 'startFrom', oldest: 'trimHorizon' }
  const startMs = checkStart(startFrom, { ...start, division: 'shard' })
  const declaration: SourceDeclaration = {
    kind: 'dynamodb-stream',
    name,
    elements: TEXT,
    settings: { view, startMs, events: checkEvents(events).join() },
  }
  const toElement = (text: string): T => {
    const change = changeOf(text)
    return decode === undefined ? (change as T) : decode(change)
  }
  return Object.freeze({ operator, parameters: { name }, declaration, decode: toElement })
}

const checkEvents = (
  events: DynamodbStreamOptions['events'] = EVENTS,
): readonly DynamodbChange['event'][] => {
  const isEvent = (event: unknown): boolean => EVENTS.some((one) => one === event)
  const isList = Array.isArray as (value: unknown) => boolean
  if (isList(events) && events.length > 0 && events.every(isEvent))
    return EVENTS.filter((one) => events.includes(one))
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'dynamodbStream() does not allow these events',
    value: events,
    allowed: "a list of 'INSERT', 'MODIFY' and 'REMOVE'",
    fix: "for example events: ['INSERT', 'MODIFY']",
  })
}
