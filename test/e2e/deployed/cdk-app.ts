/**
 * What the test deploys: the stack of `npx cdk deploy`, and a second application beside it. What differs from a user's deployment is said
 * here: credentials of the command line (the emulator's roles do not let the bootstrapped ones through), a stream of two shards, and time-outs
 * short enough to wait for.
 */
import { App, CliCredentialsStackSynthesizer, CfnOutput, Duration, Stack } from 'aws-cdk-lib'
import type { CfnStream } from 'aws-cdk-lib/aws-kinesis'
import { join } from 'node:path'
import { exampleStack } from '../../../infra/example.ts'
import { StreamingApp } from '../../../infra/streaming-app.ts'
import type { Settings } from './settings.ts'

const { entry, intakeEndpoint, driverEndpoint, driverTimeoutS } = JSON.parse(process.env['MILLRACE_E2E'] ?? '{}') as Settings

const app = new App()
const stack = { synthesizer: new CliCredentialsStackSynthesizer() }
const driver = { timeout: Duration.seconds(driverTimeoutS) }

const example = exampleStack(app, { stack, app: { driver, ...(entry === undefined ? {} : { entry }) } })
example.intake.function.addEnvironment('AWS_ENDPOINT_URL', intakeEndpoint)
example.driver.function.addEnvironment('AWS_ENDPOINT_URL', driverEndpoint)
const clicks = example.streams['clicks']?.node.defaultChild as CfnStream
clicks.streamModeDetails = { streamMode: 'PROVISIONED' }
clicks.shardCount = 2

const words = new Stack(app, 'Words', stack)
const second = new StreamingApp(words, 'Words', { entry: join(import.meta.dirname, '..', '..', '..', 'examples', 'word-count.ts'), driver })

for (const one of [example, second]) {
  const facts = {
    Intake: one.intake.function.functionName,
    Driver: one.driver.function.functionName,
    Ticks: one.ticks.queue.queueUrl,
    Stream: one.streams['clicks']?.streamName,
    Results: one.buckets['results']?.bucketName,
    Drop: (one.buckets['drop'] ?? one.buckets['lines'])?.bucketName,
  }
  for (const [name, value] of Object.entries(facts))
    if (value !== undefined) new CfnOutput(Stack.of(one), `Test${name}`, { value })
}
