/**
 * The stacks that the test deploys: the stack of `npx cdk deploy`, and a second application beside
 * it. They differ from a user's deployment in this: credentials of the command line (the emulator's
 * roles do not allow the bootstrapped ones), a stream of two shards, and timeouts that are short
 * enough for a test.
 */
import {
  App,
  CfnOutput,
  CliCredentialsStackSynthesizer,
  Duration,
  type IStackSynthesizer,
  Stack,
} from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { CfnStream } from 'aws-cdk-lib/aws-kinesis'
import { join } from 'node:path'
import { exampleStack } from '../../../infra/example.ts'
import { StreamingApp } from '../../../infra/streaming-app.ts'
import type { Settings } from './settings.ts'

const WORD_COUNT = join(import.meta.dirname, '..', '..', '..', 'examples', 'word-count.ts')

const { entry, endpoints, driverTimeoutS } = JSON.parse(
  process.env['MILLRACE_E2E'] ?? '{}',
) as Settings

const app = new App()
// With exact optional properties, the CDK's own class does not fit its interface.
const stack = { synthesizer: new CliCredentialsStackSynthesizer() as IStackSynthesizer }
const driver = { timeout: Duration.seconds(driverTimeoutS) }

const example = exampleStack(app, { stack, app: { driver, entry } })
const clicks = example.streams['clicks']?.node.defaultChild as CfnStream
clicks.streamModeDetails = { streamMode: 'PROVISIONED' }
clicks.shardCount = 2

const words = new StreamingApp(new Stack(app, 'Words', stack), 'Words', {
  entry: WORD_COUNT,
  driver,
})

const fitToEmulator = (
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
fitToEmulator(example.intake, example, endpoints.intake)
fitToEmulator(example.driver, example, endpoints.driver)
for (const worker of [words.intake, words.driver]) fitToEmulator(worker, words, endpoints.front)

for (const one of [example, words]) {
  const facts = {
    Intake: one.intake.function.functionName,
    Driver: one.driver.function.functionName,
    Triggers: `${endpoints.front}/000000000000/${one.triggers.queue.queueName}`,
    Table: one.table.tableName,
    Stream: one.streams['clicks']?.streamName,
    Results: one.buckets['results']?.bucketName,
    Drop: (one.buckets['drop'] ?? one.buckets['lines'])?.bucketName,
  }
  for (const [name, value] of Object.entries(facts))
    if (value !== undefined) new CfnOutput(Stack.of(one), `Test${name}`, { value })
}
