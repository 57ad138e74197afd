/**
 * Intake as a Lambda function: Kinesis records and notifications of objects in, appended whole or
 * thrown back. An answer in part would gain nothing: a repeated record is dropped, and a repeated
 * hint changes nothing.
 */
import pipeline from 'millrace-pipeline'
import { awsPorts } from './aws-ports.ts'
import { readEnvironment } from './environment.ts'
import { type IntakeFunction, intakeFunction } from './intake-function.ts'

let intake: IntakeFunction | undefined

const start = (): IntakeFunction => {
  const environment = readEnvironment(process.env)
  return intakeFunction({ pipeline, environment, ports: awsPorts(environment) })
}

/** The entry point. What it throws makes the event source deliver the same again. */
export const handler: IntakeFunction = async (event) => {
  intake ??= start()
  await intake(event)
}
