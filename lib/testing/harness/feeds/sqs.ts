import { MESSAGE_LANE, messagesIn, type SqsLocation } from '../../../runtime/sources/sqs/event.ts'
import { type Feed, registerFeed, type Waiting } from './feed.ts'

const arnOf = (name: string): string => `arn:aws:sqs:test:000000000000:${name}`

/** Messages arrive in an event, and go through intake as they do in production. */
class QueueFeed implements Feed {
  readonly takesFiles = false
  readonly #queueArn: string
  #sent = 0

  constructor(name: string) {
    this.#queueArn = arnOf(name)
  }

  takes(element: unknown): boolean {
    return typeof element === 'string'
  }

  async deliver(waiting: readonly Waiting[], nodes: Parameters<Feed['deliver']>[1]): Promise<void> {
    const records = waiting
      .flatMap(({ elements }) => elements)
      .map((body) => ({
        eventSource: 'aws:sqs',
        eventSourceARN: this.#queueArn,
        messageId: String(++this.#sent),
        body,
      }))
    const messages = messagesIn(records, this.#queueArn)
    for (const { intake } of nodes) await intake.appendAtTail(MESSAGE_LANE, messages)
  }
}

registerFeed({
  kind: 'sqs',
  location: (name): SqsLocation => ({ kind: 'sqs', queueArn: arnOf(name) }),
  open: (name) => new QueueFeed(name),
})
