/** Elements as messages. */
import { MillraceError } from '../../base/errors.ts'
import { objectLines } from '../../formats/object-lines.ts'
import type { Message, MessageOptions } from '../../rdd/sink-declaration.ts'
import type { WriteTarget } from '../../rdd/write-target.ts'

const textOf = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : Buffer.from(objectLines([value]))
        .toString()
        .trimEnd()

const checkText = (what: string, text: unknown): string => {
  if (typeof text === 'string') return text
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem: `The ${what} of a message must be a text`,
    value: text,
    fix: 'return a text, for example with JSON.stringify(...)',
  })
}

const isPair = (element: unknown): element is readonly [unknown, unknown] =>
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

/**
 * The messages of a partition.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the output sends no messages.
 */
export const encodeMessages = (
  elements: readonly unknown[],
  { place, sink }: WriteTarget,
): readonly Message[] => {
  if (sink?.shape === 'messages')
    return elements.map((element) => sink.send(element as never) as Message)
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'A service takes messages, and this output sends none',
    value: place,
    fix: "write it with saveTo(), for example saveTo(sqs('orders'))",
  })
}
