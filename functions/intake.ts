/**
 * Intake as a Lambda function: Kinesis records and notifications of objects in, appended whole or thrown back. An answer in part would gain
 * nothing: a repeated record is dropped, and a repeated hint changes nothing.
 */
import pipeline from 'millrace-pipeline'
import type { KinesisEvent } from '../lib/runtime/kinesis/event.ts'
import { composeIntake, type ComposedIntake } from './compose.ts'
import { log } from './log.ts'
import { hintsFor, type NotificationEvent } from './object-targets.ts'
import { deliveriesFor } from './targets.ts'

let composed: ComposedIntake | undefined

const isNotification = (event: KinesisEvent | NotificationEvent): event is NotificationEvent =>
  event.Records?.[0] !== undefined && 'body' in event.Records[0]

/** The entry point. What it throws makes the event source deliver the same again. */
export const handler = async (event: KinesisEvent | NotificationEvent): Promise<void> => {
  composed ??= await composeIntake(pipeline)
  const { intake, streams, objects } = composed
  log({ event: 'intake', ...(await intake(isNotification(event) ? hintsFor(event, objects) : deliveriesFor(event, streams))) })
}
