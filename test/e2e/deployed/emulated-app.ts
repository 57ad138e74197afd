/** What differs in an application on the emulator, and what a test must know of it. */
import { CfnOutput, Stack } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { CfnStream } from 'aws-cdk-lib/aws-kinesis'
import type { StreamingApp } from '../../../infra/streaming-app.ts'

/** Lets a function use an endpoint as AWS: intake or a driver, which send triggers. */
export const fitToEmulator = (
  worker: StreamingApp['intake'],
  { triggers }: StreamingApp,
  endpoint: string,
): void => {
  worker.function.addEnvironment('AWS_ENDPOINT_URL', endpoint)
  // With the emulator's own address of the queue, calls would not pass through the gate.
  worker.function.addEnvironment(
    'MILLRACE_TRIGGERS',
    `${endpoint}/000000000000/${triggers.queue.queueName}`,
  )
  // On AWS the right to send covers batches, and there is no action of this name.
  worker.policy.addStatements(
    new PolicyStatement({
      actions: ['sqs:SendMessageBatch'],
      resources: [triggers.queue.queueArn],
    }),
  )
}

/** Gives a created stream a fixed number of shards. On demand, the emulator makes one. */
export const setShards = ({ streams }: StreamingApp, name: string, count: number): void => {
  const stream = streams[name]?.node.defaultChild as CfnStream
  stream.streamModeDetails = { streamMode: 'PROVISIONED' }
  stream.shardCount = count
}

/** Adds the outputs that a test finds the parts of an application by. */
export const nameParts = (app: StreamingApp, endpoint: string): void => {
  const facts = {
    Intake: app.intake.function.functionName,
    Driver: app.driver.function.functionName,
    Triggers: `${endpoint}/000000000000/${app.triggers.queue.queueName}`,
    Table: app.table.tableName,
    Blocks: app.blocks.bucketName,
    Stream: app.streams['clicks']?.streamName,
    Results: app.buckets['results']?.bucketName,
    Drop: (app.buckets['drop'] ?? app.buckets['lines'])?.bucketName,
    ...Object.fromEntries(
      app.executors.map((executor, index) => [`Executor${index}`, executor.function.functionName]),
    ),
  }
  for (const [name, value] of Object.entries(facts))
    if (value !== undefined) new CfnOutput(Stack.of(app), `Test${name}`, { value })
}
