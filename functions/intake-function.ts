import type { Pipeline } from '../lib/dstream/stream.ts'
import type { KinesisEvent } from '../lib/runtime/kinesis/event.ts'
import { intakeHandler } from '../lib/runtime/serverless/intake-handler.ts'
import type { Environment } from './environment.ts'
import { jsonLog } from './log.ts'
import { hintsFor, type NotificationEvent, objectTargets } from './object-targets.ts'
import type { FunctionPorts } from './ports.ts'
import { deliveriesFor, streamTargets } from './targets.ts'

/** What a function is put together from: once in a process, on its first event. */
export interface FunctionParts {
  readonly pipeline: Pipeline
  readonly environment: Environment
  readonly ports: FunctionPorts
}

/** Takes in an event whole, or throws and is given it again. */
export type IntakeFunction = (event: KinesisEvent | NotificationEvent) => Promise<void>

const isNotification = (event: KinesisEvent | NotificationEvent): event is NotificationEvent =>
  event.Records?.[0] !== undefined && 'body' in event.Records[0]

/** Puts intake together. */
export const intakeFunction = ({ pipeline, environment, ports }: FunctionParts): IntakeFunction => {
  const plan = pipeline.build()
  const intake = intakeHandler({ plan, ...ports })
  const streams = streamTargets(plan, environment.sources)
  const objects = objectTargets(plan, environment.sources)
  const log = jsonLog(ports.write)
  return async (event) => {
    const answer = await intake(isNotification(event) ? hintsFor(event, objects) : deliveriesFor(event, streams))
    log({ event: 'intake', ...answer })
  }
}
