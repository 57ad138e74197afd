/** The driver as a Lambda function: ticks in, from a queue. */
import pipeline from 'millrace-pipeline'
import type { DriverHandler } from '../lib/runtime/serverless/driver-handler.ts'
import { parseTick } from '../lib/runtime/serverless/ticks.ts'
import { composeDriver } from './compose.ts'
import { log } from './log.ts'

interface QueueEvent {
  readonly Records: readonly { readonly body: string }[]
}

interface Context {
  getRemainingTimeInMillis(): number
}

let driver: DriverHandler | undefined

/** The entry point. What it throws makes the queue deliver the ticks again. */
export const handler = async ({ Records }: QueueEvent, context: Context): Promise<void> => {
  const ticks = Records.map(({ body }) => parseTick(body))
  driver ??= await composeDriver(pipeline)
  const outcome = await driver({ ticks, remainingMs: () => context.getRemainingTimeInMillis() })
  log({ event: 'driver', ...outcome })
}
