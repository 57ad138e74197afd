/**
 * From a request to messages. The same for a port of a laptop and for the URL of a function. All
 * records of a request become messages of one append, under the id that its key gives.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { HTTP_BODY_BYTES_MAX } from '../../../base/http-limits.ts'
import type { SourceDeclaration } from '../../../dstream/sources/declaration.ts'
import type { HttpRecords } from '../../../dstream/sources/http.ts'
import type { HttpAnswer, HttpHead } from '../../../ports/http-listener.ts'
import type { LaneMessage } from '../lanes/message-reader.ts'
import { alive, malformed, otherMethod, tooLarge, unauthorised, unsupported } from './answers.ts'

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

const keyOf = ({ headers }: HttpHead): string | undefined => headers['idempotency-key']?.trim()

const hasSecret = ({ headers }: HttpHead, secret: string): boolean => {
  const [, given = ''] = /^bearer +(\S+) *$/i.exec(headers['authorization'] ?? '') ?? []
  return timingSafeEqual(digest(given), digest(secret))
}

/** Of one length, as the comparison needs it. */
const digest = (text: string): Uint8Array => hash('sha256', text, 'buffer')

/** Looks at a request before its body. Undefined: it may go on. No secret: none is asked for. */
export const admit = (head: HttpHead, secret: string | undefined): HttpAnswer | undefined => {
  if (head.method === 'GET' || head.method === 'HEAD') return alive
  if (head.method !== 'POST') return otherMethod
  if (secret !== undefined && !hasSecret(head, secret)) return unauthorised
  const encoding = encodingOf(head)
  if (!Object.hasOwn(DECODERS, encoding))
    return unsupported(`Content-Encoding ${encoding}: send gzip, deflate, br or none`)
  const charset = charsetOf(head) ?? 'utf-8'
  if (!/^(utf-?8|us-ascii)$/.test(charset)) return unsupported(`charset ${charset}: send UTF-8`)
  const key = keyOf(head)
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key))
    return malformed('Idempotency-Key must have 1 to 255 visible characters of ASCII')
  return undefined
}

/** What a request brings, or why it brings nothing. */
export type Posted =
  | { readonly messages: readonly LaneMessage[]; readonly bytes: number }
  | { readonly refused: HttpAnswer }

/** What is a record of the requests to a source. */
export const recordsOf = ({ settings }: SourceDeclaration): HttpRecords => {
  const records = settings?.['records']
  // A declaration of lines that is bound to an address says nothing.
  return records === 'body' || records === 'json' ? records : 'lines'
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The messages of a request that was admitted. */
export const readPost = async (
  head: HttpHead,
  body: Uint8Array,
  records: HttpRecords,
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
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return { refused: malformed('the body is not valid UTF-8') }
  }
  const parts = split(text, records)
  if (parts === undefined) return { refused: malformed('the body is not valid JSON') }
  if (parts.length > RECORDS_MAX)
    return { refused: tooLarge(`a request has at most ${RECORDS_MAX} records`) }
  const id = keyOf(head)
  return { messages: parts.map((part, index) => messageOf(part, index, id)), bytes: bytes.length }
}

const TOO_LONG = tooLarge(`a body has at most ${HTTP_BODY_BYTES_MAX} bytes, also decompressed`)

const messageOf = (body: string, part: number, id: string | undefined): LaneMessage => ({
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
