/** The deployed application as users access it: through its queue and its table. */
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { setTimeout as sleep } from 'node:timers/promises'
import { sqsClient } from '../../../lib/adapters/aws/sqs-queue.ts'
import { lambdaClient } from '../deployed/application.ts'
import { bootstrap, deploy, synthesiseApp } from '../deployed/cdk.ts'
import { numbersOf } from '../deployed/table-numbers.ts'

const STACK = 'Orders'
const WAIT_MS_MAX = 60_000

/** A message that SQS has accepted. */
export interface SentMessage {
  readonly messageId: string
  readonly body: string
}

/** See above. */
export class OrdersApp {
  readonly #outputs: Readonly<Record<string, string>>

  private constructor(outputs: Readonly<Record<string, string>>) {
    this.#outputs = outputs
  }

  /** Deploys it from an empty folder. */
  static async deploy(folder: string): Promise<OrdersApp> {
    const endpoint = process.env['AWS_ENDPOINT_URL'] ?? ''
    await bootstrap(endpoint)
    await synthesiseApp(endpoint, 'test/e2e/kinds/cdk-app.ts', {}, folder)
    const { [STACK]: outputs = {} } = await deploy(endpoint, folder, [STACK])
    return new OrdersApp(outputs)
  }

  async send(body: string): Promise<SentMessage> {
    const QueueUrl = this.#output('TestQueue')
    const { MessageId: messageId = '' } = await sqsClient().send(
      new SendMessageCommand({ QueueUrl, MessageBody: body }),
    )
    return { messageId, body }
  }

  /** Calls intake with messages again, like SQS when it delivers them again. */
  async deliverAgain(messages: readonly SentMessage[]): Promise<void> {
    const source = { eventSource: 'aws:sqs', eventSourceARN: this.#output('TestQueueArn') }
    const event = { Records: messages.map((message) => ({ ...message, ...source })) }
    const { FunctionError, Payload } = await lambdaClient().send(
      new InvokeCommand({
        FunctionName: this.#output('TestIntake'),
        Payload: Buffer.from(JSON.stringify(event)),
      }),
    )
    if (FunctionError !== undefined)
      throw new Error(`intake: ${FunctionError} ${Buffer.from(Payload ?? []).toString()}`)
  }

  /** The content of the table, by key. */
  totals(): Promise<Readonly<Record<string, number>>> {
    return numbersOf(this.#output('TestTotals'))
  }

  /** Waits until the table has a total for a key. */
  async waitFor(key: string): Promise<void> {
    for (const start = Date.now(); Date.now() - start < WAIT_MS_MAX; await sleep(200))
      if (key in (await this.totals())) return
    throw new Error(`no total for ${key} came: ${JSON.stringify(await this.totals())}`)
  }

  #output(name: string): string {
    const value = this.#outputs[name]
    if (value === undefined) throw new Error(`the stack has no output ${name}`)
    return value
  }
}
