import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'

/**
 * The time of the newest answer by the clock of the service, epoch milliseconds to a second, or
 * undefined before the first one.
 */
export type AnswerTime = () => number | undefined

const known = new WeakMap<DynamoDBClient, AnswerTime>()

const dateOf = (response: unknown): number => {
  const { headers } = response as { readonly headers?: Readonly<Record<string, string>> }
  return Date.parse(headers?.['date'] ?? '')
}

/**
 * Reads the `date` of each answer of a client, refusals included. Asked again about a client, it is
 * the same.
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
    // The innermost, so that it sees the answer before a refusal becomes an error.
    { step: 'deserialize', priority: 'low', name: 'millraceAnswerTime' },
  )
  const answerTime: AnswerTime = () => newestMs
  known.set(client, answerTime)
  return answerTime
}
