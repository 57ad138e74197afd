/** Elements as messages. */
import { MillraceError } from '../../base/errors.ts'
import { objectText } from '../../formats/object-lines.ts'
import type { Message, MessageOptions } from '../../rdd/sink-declaration.ts'
import type { WriteTarget } from '../../rdd/write-target.ts'

/** The text of a value: itself, or JSON as in object files. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : objectText(value)

/**
 * What a function of the user gave as a part of a message.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED`.
 */
export const checkText = (what: string, text: unknown): string => {
  if (typeof text === 'string') return text
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem: `The ${what} of a message must be a text`,
    value: text,
    fix: 'return a text, for example with JSON.stringify(...)',
  })
}

/** Whether a text has only characters that XML 1.0 has, as queues and topics ask. */
export const isXmlText = (text: string): boolean =>
  // oxlint-disable-next-line no-control-regex
  text.isWellFormed() && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text)

/** Whether an element is a pair, as operators by key take them. */
export const isPair = (element: unknown): element is readonly [unknown, unknown] =>
  Array.isArray(element) && element.length === 2

/**
 * Makes the function from elements to messages. `check` throws for a message that cannot be sent.
 */
export const messageMaker =
  <T>(
    { body, key }: MessageOptions<T>,
    check: (message: Message) => void = () => undefined,
  ): ((element: T) => Message) =>
  (element) => {
    const text = body === undefined ? textOf(element) : checkText('text', body(element))
    const own = isPair(element) ? textOf(element[0]) : undefined
    const named = key === undefined ? own : checkText('key', key(element))
    const message = { body: text, ...(named === undefined ? {} : { key: named }) }
    check(message)
    return message
  }

/** The kinds of messages that a service takes which takes texts: an event is sent as its detail. */
export const MESSAGE_SHAPES = ['messages', 'events'] as const

/**
 * The messages of a partition.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the output sends none.
 */
export const encodeMessages = <M extends Message = Message>(
  elements: readonly unknown[],
  { place, sink }: WriteTarget,
): readonly M[] => {
  if (sink !== undefined && sink.shape !== 'rows')
    return elements.map((element) => sink.send(element as never) as M)
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'A service takes messages, and this output sends none',
    value: place,
    fix: "write it with saveTo(), for example saveTo(sqs('orders'))",
  })
}
