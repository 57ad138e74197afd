/**
 * Requests that reach intake through the URL of its function. The answer goes out after the append
 * (B1). A client that gets none, or 503, sends the request again.
 *
 * Any number of invocations run at the same time, and each append changes the item of a lane. So
 * requests are spread over some lanes. There is no order among them that anybody could rely on.
 */
import { greatestOf } from '../../../base/extremes.ts'
import { isMillraceError, MillraceError } from '../../../base/errors.ts'
import type { HttpAnswer, HttpHead } from '../../../ports/http-listener.ts'
import { kindLane } from '../../../state/lanes.ts'
import type { EventContent, EventReader, PlatformEvent } from '../../intake/event-reader.ts'
import type { Location } from '../../locations.ts'
import { accepted, busy, forbidden, unknownPath } from './answers.ts'
import { admit, type PostReading, readingOf, readPost } from './requests.ts'

/** A path of the URL of the application, or an address of this machine. */
export interface HttpLocation extends Location {
  readonly kind: 'http'
  /** Left out: it is a URL of a function. */
  readonly address?: { readonly host: string; readonly port: number; readonly path: string }
  /** The path of the URL, without the slash. */
  readonly name?: string
  /** The ARN of the secret that requests must have. Left out: requests are signed. */
  readonly secret?: string
}

/** Reads the text of a secret by its ARN. */
export type ReadSecret = (arn: string) => Promise<string>

/** What Lambda tells of a request to a URL of a function. */
interface UrlEvent extends PlatformEvent {
  readonly rawPath: string
  readonly rawQueryString?: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body?: string
  readonly isBase64Encoded?: boolean
  readonly requestContext: {
    readonly requestId: string
    readonly timeEpoch: number
    readonly http: { readonly method: string }
    /** Who has signed the request. */
    readonly authorizer?: { readonly iam?: { readonly accessKey?: string } }
  }
}

const isUrlEvent = (event: PlatformEvent): event is UrlEvent => {
  const { requestContext, rawPath, headers } = event as Partial<UrlEvent>
  return (
    typeof requestContext?.http?.method === 'string' &&
    typeof rawPath === 'string' &&
    typeof headers === 'object'
  )
}

/** How many lanes the requests of a source are spread over. */
const LANES = 8
/** The name of the lanes, or what it begins with. */
export const POST_LANE: string = kindLane('posts')

/** Whether a lane holds requests. */
export const isPostLane = (lane: string): boolean => lane.startsWith(POST_LANE)

/** The id of a request is random, so its last digit is too. */
const laneOf = ({ requestContext: { requestId } }: UrlEvent): string =>
  `${POST_LANE}-${(requestId.codePointAt(requestId.length - 1) ?? 0) % LANES}`

const SECRET_KEPT_MS = 60_000

/** Secrets change, so they are read again each minute. The time is that of the requests. */
class Secrets {
  readonly #read: ReadSecret
  readonly #known = new Map<string, { readonly secret: string; readonly untilMs: number }>()

  constructor(read: ReadSecret) {
    this.#read = read
  }

  async get(arn: string, nowMs: number): Promise<string> {
    let known = this.#known.get(arn)
    if (known === undefined || nowMs >= known.untilMs) {
      const secret = (await this.#read(arn)).trim()
      known = { secret, untilMs: nowMs + SECRET_KEPT_MS }
      this.#known.set(arn, known)
    }
    if (known.secret !== '') return known.secret
    // Otherwise a request without a secret would be let in.
    throw new MillraceError('BINDING_UNFIT', {
      problem: 'The secret of this source is empty, or it is bytes and no text',
      value: arn,
      fix: 'aws secretsmanager put-secret-value --secret-id NAME --secret-string SECRET',
    })
  }
}

/** In the form that Lambda wants. */
const responseOf = ({ status, headers, text }: HttpAnswer): object => ({
  statusCode: status,
  headers: { 'content-type': 'application/json', ...headers },
  body: text,
})

const only = (answer: HttpAnswer): EventContent => ({
  appends: [],
  respond: async () => responseOf(answer),
})

const UNSIGNED = forbidden('the request is not signed, and the URL asks for no secret')

const headOf = ({ requestContext, headers, rawQueryString = '' }: UrlEvent): HttpHead => ({
  method: requestContext.http.method,
  headers,
  query: rawQueryString,
})

/** Undefined: the request may go on. */
const refusalOf = (
  event: UrlEvent,
  reading: PostReading,
  secret: string | undefined,
): HttpAnswer | undefined => {
  // Lambda has checked it. This is for whoever opens the URL by hand.
  const isSigned = event.requestContext.authorizer?.iam?.accessKey !== undefined
  return secret === undefined && !isSigned ? UNSIGNED : admit(headOf(event), reading, secret)
}

const bodyOf = ({ body = '', isBase64Encoded = false }: UrlEvent): Uint8Array =>
  Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')

const pathOf = ({ rawPath }: UrlEvent): string => rawPath.replace(/^\/|\/$/g, '')

/** Appends, and says how it went. What nobody can try again is an error of the function. */
const respondAfter = async (append: () => Promise<unknown>, records: number): Promise<object> => {
  try {
    await append()
    return responseOf(accepted(records))
  } catch (error) {
    if (!isMillraceError(error) || !error.retryable) throw error
    return responseOf(busy(`${error.code}: try again`))
  }
}

/** Reads requests. */
export const httpEvents = (readSecret: ReadSecret): EventReader<HttpLocation> => {
  const secrets = new Secrets(readSecret)
  return {
    claims: (event) => isUrlEvent(event),
    async read(event, sources): Promise<EventContent> {
      if (!isUrlEvent(event)) return { appends: [] }
      const readers = sources.filter(({ location }) => location.name === pathOf(event))
      const [first] = readers
      if (first === undefined) return only(unknownPath(event.rawPath))
      const arrivedMs = event.requestContext.timeEpoch
      const arn = first.location.secret
      const secret = arn === undefined ? undefined : await secrets.get(arn, arrivedMs)
      const readings = readers.map(({ declared }) => readingOf(declared))
      const refusals = readings.map((reading) => refusalOf(event, reading, secret))
      const refusal = refusals.find((one) => one !== undefined)
      if (refusal !== undefined) return only(refusal)
      const post = { head: headOf(event), body: bodyOf(event), arrivedMs }
      const posts = await Promise.all(readings.map((reading) => readPost(post, reading, secret)))
      const refused = posts.find((one) => 'refused' in one)
      if (refused !== undefined) return only(refused.refused)
      const lane = laneOf(event)
      const appends = readers.flatMap(({ source }, index) => {
        const read = posts[index]
        if (read === undefined || 'refused' in read || read.messages.length === 0) return []
        return [{ source, lane, records: read.messages }]
      })
      const records = greatestOf([0, ...appends.map((one) => one.records.length)])
      return { appends, respond: (append) => respondAfter(append, records) }
    },
  }
}
