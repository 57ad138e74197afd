import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'

/**
 * The time of the newest answer by the clock of the service, in epoch milliseconds with a precision
 * of one second; undefined before the first answer.
 */
export type AnswerTime = () => number | undefined

const known = new WeakMap<DynamoDBClient, AnswerTime>()

const dateOf = (response: unknown): number => {
  const { headers } = response as { readonly headers?: Readonly<Record<string, string>> }
  return Date.parse(headers?.['date'] ?? '')
}

/**
 * Reads the `date` header of each answer of a client, also of refusals. For the same client it
 * returns the same function again.
 */
export const answerTimeOf = (client: DynamoDBClient): AnswerTime => {
  const there = known.get(client)
  if (there !== undefined) return there
  let newestMs: number | undefined
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const dateMs = dateOf(result.response)
      if (!Number.isNaN(dateMs)) newestMs = dateMs
      return result
    },
    // This middleware is the innermost one, so that it sees an answer before a refusal becomes an
    // error.
    { step: 'deserialize', priority: 'low', name: 'millraceAnswerTime' },
  )
  const answerTime: AnswerTime = () => newestMs
  known.set(client, answerTime)
  return answerTime
}
