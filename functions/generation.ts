/**
 * Numbers deployments, as a Lambda function that CloudFormation calls. It needs no module of a
 * pipeline.
 */
import { dynamodbItemStore } from '../lib/adapters/aws/dynamodb-item-store.ts'
import { functionsLog } from './aws-ports.ts'
import { sendAnswer } from './deployment-answer.ts'
import { type GenerationFunction, generationFunction } from './generation-function.ts'
import { functionLog } from './log.ts'

const { clock } = functionsLog

/** The entry point. If it throws, Lambda calls it again. */
export const handler: GenerationFunction = generationFunction({
  open: (table) => ({ store: dynamodbItemStore({ table }), clock }),
  send: sendAnswer(clock),
  log: functionLog(functionsLog).log,
})
