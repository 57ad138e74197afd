import type { SpanFacts, SpanStart } from '../lib/dstream/listening/tracer.ts'
import type { Pipeline } from '../lib/dstream/stream.ts'
import { eventRoutes } from '../lib/runtime/intake/event-routes.ts'
import {
  type PlatformEvent,
  readEvent,
  type SourceAppend,
} from '../lib/runtime/intake/event-reader.ts'
import { type IntakeAnswer, intakeHandler } from '../lib/runtime/intake/intake-handler.ts'
import { flushSpans, inSpan } from '../lib/runtime/listening/process-spans.ts'
import type { UsageMeter } from '../lib/ports/meter.ts'
import { sourceCombiners } from '../lib/runtime/tasks/source-combiners.ts'
import type { Context } from './driver-function.ts'
import type { IntakeEnvironment } from './intake-environment.ts'
import { functionLog } from './log.ts'
import type { FunctionPorts } from './ports.ts'

/** What intake is composed of. Made once in a process, on its first event. */
export interface IntakeParts {
  readonly pipeline: Pipeline
  readonly environment: IntakeEnvironment
  readonly ports: FunctionPorts
  /** Counts what this process uses. Default: nothing is counted. */
  readonly meter?: UsageMeter
}

/** What the function answers to queues. Other event sources ignore it, or have their own answer. */
export interface IntakeResponse {
  /** The messages that must come again. All others are done. */
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[]
}

/** Appends all records of an event, or throws and receives the event again. */
export type IntakeFunction = (event: PlatformEvent, context?: Context) => Promise<object>

/** Composes intake. */
export const intakeFunction = (parts: IntakeParts): IntakeFunction => {
  const { pipeline, environment, ports, meter } = parts
  const plan = pipeline.build()
  const routes = eventRoutes(plan, environment.sources, ports.sources)
  const { generation } = environment
  const combinerOf = sourceCombiners({
    plan,
    generation,
    clock: ports.clock,
    open: async (parts) => {
      const { SourceStage } = await import('../lib/runtime/tasks/source-stage.ts')
      return new SourceStage(parts)
    },
  })
  const intake = intakeHandler({ plan, ...ports, meter, combinerOf })
  const { log, invocation } = functionLog(ports, { app: pipeline.name, generation })
  const traced = async (
    event: PlatformEvent,
    appends: readonly SourceAppend[],
    context: Context | undefined,
  ): Promise<IntakeAnswer> => {
    const parts = { plan, clock: ports.clock }
    try {
      return await inSpan(parts, `append ${plan.name}`, startOf(event), async (span) => {
        const answer = await intake(appends, context?.getRemainingTimeInMillis())
        const { records, rejected } = answer
        span?.add({ 'millrace.records': records, 'millrace.rejected': rejected })
        return answer
      })
    } finally {
      await flushSpans(parts)
    }
  }
  const startOf = (event: PlatformEvent) => (): Omit<SpanStart, 'startMs'> => ({
    kind: 'consumer',
    facts: { 'millrace.app': plan.name, 'millrace.generation': generation, ...messagesIn(event) },
  })
  const take = async (event: PlatformEvent, context?: Context): Promise<object> => {
    const { appends, refused = [], respond } = await readEvent(event, routes)
    const append = async (): Promise<void> =>
      log({ event: 'intake', ...(await traced(event, appends, context)) })
    if (respond !== undefined) return respond(append)
    await append()
    for (const { messageId, error } of refused)
      log({ event: 'messageRefused', messageId, code: error.code, message: error.message })
    const batchItemFailures = refused.map(({ messageId }) => ({ itemIdentifier: messageId }))
    return { batchItemFailures } satisfies IntakeResponse
  }
  return (event, context) => invocation(context, () => take(event, context))
}

/** What the conventions of OpenTelemetry want of a function that takes messages. */
const messagesIn = (event: PlatformEvent): SpanFacts => {
  const { Records: records } = event as { readonly Records?: readonly unknown[] }
  return {
    'faas.trigger': 'pubsub',
    'messaging.operation.type': 'process',
    ...(records === undefined ? {} : { 'messaging.batch.message_count': records.length }),
  }
}
