/**
 * From a request to messages. The same for a port of a laptop and for the URL of a function. All
 * records of a request become messages of one append, under the id that its key gives.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { HTTP_BODY_BYTES_MAX } from '../../../base/http-limits.ts'
import type { SourceDeclaration } from '../../../dstream/sources/declaration.ts'
import {
  type HttpDeclaration,
  HTTP_REQUESTS,
  type HttpRecords,
  type HttpRequest,
  IDEMPOTENCY_KEY_HEADER,
} from '../../../dstream/sources/http.ts'
import type { HttpAnswer, HttpHead } from '../../../ports/http-listener.ts'
import type { LaneMessage } from '../lanes/message-reader.ts'
import {
  alive,
  malformed,
  otherMethod,
  tooLarge,
  unauthorised,
  unsupported,
  unverified,
} from './answers.ts'

/** A request has no more records: one append holds all of them. */
const RECORDS_MAX = 50_000
/** One header, and visible: it becomes part of a key of the store. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/

const limits = { maxOutputLength: HTTP_BODY_BYTES_MAX }
const gunzipped = promisify(gunzip)
const inflated = promisify(inflate)
const unbrotlied = promisify(brotliDecompress)

const DECODERS: Readonly<Record<string, (body: Uint8Array) => Promise<Uint8Array>>> = {
  identity: async (body) => body,
  gzip: (body) => gunzipped(body, limits),
  'x-gzip': (body) => gunzipped(body, limits),
  deflate: (body) => inflated(body, limits),
  br: (body) => unbrotlied(body, limits),
}

const encodingOf = ({ headers }: HttpHead): string =>
  headers['content-encoding']?.trim().toLowerCase() || 'identity'

const charsetOf = ({ headers }: HttpHead): string | undefined =>
  /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase()

const keyOf = ({ headers }: HttpHead, { keyHeader }: PostReading): string | undefined =>
  headers[keyHeader]?.trim()

const hasSecret = ({ headers }: HttpHead, secret: string): boolean => {
  const [, given = ''] = /^bearer +(\S+) *$/i.exec(headers['authorization'] ?? '') ?? []
  return timingSafeEqual(digest(given), digest(secret))
}

/** Of one length, as the comparison needs it. */
const digest = (text: string): Uint8Array => hash('sha256', text, 'buffer')

/** How the requests to a source are read. */
export interface PostReading extends Pick<HttpDeclaration, 'verify'> {
  /** What is a record. */
  readonly records: HttpRecords | 'request'
  /** The headers that a request keeps, in lower case. */
  readonly headers: readonly string[]
  /** The header with the key. */
  readonly keyHeader: string
}

/** What a declaration of requests says. One of another kind says nothing. */
export const declarationIn = (
  declared: SourceDeclaration,
): Pick<HttpDeclaration, 'secret' | 'verify' | 'settings'> =>
  declared.kind === 'http' ? (declared as HttpDeclaration) : {}

/** How the requests to a source are read. Lines of another kind of source are lines here. */
export const readingOf = (declared: SourceDeclaration): PostReading => {
  const { verify, settings = {} } = declarationIn(declared)
  const { records = 'lines', headers = '', keyHeader = IDEMPOTENCY_KEY_HEADER } = settings
  return {
    records: declared.elements === HTTP_REQUESTS ? 'request' : (records as HttpRecords),
    headers: String(headers).split(',').filter(Boolean),
    keyHeader: String(keyHeader),
    verify,
  }
}

/**
 * Looks at a request before its body. Undefined: it may go on. No secret: none is asked for. What
 * the source verifies itself, with the body, needs no other proof.
 */
export const admit = (
  head: HttpHead,
  reading: PostReading,
  secret: string | undefined,
): HttpAnswer | undefined => {
  if (head.method === 'GET' || head.method === 'HEAD') return alive
  if (head.method !== 'POST') return otherMethod
  if (reading.verify === undefined && secret !== undefined && !hasSecret(head, secret))
    return unauthorised
  const encoding = encodingOf(head)
  if (!Object.hasOwn(DECODERS, encoding))
    return unsupported(`Content-Encoding ${encoding}: send gzip, deflate, br or none`)
  const charset = charsetOf(head) ?? 'utf-8'
  if (reading.records !== 'request' && !/^(utf-?8|us-ascii)$/.test(charset))
    return unsupported(`charset ${charset}: send UTF-8`)
  const key = keyOf(head, reading)
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key))
    return malformed(`${reading.keyHeader} must have 1 to 255 visible characters of ASCII`)
  return undefined
}

/** What a request brings, or why it brings nothing. */
export type Posted =
  | { readonly messages: readonly LaneMessage[]; readonly bytes: number }
  | { readonly refused: HttpAnswer }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** A request that has come to its end. */
export interface HttpPost {
  readonly head: HttpHead
  readonly body: Uint8Array
  /** Epoch milliseconds. */
  readonly arrivedMs: number
}

/** The messages of a request that was admitted. */
export const readPost = async (
  { head, body, arrivedMs }: HttpPost,
  reading: PostReading,
  secret: string | undefined,
): Promise<Posted> => {
  if (body.byteLength > HTTP_BODY_BYTES_MAX) return { refused: TOO_LONG }
  const encoding = encodingOf(head)
  let bytes: Uint8Array
  try {
    bytes = await (DECODERS[encoding] as (typeof DECODERS)[string])(body)
  } catch (error) {
    const isTooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return { refused: isTooLong ? TOO_LONG : malformed(`the body is not ${encoding}`) }
  }
  const request = { head, body: bytes, arrivedMs }
  if (!(await isVerified(request, reading, secret))) return { refused: unverified }
  const parts = partsOf(request, reading)
  if ('refused' in parts) return parts
  const id = keyOf(head, reading)
  const messages = parts.elements.map((part, index) => messageOf(part, index, id))
  return { messages, bytes: parts.bytes }
}

/** A comparison of signatures throws when one has another length, so who throws refuses. */
const isVerified = async (
  request: HttpPost,
  { verify }: PostReading,
  secret: string | undefined,
): Promise<boolean> => {
  if (verify === undefined) return true
  try {
    const names = Object.keys(request.head.headers)
    return (await verify(requestWith(request, names), secret)) === true
  } catch {
    return false
  }
}

/** A request with some of its headers. The bytes are its own: a buffer may be part of a larger. */
const requestWith = (
  { head, body, arrivedMs }: HttpPost,
  names: readonly string[],
): HttpRequest => ({
  body: new Uint8Array(body),
  headers: Object.fromEntries(
    names.flatMap((name) => {
      const value = head.headers[name]
      return value === undefined ? [] : [[name, value]]
    }),
  ),
  query: head.query ?? '',
  arrivalTime: new Date(arrivedMs),
})

type Parts =
  | { readonly elements: readonly unknown[]; readonly bytes: number }
  | { readonly refused: HttpAnswer }

const partsOf = (request: HttpPost, { records, headers }: PostReading): Parts => {
  const { body } = request
  if (records === 'request') {
    const element = requestWith(request, headers)
    const kept = [element.query, ...Object.values(element.headers)].join('').length
    return { elements: [element], bytes: body.length + kept }
  }
  let text: string
  try {
    text = utf8.decode(body)
  } catch {
    return { refused: malformed('the body is not valid UTF-8') }
  }
  const elements = split(text, records)
  if (elements === undefined) return { refused: malformed('the body is not valid JSON') }
  if (elements.length > RECORDS_MAX)
    return { refused: tooLarge(`a request has at most ${RECORDS_MAX} records`) }
  return { elements, bytes: body.length }
}

const TOO_LONG = tooLarge(`a body has at most ${HTTP_BODY_BYTES_MAX} bytes, also decompressed`)

const messageOf = (body: unknown, part: number, id: string | undefined): LaneMessage => ({
  ...(id === undefined ? {} : { id }),
  body,
  ...(part === 0 || id === undefined ? {} : { part }),
})

/** Undefined: it is no JSON. */
const split = (text: string, records: HttpRecords): readonly string[] | undefined => {
  if (records === 'body') return [text]
  if (records === 'json') return splitJson(text)
  const lines = text.split(/\r\n|[\n\r]/)
  // What ends with a line has no further one.
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

/** Numbers stay as they were written: a double would change the last digits of a long id. */
const splitJson = (text: string): readonly string[] | undefined => {
  try {
    const parsed = JSON.parse(text, keepNumber) as unknown
    const elements: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed]
    return elements.map((element) => JSON.stringify(element))
  } catch {
    return undefined
  }
}

interface RawJson {
  readonly rawJSON: (text: string) => unknown
}

const keepNumber = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === 'number' && context?.source !== undefined
    ? (JSON as unknown as RawJson).rawJSON(context.source)
    : value
