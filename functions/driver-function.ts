import { printSink } from '../lib/adapters/print-sink.ts'
import { MillraceError } from '../lib/base/errors.ts'
import { compose } from '../lib/runtime/compose.ts'
import { outputLocator } from '../lib/runtime/deployed-locations.ts'
import { driverHandler, leaseMsFor } from '../lib/runtime/driver/driver-handler.ts'
import { parseTrigger } from '../lib/runtime/driver/triggers.ts'
import type { FunctionParts } from './intake-function.ts'
import { jsonLog } from './log.ts'

/** An event with triggers from a queue. */
export interface QueueEvent {
  readonly Records: readonly { readonly body: string }[]
}

/** What Lambda tells about the invocation. */
export interface Context {
  getRemainingTimeInMillis(): number
}

/** Runs due batches. If it throws, the queue delivers the triggers again. */
export type DriverFunction = (event: QueueEvent, context: Context) => Promise<void>

/**
 * Composes the driver.
 *
 * @throws MillraceError `BINDING_MISSING`, `ARGUMENT_INVALID`.
 */
export const driverFunction = async ({
  pipeline,
  environment,
  ports,
}: FunctionParts): Promise<DriverFunction> => {
  const plan = pipeline.build()
  const { generation, timeoutMs, sources, outputs } = environment
  if (!Number.isSafeInteger(generation) || !(timeoutMs > 0))
    throw notForDriver(generation, timeoutMs)
  const log = jsonLog(ports.write)
  // Printed text goes inside an entry, so that a printed line is never read as an entry.
  const print = printSink({ print: (text) => log({ event: 'print', text }) })
  const sinks = { ...ports.sinks, print }
  const { runner } = await compose({
    plan,
    generation,
    ports: { ...ports, sinks },
    locations: sources,
    locateOutput: outputLocator(outputs, sinks),
    listen: log,
    leaseMs: leaseMsFor(timeoutMs),
  })
  const { scheduleTriggers } = ports
  const drive = driverHandler({ runner, timeoutMs, scheduleTriggers })
  return async ({ Records }, context) => {
    const triggers = Records.map(({ body }) => parseTrigger(body))
    const remainingMs = (): number => context.getRemainingTimeInMillis()
    log({ event: 'driver', ...(await drive({ triggers, remainingMs })) })
  }
}

const notForDriver = (generation: number, timeoutMs: number): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', {
    problem: 'The driver needs MILLRACE_GENERATION and MILLRACE_TIMEOUT_S',
    value: { generation, timeoutMs },
    allowed: 'a whole number that only grows, and seconds',
    fix: 'deploy with the construct StreamingApp, which sets them',
  })
