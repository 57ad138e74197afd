/**
 * Intake as a Lambda function. It appends all records of an event, or throws. Only messages that
 * cannot be read are named in the answer: they come again by themselves, and the others are done.
 */
import pipeline from 'millrace-pipeline'
import { awsPorts } from './aws-ports.ts'
import { readEnvironment } from './environment.ts'
import { type IntakeFunction, intakeFunction } from './intake-function.ts'
import { watchFunctions } from './watch.ts'

let intake: IntakeFunction | undefined

const start = (): IntakeFunction => {
  watchFunctions(import.meta.url)
  const environment = readEnvironment(process.env)
  return intakeFunction({ pipeline, environment, ports: awsPorts(environment) })
}

/** The entry point. If it throws, the event source delivers the same event again. */
export const handler: IntakeFunction = async (event) => {
  intake ??= start()
  return intake(event)
}
