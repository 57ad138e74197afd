import { MillraceError } from '../../base/errors.ts'
import type { Message, MessageOptions, SinkDeclaration } from '../../rdd/sink-declaration.ts'
import { isXmlText, messageMaker } from '../messages/messages.ts'
import { checkSinkName } from '../rows/row-settings.ts'

/** SQS takes so many bytes in one message, and in one call. */
export const SQS_BYTES_MAX: number = 256 * 1024

const check = ({ body }: Message): void => {
  const sizeBytes = Buffer.byteLength(body)
  const problem =
    (body === '' && 'SQS takes no empty message') ||
    (sizeBytes > SQS_BYTES_MAX && `SQS takes no message of ${sizeBytes} bytes`) ||
    (!isXmlText(body) && 'SQS takes no text with control characters or half characters')
  if (problem === false) return
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem,
    value: body,
    allowed: `1 to ${SQS_BYTES_MAX} bytes of text`,
    fix: 'give the sink a function that makes such texts: { body }',
  })
}

/**
 * A queue of SQS, for `saveTo`. Needs the package `@aws-sdk/client-sqs`.
 *
 * To a standard queue, the effect is at-least-once. To a FIFO queue it is exactly-once for batches
 * that are tried again within five minutes: so long the queue remembers the ids of messages, which
 * are made of application, output, batch time, partition and number. There, messages of one key
 * keep their order.
 *
 * @param name The name to bind: `--bind orders=sqs:https://sqs.eu-west-1.amazonaws.com/1/orders`.
 * @throws MillraceError `ARGUMENT_INVALID`. In a batch: `OUTPUT_FAILED`, `VALUE_UNSUPPORTED`.
 * @example counts.saveTo(sqs('orders', { body: ([word, count]) => `${word} ${count}` }))
 */
export const sqs = <T>(name: string, options: MessageOptions<T> = {}): SinkDeclaration<T> =>
  Object.freeze({
    kind: 'sqs-output',
    place: `sqs://${checkSinkName('sqs', name)}/messages`,
    shape: 'messages',
    settings: {},
    send: messageMaker(options, check),
  })
