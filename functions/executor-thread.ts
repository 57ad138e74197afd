/** A thread of the driver, with the same variables: it computes tasks of large batches. */
import pipeline from 'millrace-pipeline'
import { serveThread } from '../lib/adapters/local/thread-server.ts'
import { composeServer } from '../lib/runtime/compose.ts'
import { outputLocator } from '../lib/runtime/sinks/deployed.ts'
import type { ExecutorRequest } from '../lib/runtime/tasks/task-request.ts'
import { awsCommonPorts } from './aws-ports.ts'
import { awsSinks } from './aws-sinks.ts'
import { readExecutorEnvironment } from './executor-environment.ts'
import { functionLog } from './log.ts'

const environment = readExecutorEnvironment(process.env)
const ports = awsCommonPorts(environment)
const { generation } = environment
const server = await composeServer({
  plan: pipeline.build(),
  generation,
  ports: { ...ports, sinks: awsSinks },
  locations: environment.sources,
  locateOutput: outputLocator(environment.outputs, awsSinks),
  listen: functionLog(ports, { app: pipeline.name, generation }).log,
})

serveThread((request, data) => server.answer(request as ExecutorRequest, data))
