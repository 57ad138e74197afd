/** The stack of the test: an application with a stream of eight shards, and four executors. */
import {
  App,
  CliCredentialsStackSynthesizer,
  Duration,
  type IStackSynthesizer,
  Stack,
} from 'aws-cdk-lib'
import { join } from 'node:path'
import { StreamingApp } from '../../../infra/streaming-app.ts'
import { fitToEmulator, nameParts, setShards } from '../deployed/emulated-app.ts'
import { type Settings, STACK } from './settings.ts'

const SHARDS = 8
const { endpoints, executors, driverTimeoutS } = JSON.parse(
  process.env['MILLRACE_E2E'] ?? '{}',
) as Settings

// With exact optional properties, the CDK's own class does not fit its interface.
const synthesizer = new CliCredentialsStackSynthesizer() as IStackSynthesizer
const tally = new StreamingApp(new Stack(new App(), STACK, { synthesizer }), 'Tally', {
  entry: join(import.meta.dirname, 'tally.ts'),
  executors,
  // A lost driver holds its lease for this long.
  driver: { timeout: Duration.seconds(driverTimeoutS) },
})
setShards(tally, 'clicks', SHARDS)
fitToEmulator(tally.intake, tally, endpoints.intake)
fitToEmulator(tally.driver, tally, endpoints.driver)
for (const executor of tally.executors)
  executor.function.addEnvironment('AWS_ENDPOINT_URL', endpoints.executors)
nameParts(tally, endpoints.front)
