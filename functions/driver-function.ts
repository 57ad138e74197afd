import { MillraceError } from '../lib/base/errors.ts'
import { driverHandler } from '../lib/runtime/driver/driver-handler.ts'
import { parseTrigger } from '../lib/runtime/driver/triggers.ts'
import { HeadStore } from '../lib/state/head.ts'
import type { FunctionParts } from './intake-function.ts'
import { jsonLog } from './log.ts'
import { outputPort } from './outputs.ts'
import { batchSources } from './sources.ts'

/** Ticks, from a queue. */
export interface QueueEvent {
  readonly Records: readonly { readonly body: string }[]
}

/** What Lambda says of the invocation. */
export interface Context {
  getRemainingTimeInMillis(): number
}

/** Runs what is due. What it throws makes the queue deliver the ticks again. */
export type DriverFunction = (event: QueueEvent, context: Context) => Promise<void>

/** Puts the driver together. Errors: `BINDING_MISSING`, `ARGUMENT_INVALID`. */
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
  const { store, clock, randomness, scheduleTriggers } = ports
  const runner = {
    plan,
    app: plan.name,
    generation,
    store,
    heads: new HeadStore(store, plan.name),
    clock,
    randomness,
    sources: await batchSources({ plan, bindings: sources, ports, report: log }),
    outputs: outputPort({ buckets: outputs, filesIn: ports.filesIn, log }),
    listen: log,
  }
  const drive = driverHandler({ runner, timeoutMs, scheduleTriggers })
  return async ({ Records }, context) => {
    const triggers = Records.map(({ body }) => parseTrigger(body))
    log({
      event: 'driver',
      ...(await drive({ triggers, remainingMs: () => context.getRemainingTimeInMillis() })),
    })
  }
}

const notForDriver = (generation: number, timeoutMs: number): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', {
    problem: 'The driver needs MILLRACE_GENERATION and MILLRACE_TIMEOUT_S',
    value: { generation, timeoutMs },
    allowed: 'a whole number that only grows, and seconds',
    fix: 'deploy with the construct StreamingApp, which sets them',
  })
