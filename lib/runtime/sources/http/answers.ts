/** What requests get. Texts are for the people who write the client. */
import type { HttpAnswer } from '../../../ports/http-listener.ts'

const answer = (
  status: number,
  text: object,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer => ({ status, headers, text: JSON.stringify(text) })

const refuse = (
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer => answer(status, { error }, headers)

/** All records of the request are stored. */
export const accepted = (records: number): HttpAnswer => answer(202, { records })

/** For whoever wants to know whether somebody listens. */
export const alive: HttpAnswer = answer(200, { listening: true })

/** Nothing of the request is stored, or the answer was lost. The same request may come again. */
export const busy = (why: string, retryAfterS = 2): HttpAnswer =>
  refuse(503, why, { 'retry-after': String(retryAfterS) })

/** The body or a header is malformed. */
export const malformed = (why: string): HttpAnswer => refuse(400, why)

/** No secret, or another one. */
export const unauthorised: HttpAnswer = refuse(401, 'Authorization: Bearer SECRET is needed', {
  'www-authenticate': 'Bearer',
})

/** The function `verify` of the source has not accepted the request. */
export const unverified: HttpAnswer = refuse(401, 'the request is not verified')

/** Who sends may not. */
export const forbidden = (why: string): HttpAnswer => refuse(403, why)

/** There is no such path. */
export const unknownPath = (path: string): HttpAnswer => refuse(404, `nothing listens on ${path}`)

/** Only POST brings records. */
export const otherMethod: HttpAnswer = refuse(405, 'send records with POST', {
  allow: 'POST, GET, HEAD',
})

/** The body is longer than allowed, before or after it is decompressed. */
export const tooLarge = (what: string): HttpAnswer => refuse(413, what)

/** The body is encoded in a way that nobody here reads. */
export const unsupported = (what: string): HttpAnswer => refuse(415, what)
