import type { S3Client } from '@aws-sdk/client-s3'

/**
 * By how much the clock of a service is ahead of this machine at least, in milliseconds. 0: no
 * difference can be seen. Undefined: nothing was answered yet.
 */
export type AnswerSkew = () => number | undefined

/** The `date` header names a second. The answer was made within it. */
const SECOND_MS = 1_000

const known = new WeakMap<S3Client, AnswerSkew>()

const dateOf = (response: unknown): number => {
  const { headers } = response as { readonly headers?: Readonly<Record<string, string>> }
  return Date.parse(headers?.['date'] ?? '')
}

/**
 * Measures the clock of S3 by the `date` header of each answer: it was made after its request was
 * sent, and before it came. For the same client it returns the same function again.
 */
export const answerSkewOf = (client: S3Client, now: () => number): AnswerSkew => {
  const there = known.get(client)
  if (there !== undefined) return there
  let aheadMs: number | undefined
  client.middlewareStack.add(
    (next) => async (args) => {
      const sentMs = now()
      const result = await next(args)
      const dateMs = dateOf(result.response)
      const behindMs = sentMs - (dateMs + SECOND_MS)
      if (!Number.isNaN(dateMs)) aheadMs = Math.max(dateMs - now(), 0) - Math.max(behindMs, 0)
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'millraceAnswerSkew' },
  )
  const skew: AnswerSkew = () => aheadMs
  known.set(client, skew)
  return skew
}
