import { checkSourceName } from '../checks.ts'
import type { DStream } from '../dstream.ts'
import { StreamingContext } from '../streaming-context.ts'
import { TEXT } from './declaration.ts'
import { sourceNode } from './source-node.ts'

declare module '../streaming-context.ts' {
  interface StreamingContext {
    /**
     * The messages of an SQS queue as text: the body of each message is one string. A message that
     * SQS delivers more than once is taken once. Locally the name is bound to another source of
     * text: `--bind orders=./in`, or a socket.
     *
     * A message may wait for two weeks until a batch takes it. If an application stands still for
     * longer, a message that SQS has delivered twice may be taken twice.
     *
     * @param name A name to bind: to a queue on AWS, to a directory or a socket locally.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is empty; `PLAN_FROZEN`.
     * @example ssc.sqsTextStream('orders').print()
     */
    sqsTextStream(name: string): DStream<string>
  }
}

StreamingContext.prototype.sqsTextStream = function (given) {
  const name = checkSourceName('sqsTextStream', given)
  return this.from<string>(
    sourceNode('sqsTextStream', { name }, { kind: 'sqs', name, elements: TEXT }),
  )
}
