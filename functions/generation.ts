/**
 * Numbers deployments, as a Lambda function that CloudFormation calls. It needs no module of a
 * pipeline.
 */
import { dynamodbItemStore } from '../lib/adapters/aws/dynamodb-item-store.ts'
import { systemClock } from '../lib/adapters/local/system-clock.ts'
import { sendAnswer } from './deployment-answer.ts'
import { type GenerationFunction, generationFunction } from './generation-function.ts'
import { jsonLog } from './log.ts'

const clock = systemClock()

/** The entry point. If it throws, Lambda calls it again. */
export const handler: GenerationFunction = generationFunction({
  open: (table) => ({ store: dynamodbItemStore({ table }), clock }),
  send: sendAnswer(clock),
  log: jsonLog((line) => void process.stdout.write(`${line}\n`)),
})
