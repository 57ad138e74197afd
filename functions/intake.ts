/** Intake as a Lambda function: Kinesis records in, appended whole or thrown back. An answer in part would gain nothing: a repeated record is dropped. */
import pipeline from 'millrace-pipeline'
import type { KinesisEvent } from '../lib/runtime/kinesis/event.ts'
import { composeIntake, type ComposedIntake } from './compose.ts'
import { log } from './log.ts'
import { deliveriesFor } from './targets.ts'

let composed: ComposedIntake | undefined

/** The entry point. What it throws makes the event source mapping deliver the same records again. */
export const handler = async (event: KinesisEvent): Promise<void> => {
  composed ??= await composeIntake(pipeline)
  log({ event: 'intake', ...(await composed.intake(deliveriesFor(event, composed.targets))) })
}
