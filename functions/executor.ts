/** An executor as a Lambda function. The driver calls it with one task at a time. */
import pipeline from 'millrace-pipeline'
import { awsAnswers, awsCommonPorts, functionsLog } from './aws-ports.ts'
import { awsSinks } from './aws-sinks.ts'
import { type ExecutorFunction, executorFunction } from './executor-function.ts'
import { readExecutorEnvironment } from './executor-environment.ts'
import { type Invoke, meteredFunction } from './usage.ts'
import { watchFunctions } from './watch.ts'

interface Started {
  readonly executor: ExecutorFunction
  readonly invoke: Invoke
}

let started: Started | undefined

const start = async (): Promise<Started> => {
  const environment = readExecutorEnvironment(process.env)
  const facts = { app: pipeline.name, generation: environment.generation }
  watchFunctions(import.meta.url, facts)
  const { invoke, meter, write } = meteredFunction(process.env, { ...functionsLog, facts })
  const answers = awsAnswers(environment.blocks, pipeline.name)
  const ports = { ...awsCommonPorts(environment), sinks: awsSinks, answers, write }
  return { executor: await executorFunction({ pipeline, environment, ports, meter }), invoke }
}

/** The entry point. If it throws, the driver runs the task itself. */
export const handler: ExecutorFunction = async (request, context) => {
  const { executor, invoke } = (started ??= await start())
  return invoke(request, () => executor(request, context), context)
}
