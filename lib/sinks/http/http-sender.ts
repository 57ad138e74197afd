/** Sends messages to a server by HTTP: a chunk is one request. */
import { cutText } from '../../base/error-text.ts'
import { MillraceError } from '../../base/errors.ts'
import type { ChunkEnd, Sender, SentMessage } from '../messages/message-sink.ts'
import type { HttpSettings } from './http.ts'

const ANSWER_MS_MAX = 30_000
const SHOWN_CHARACTERS_MAX = 300
const MESSAGES_MAX = 1_000
const BYTES_MAX = 1024 * 1024

/** Answers after which the same request may succeed. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504])

/** The server of a URL, without what may be secret in the rest. */
const shownServer = (url: string): string => URL.parse(url)?.origin ?? '?'

const retryAfterMs = (value: string | null, nowMs: number): number => {
  if (value === null) return 0
  const seconds = Number(value)
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - nowMs
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}

/**
 * A body that is an array of JSON holds the texts as JSON values, if they are that. They stay as
 * they are: a number with many digits would lose some if it were read.
 */
const jsonOf = (text: string): string => {
  try {
    JSON.parse(text)
    return text
  } catch {
    return JSON.stringify(text)
  }
}

const bodyOf = (chunk: readonly SentMessage[], { each }: HttpSettings): string =>
  each ? (chunk[0]?.body ?? '') : `[${chunk.map(({ body }) => jsonOf(body)).join(',')}]`

/** The clock is only for dates in `Retry-After`. */
export const httpSender = (url: string, now: () => number): Sender => ({
  description: shownServer(url),
  limitsOf: (settings) => ({
    messagesMax: (settings as HttpSettings).each ? 1 : MESSAGES_MAX,
    bytesMax: BYTES_MAX,
    atOnce: 1,
  }),
  bytesOf: ({ body }) => Buffer.byteLength(body) + 1,
  async send(chunk, given) {
    const settings = given as HttpSettings
    let answer: Response
    try {
      answer = await fetch(url, {
        method: settings.method,
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
        headers: {
          'content-type': settings.contentType,
          'idempotency-key': chunk[0]?.id ?? '',
          ...settings.headers,
        },
        body: bodyOf(chunk, settings),
      })
    } catch (error) {
      const { message, cause } = error as Error
      return { again: chunk, reason: cause instanceof Error ? cause.message : message }
    }
    return endOf(answer, chunk, url, now())
  },
})

const endOf = async (
  answer: Response,
  chunk: readonly SentMessage[],
  url: string,
  nowMs: number,
): Promise<ChunkEnd> => {
  const text = await answer.text().catch(() => '')
  if (answer.ok) return { again: [] }
  const said = `${answer.status} ${answer.statusText} ${cutText(text, SHOWN_CHARACTERS_MAX)}`.trim()
  if (PASSING.has(answer.status))
    return {
      again: chunk,
      reason: said,
      ...(answer.status === 429 ? { throttled: chunk.length } : {}),
      afterMs: retryAfterMs(answer.headers.get('retry-after'), nowMs),
    }
  throw new MillraceError('OUTPUT_FAILED', {
    problem: `A server refused a request: ${said}`,
    value: shownServer(url),
    fix: 'see what the server says; it is not asked again with the same request at once',
  })
}
