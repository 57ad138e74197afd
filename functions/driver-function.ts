import { printSink } from '../lib/adapters/print-sink.ts'
import type { Usage } from '../lib/base/prices.ts'
import type { Pipeline } from '../lib/dstream/stream.ts'
import { compose } from '../lib/runtime/compose.ts'
import { driverHandler, leaseMsFor } from '../lib/runtime/driver/driver-handler.ts'
import { noted } from '../lib/runtime/driver/noted.ts'
import type { Outcome } from '../lib/runtime/driver/outcome.ts'
import { parseTrigger } from '../lib/runtime/driver/triggers.ts'
import { outputLocator } from '../lib/runtime/sinks/deployed.ts'
import type { DriverEnvironment } from './driver-environment.ts'
import { type Entry, functionLog, type Invocation } from './log.ts'
import type { DriverPorts } from './ports.ts'

/** An event with triggers from a queue. */
export interface QueueEvent {
  readonly Records: readonly { readonly body: string }[]
}

/** What Lambda tells about the invocation. */
export interface Context extends Partial<Invocation> {
  getRemainingTimeInMillis(): number
}

/** Runs due batches. If it throws, the queue delivers the triggers again. */
export type DriverFunction = (event: QueueEvent, context: Context) => Promise<void>

/** What the driver is composed of. Made once in a process, on its first event. */
export interface DriverParts {
  readonly pipeline: Pipeline
  readonly environment: DriverEnvironment
  readonly ports: DriverPorts
  /** What this process has used since the last call. Left out: nothing is counted. */
  readonly takeUsage?: () => Usage
}

/**
 * Composes the driver.
 *
 * @throws MillraceError `BINDING_MISSING`.
 */
export const driverFunction = async ({
  pipeline,
  environment,
  ports,
  takeUsage,
}: DriverParts): Promise<DriverFunction> => {
  const { generation, timeoutMs, sources, outputs } = environment
  const { store, clock } = ports
  const app = pipeline.name
  const note = noted({ store, app, generation, clock })
  const { log, invocation } = functionLog(ports, { app, generation })
  const start = <T>(run: () => Promise<T>): Promise<T> =>
    invocation(undefined, () => note.start(run))
  const plan = await start(async () => pipeline.build())
  // Printed text goes inside an entry, so that a printed line is never read as an entry.
  const print = printSink({ print: (text) => log({ event: 'print', text }) })
  const sinks = { ...ports.sinks, print }
  const composing = {
    plan,
    generation,
    ports: { ...ports, sinks },
    locations: sources,
    locateOutput: outputLocator(outputs, sinks),
    listen: log,
    leaseMs: leaseMsFor(timeoutMs),
    executors: ports.executors,
    takeUsage,
  }
  const { runner } = await start(() => compose(composing))
  const { scheduleTriggers } = ports
  const drive = driverHandler({ runner, timeoutMs, scheduleTriggers })
  return ({ Records }, context) =>
    invocation(context, async () => {
      const triggers = Records.map(({ body }) => parseTrigger(body))
      const remainingMs = (): number => context.getRemainingTimeInMillis()
      log(entryOf(await note.run(() => drive({ triggers, remainingMs }))))
    })
}

/** Each line has the generation of its own driver. */
const entryOf = (outcome: Outcome): Entry =>
  outcome.kind === 'superseded'
    ? { event: 'driver', kind: outcome.kind, supersededBy: outcome.generation }
    : { event: 'driver', ...outcome }
