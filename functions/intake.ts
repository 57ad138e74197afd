/**
 * Intake as a Lambda function. It appends all records of an event, or throws. Only messages that
 * cannot be read are named in the answer: they come again by themselves, and the others are done.
 */
import pipeline from 'millrace-pipeline'
import { awsPorts, functionsLog } from './aws-ports.ts'
import { readIntakeEnvironment } from './intake-environment.ts'
import { type IntakeFunction, intakeFunction } from './intake-function.ts'
import { type Invoke, meteredFunction } from './usage.ts'
import { watchFunctions } from './watch.ts'

interface Started {
  readonly intake: IntakeFunction
  readonly invoke: Invoke
}

let started: Started | undefined

const start = (): Started => {
  const environment = readIntakeEnvironment(process.env)
  const facts = { app: pipeline.name, generation: environment.generation }
  watchFunctions(import.meta.url, facts)
  const { invoke, meter, write } = meteredFunction(process.env, { ...functionsLog, facts })
  const ports = { ...awsPorts(environment), write }
  return { intake: intakeFunction({ pipeline, environment, ports, meter }), invoke }
}

/** The entry point. If it throws, the event source delivers the same event again. */
export const handler: IntakeFunction = async (event, context) => {
  const { intake, invoke } = (started ??= start())
  return invoke(event, () => intake(event, context), context)
}
