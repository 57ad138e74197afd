/** The stack of the test. Nothing is bound, so the construct creates the queue and the table. */
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib'
import { join } from 'node:path'
import { StreamingApp } from '../../../infra/streaming-app.ts'

const stack = new Stack(new App(), 'Orders')
const { intake, queues, tables } = new StreamingApp(stack, 'Orders', {
  entry: join(import.meta.dirname, 'orders.ts'),
  // A lost driver holds its lease for this long.
  driver: { timeout: Duration.seconds(8) },
})

const facts = {
  Intake: intake.function.functionName,
  Queue: queues['orders']?.queueUrl,
  QueueArn: queues['orders']?.queueArn,
  Totals: tables['totals']?.tableName,
}
for (const [name, value] of Object.entries(facts))
  if (value !== undefined) new CfnOutput(stack, `Test${name}`, { value })
