import type { TopicAttribute } from '../../adapters/aws/sns-entries.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Message, MessageOptions, SinkDeclaration } from '../../rdd/sink-declaration.ts'
import { checkText, isXmlText, messageMaker } from '../messages/messages.ts'
import { checkSinkName } from '../rows/row-settings.ts'

/** SNS takes so many bytes in one message with its attributes, and in one call. */
export const SNS_BYTES_MAX: number = 256 * 1024

/** The attribute with the id: its name, its type and 32 digits. */
const ID_BYTES = 'millraceId'.length + 'String'.length + 32

/** A queue that gets raw messages takes ten attributes, and one of them is the id. */
const ATTRIBUTES_MAX = 9
const SUBJECT_CHARACTERS_MAX = 100

/** A message for a topic. */
export interface TopicMessage extends Message {
  readonly subject?: string
  readonly attributes?: Readonly<Record<string, TopicAttribute>>
}

/**
 * The attributes of a message, by which subscriptions choose. A list holds texts, numbers, booleans
 * and null.
 *
 * @example const attributes: TopicAttributes = { shop: 'berlin', price: 12.5, tags: ['a', 'b'] }
 */
export type TopicAttributes = Readonly<
  Record<string, string | number | readonly (string | number | boolean | null)[]>
>

/**
 * How a stream is sent to a topic.
 *
 * @example const options: TopicOptions<[string, number]> = { subject: ([word]) => word }
 */
export interface TopicOptions<in T> extends MessageOptions<T> {
  /** The subject, for subscriptions by e-mail: 1 to 100 characters. Default: there is none. */
  readonly subject?: (element: T) => string
  /** At most nine. Default: there are none besides `millraceId`, the id of the message. */
  readonly attributes?: (element: T) => TopicAttributes
}

/** The bytes of a message, as SNS counts them. */
export const topicBytes = ({ body, subject = '', attributes = {} }: TopicMessage): number =>
  Buffer.byteLength(body) +
  Buffer.byteLength(subject) +
  ID_BYTES +
  Object.entries(attributes)
    .map(([name, { type, text }]) => name.length + type.length + Buffer.byteLength(text))
    .reduce((sum, bytes) => sum + bytes, 0)

/** No period at the beginning or the end, and not two of them together. */
const ATTRIBUTE_NAME = /^(?!(aws|amazon)\.|millraceId$)(?=.{1,256}$)[\w-]+(\.[\w-]+)*$/i

const attributeOf = (name: string, value: unknown): TopicAttribute => {
  const text = Array.isArray(value) ? JSON.stringify(value) : String(value)
  const isKnown =
    (typeof value === 'string' && value !== '' && isXmlText(value)) ||
    (typeof value === 'number' && Number.isFinite(value)) ||
    (Array.isArray(value) && isXmlText(text))
  if (!isKnown || !ATTRIBUTE_NAME.test(name))
    throw new MillraceError('VALUE_UNSUPPORTED', {
      problem: `This is no attribute of SNS: ${name}`,
      value,
      allowed:
        'a name of letters, digits, and _ - . between them; a text that is not empty, a number, ' +
        'or a list',
      fix: 'leave out what a message does not have',
    })
  const type = Array.isArray(value)
    ? 'String.Array'
    : typeof value === 'number'
      ? 'Number'
      : 'String'
  return { type, text }
}

const attributesOf = (given: TopicAttributes): Readonly<Record<string, TopicAttribute>> =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name, attributeOf(name, value)]))

// oxlint-disable-next-line no-control-regex
const isSubject = (text: string): boolean => /^[^\u0000-\u001f\u007f]{1,100}$/u.test(text)

const check = (message: TopicMessage): void => {
  const { body, subject, attributes = {} } = message
  const sizeBytes = topicBytes(message)
  const problem =
    (body === '' && 'SNS takes no empty message') ||
    (sizeBytes > SNS_BYTES_MAX && `SNS takes no message of ${sizeBytes} bytes`) ||
    (!isXmlText(body) && 'SNS takes no text with control characters or half characters') ||
    (subject !== undefined && !isSubject(subject) && `This is no subject: ${subject}`) ||
    (Object.keys(attributes).length > ATTRIBUTES_MAX && 'These are too many attributes')
  if (problem === false) return
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem,
    value: body,
    allowed:
      `1 to ${SNS_BYTES_MAX} bytes of text with its attributes, of which there are at most ` +
      `${ATTRIBUTES_MAX}; a subject of 1 to ` +
      `${SUBJECT_CHARACTERS_MAX} characters in one line`,
    fix: 'give the sink functions that make such texts: { body, subject, attributes }',
  })
}

/**
 * A topic of SNS, for `saveTo`. Needs the package `@aws-sdk/client-sns`.
 *
 * To a standard topic, the effect is at-least-once. To a FIFO topic it is exactly-once for batches
 * that are tried again within five minutes: so long the topic remembers the ids of messages. There,
 * messages of one key keep their order. Each message has its id in the attribute `millraceId` too.
 *
 * @param name The name to bind: `--bind orders=sns:arn:aws:sns:eu-west-1:123456789012:orders`.
 * @throws MillraceError `ARGUMENT_INVALID`. In a batch: `OUTPUT_FAILED`, `VALUE_UNSUPPORTED`.
 * @example counts.saveTo(sns('orders', { attributes: ([word]) => ({ word }) }))
 */
export const sns = <T>(name: string, options: TopicOptions<T> = {}): SinkDeclaration<T> => {
  const { subject, attributes } = options
  const make = messageMaker(options)
  return Object.freeze({
    kind: 'sns',
    place: `sns://${checkSinkName('sns', name)}/messages`,
    shape: 'messages',
    settings: {},
    send(element: T): TopicMessage {
      const message = {
        ...make(element),
        ...(subject === undefined ? {} : { subject: checkText('subject', subject(element)) }),
        ...(attributes === undefined ? {} : { attributes: attributesOf(attributes(element)) }),
      }
      check(message)
      return message
    },
  })
}
