import { MillraceError } from '../../base/errors.ts'
import type { Message, SinkDeclaration } from '../../rdd/sink-declaration.ts'
import { checkText, isPair, textOf } from '../messages/messages.ts'
import { checkSinkName } from '../rows/row-settings.ts'

/** EventBridge takes so many bytes in one event, and in one call. */
export const EVENT_BYTES_MAX: number = 256 * 1024

/** An event for a bus: its body is the detail, without the id. */
export interface BusEvent extends Message {
  readonly source: string
  readonly detailType: string
  readonly timeMs?: number
  readonly resources?: readonly string[]
}

/**
 * How a stream is sent to an event bus.
 *
 * @example
 * ```ts
 * const options: EventOptions<{ id: number }> = { source: 'shop', detailType: 'Order placed' }
 * ```
 */
export interface EventOptions<in T> {
  /** Who sends the event: 1 to 256 characters, not beginning with `aws.`. */
  readonly source: string | ((element: T) => string)
  /** What the event is: 1 to 128 characters. */
  readonly detailType: string | ((element: T) => string)
  /**
   * What the event says. Default: an element that is an object; a pair as `{ key, value }`;
   * anything else as `{ value }`. Its field `metadata`, an object, gets the `id`.
   */
  readonly detail?: (element: T) => Readonly<Record<string, unknown>>
  /** When it happened: a date, or epoch milliseconds. Default: when EventBridge takes it. */
  readonly time?: (element: T) => Date | number
  /** ARNs of what the event is about. Default: none. */
  readonly resources?: (element: T) => readonly string[]
}

const METADATA = '{"metadata":{'

/** The detail with the id in its metadata. `body` begins with its metadata. */
export const detailOf = (body: string, id: string): string => {
  const rest = body.slice(METADATA.length)
  return `${METADATA}"id":"${id}"${rest.startsWith('}') ? '' : ','}${rest}`
}

/** `"id":"...",` */
const ID_BYTES = 40
/** For a time, EventBridge counts so much. */
const TIME_BYTES = 14

/** The bytes of an event, as EventBridge counts them. */
export const eventBytes = ({
  body,
  source,
  detailType,
  timeMs,
  resources = [],
}: BusEvent): number =>
  [body, source, detailType, ...resources]
    .map((text) => Buffer.byteLength(text))
    .reduce((sum, bytes) => sum + bytes, ID_BYTES + (timeMs === undefined ? 0 : TIME_BYTES))

const refuse = (problem: string, value: unknown): never => {
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem,
    value,
    allowed:
      `an object of at most ${EVENT_BYTES_MAX} bytes of JSON, with an object or nothing as ` +
      'metadata, without an id there; a source of 1 to 256 characters that does not begin with ' +
      'aws.; a detail type of 1 to 128; a date',
    fix: 'give the sink functions that make such events: { source, detailType, detail, time }',
  })
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)

const defaultDetail = (element: unknown): Readonly<Record<string, unknown>> => {
  if (isObject(element)) return element
  return isPair(element) ? { key: element[0], value: element[1] } : { value: element }
}

/** The text of a detail, with its metadata first. */
const bodyOf = (detail: unknown): string => {
  if (!isObject(detail)) return refuse('The detail of an event must be a plain object', detail)
  const { metadata = {}, ...others } = detail
  if (!isObject(metadata) || Object.hasOwn(metadata, 'id'))
    return refuse('The id of an event cannot be put into its metadata', metadata)
  const text = textOf(others)
  return `{"metadata":${textOf(metadata)}${text === '{}' ? '}' : `,${text.slice(1)}`}`
}

const timeOf = (time: unknown): number => {
  const ms = time instanceof Date ? time.getTime() : time
  if (typeof ms === 'number' && Number.isFinite(new Date(ms).getTime())) return ms
  return refuse('This is no time of an event', time)
}

const isText = (text: string, charactersMax: number): boolean =>
  text !== '' && text.length <= charactersMax && text.isWellFormed()

const checked = (event: BusEvent): BusEvent => {
  const { body, source, detailType } = event
  if (!isText(source, 256) || source.startsWith('aws.')) refuse('This is no source', source)
  // EventBridge takes an event with a longer one, and throws it away.
  if (!isText(detailType, 128)) refuse('This is no detail type', detailType)
  if (!body.isWellFormed()) refuse('EventBridge takes no text with half characters', body)
  const sizeBytes = eventBytes(event)
  if (sizeBytes > EVENT_BYTES_MAX)
    refuse(`EventBridge takes no event of ${sizeBytes} bytes`, detailType)
  return event
}

/** Two outputs may share a bus if their events differ by their source or type. */
const pathOf = (source: unknown, detailType: unknown): string =>
  typeof source === 'string' && typeof detailType === 'string'
    ? `${encodeURIComponent(source)}/${encodeURIComponent(detailType)}`
    : 'events'

const valueFor = <T>(what: string, given: string | ((element: T) => string), element: T): string =>
  checkText(what, typeof given === 'function' ? given(element) : given)

/**
 * An event bus of EventBridge, for `saveTo`. Needs the package `@aws-sdk/client-eventbridge`.
 *
 * The effect is at-least-once: EventBridge remembers no ids. Each event has an id in
 * `detail.metadata.id` that is the same when the batch is tried again, so a target that remembers
 * ids makes it once. Events have no order.
 *
 * @param name The name to bind: `--bind shop=eventbridge:default`.
 * @throws MillraceError `ARGUMENT_INVALID`. In a batch: `OUTPUT_FAILED`, `VALUE_UNSUPPORTED`.
 * @example counts.saveTo(eventbridge('shop', { source: 'shop', detailType: 'Words counted' }))
 */
export const eventbridge = <T>(name: string, options: EventOptions<T>): SinkDeclaration<T> => {
  const { source, detailType, detail = defaultDetail, time, resources } = options
  for (const [what, given] of Object.entries({ source, detailType }))
    if (typeof given !== 'function' && (typeof given !== 'string' || given === ''))
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: `eventbridge() needs a ${what}`,
        value: given,
        allowed: 'a text that is not empty, or a function from an element to one',
        fix: "for example { source: 'shop', detailType: 'Order placed' }",
      })
  const place = `eventbridge://${checkSinkName('eventbridge', name)}/${pathOf(source, detailType)}`
  return Object.freeze({
    kind: 'eventbridge',
    place,
    shape: 'events',
    settings: {},
    send: (element: T): BusEvent =>
      checked({
        body: bodyOf(detail(element)),
        source: valueFor('source', source, element),
        detailType: valueFor('detail type', detailType, element),
        ...(time === undefined ? {} : { timeMs: timeOf(time(element)) }),
        ...(resources === undefined ? {} : { resources: resources(element) }),
        // For queues that stand in.
        ...(isPair(element) ? { key: textOf(element[0]) } : {}),
      }),
  })
}
