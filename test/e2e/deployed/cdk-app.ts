/**
 * The stacks that the test deploys: the stack of `npx cdk deploy`, and a second application beside
 * it. They differ from a user's deployment in this: credentials of the command line (the emulator's
 * roles do not allow the bootstrapped ones), a stream of two shards, and timeouts that are short
 * enough for a test.
 */
import {
  App,
  CliCredentialsStackSynthesizer,
  Duration,
  type IStackSynthesizer,
  Stack,
} from 'aws-cdk-lib'
import { join } from 'node:path'
import { exampleStack } from '../../../infra/example.ts'
import { StreamingApp } from '../../../infra/streaming-app.ts'
import { fitToEmulator, nameParts, setShards } from './emulated-app.ts'
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
setShards(example, 'clicks', 2)

const words = new StreamingApp(new Stack(app, 'Words', stack), 'Words', {
  entry: WORD_COUNT,
  driver,
})

fitToEmulator(example.intake, example, endpoints.intake)
fitToEmulator(example.driver, example, endpoints.driver)
for (const worker of [words.intake, words.driver]) fitToEmulator(worker, words, endpoints.front)

for (const one of [example, words]) nameParts(one, endpoints.front)
