/**
 * Intake as a Lambda function. It appends all records of an event, or throws. A partial answer
 * would gain nothing: a repeated record is dropped, and a repeated notification changes nothing.
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

/** The entry point. If it throws, the event source delivers the same event again. */
export const handler: IntakeFunction = async (event) => {
  intake ??= start()
  await intake(event)
}
