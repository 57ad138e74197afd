import type { Pipeline } from '../lib/dstream/stream.ts'
import { eventRoutes } from '../lib/runtime/intake/event-routes.ts'
import { type PlatformEvent, readEvent } from '../lib/runtime/intake/event-reader.ts'
import { intakeHandler } from '../lib/runtime/intake/intake-handler.ts'
import type { Environment } from './environment.ts'
import { jsonLog } from './log.ts'
import type { FunctionPorts } from './ports.ts'

/** What intake is composed of. Made once in a process, on its first event. */
export interface IntakeParts {
  readonly pipeline: Pipeline
  readonly environment: Environment
  readonly ports: FunctionPorts
}

/** Appends all records of an event, or throws and receives the event again. */
export type IntakeFunction = (event: PlatformEvent) => Promise<void>

/** Composes intake. */
export const intakeFunction = ({ pipeline, environment, ports }: IntakeParts): IntakeFunction => {
  const plan = pipeline.build()
  const routes = eventRoutes(plan, environment.sources, ports.sources)
  const intake = intakeHandler({ plan, ...ports })
  const log = jsonLog(ports.write)
  return async (event) => {
    log({ event: 'intake', ...(await intake(await readEvent(event, routes))) })
  }
}
