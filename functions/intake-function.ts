import type { Pipeline } from '../lib/dstream/stream.ts'
import type { KinesisEvent } from '../lib/runtime/sources/kinesis/event.ts'
import { shardParents } from '../lib/runtime/sources/kinesis/lineage.ts'
import { type IntakeAnswer, intakeHandler } from '../lib/runtime/intake/intake-handler.ts'
import { CreationTimes } from './creation-times.ts'
import type { Environment } from './environment.ts'
import { jsonLog } from './log.ts'
import { notificationsFor, type NotificationEvent, objectTargets } from './object-targets.ts'
import type { FunctionPorts } from './ports.ts'
import { deliveriesFor, streamsIn, streamTargets } from './targets.ts'

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
  const intake = intakeHandler({ plan, ...ports, parentsOf: shardParents(ports.streamReader) })
  const streams = streamTargets(plan, environment.sources)
  const objects = objectTargets(plan, environment.sources)
  const log = jsonLog(ports.write)
  const created = new CreationTimes(ports.streamCreatedMs)

  const takeRecords = async (event: KinesisEvent): Promise<IntakeAnswer> => {
    const arns = streamsIn(event)
    const deliveries = deliveriesFor(event, streams, await created.of(arns))
    const beforeDropping = (): Promise<void> => created.check(arns)
    return intake(
      deliveries.map(({ source, delivery }) => ({
        source,
        delivery: { ...delivery, beforeDropping },
      })),
    )
  }

  return async (event) => {
    const answer = isNotification(event)
      ? await intake(notificationsFor(event, objects))
      : await takeRecords(event)
    log({ event: 'intake', ...answer })
  }
}
