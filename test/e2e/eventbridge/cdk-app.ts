/** The stack of the test: a created bucket tells of its objects through EventBridge. */
import { App, CfnOutput, Stack } from 'aws-cdk-lib'
import { join } from 'node:path'
import { StreamingApp } from '../../../infra/streaming-app.ts'

const stack = new Stack(new App(), 'Bridged')
const app = new StreamingApp(stack, 'Bridged', {
  entry: join(import.meta.dirname, '..', '..', 'infra', 'fixtures', 'both.ts'),
  notifications: 'eventbridge',
})

const facts = {
  Intake: app.intake.function.functionName,
  Driver: app.driver.function.functionName,
  Table: app.table.tableName,
  Triggers: app.triggers.queue.queueUrl,
  Drop: app.buckets['drop']?.bucketName,
  Results: app.buckets['results']?.bucketName,
}
for (const [name, value] of Object.entries(facts))
  if (value !== undefined) new CfnOutput(stack, `Test${name}`, { value })
