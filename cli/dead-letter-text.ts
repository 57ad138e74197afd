/** Dead letters as text for people, and as objects for programs. */
import { oneLine } from '../lib/base/printable.ts'
import { recordOf } from '../lib/state/dead-letters.ts'
import type { DeadLetterCursor, StoredDeadLetter } from '../lib/state/dead-letter-reader.ts'
import { withShownPaths } from '../lib/tools/shown-paths.ts'
import { firstLine, timeText } from './reports/answer.ts'

/** A dead letter with what the list says about it. */
export interface ShownDeadLetter {
  readonly deadLetter: StoredDeadLetter
  /** Why its record cannot be redriven. Undefined: it can. */
  readonly obstacle: string | undefined
}

/** The place of a dead letter in the list, as one word. The next page begins after it. */
export const pageAfter = ({ timeMs, key, index }: StoredDeadLetter): string =>
  Buffer.from(JSON.stringify([timeMs, key.sort, index])).toString('base64url')

/** Reads what {@link pageAfter} made. Undefined: it is something else. */
export const parsePage = (page: string): DeadLetterCursor | undefined => {
  try {
    const [dayMs, sort, index] = JSON.parse(Buffer.from(page, 'base64url').toString()) as unknown[]
    return typeof dayMs === 'number' && typeof sort === 'string' && typeof index === 'number'
      ? { dayMs, sort, index }
      : undefined
  } catch {
    return undefined
  }
}

const DATA_CHARACTERS_SHOWN = 160

const shorten = (data: string): string =>
  data.length > DATA_CHARACTERS_SHOWN ? `${data.slice(0, DATA_CHARACTERS_SHOWN)}...` : data

const inText = ({ operator, declaredAt }: StoredDeadLetter): string => {
  if (operator === undefined) return ''
  const place = declaredAt === undefined ? '' : withShownPaths(`, declared at ${declaredAt}`)
  return ` in ${operator}${place}`
}

const linesOf = (stack: string | undefined): readonly string[] => stack?.split('\n') ?? []

/** Some lines for people. */
export const textOf = ({ deadLetter, obstacle }: ShownDeadLetter): string => {
  const { timeMs, code, source, position, message, reservation, stack } = deadLetter
  const data = JSON.stringify(Object.values(dataOf(deadLetter))[0])
  const rows = [
    `${timeText(timeMs)}  ${code}  ` + oneLine(`${source}#${position}${inText(deadLetter)}`),
    `  ${oneLine(firstLine(message))}`,
    ...linesOf(stack).map((line) => `    ${oneLine(withShownPaths(line))}`),
    `  ${shorten(data)}`,
    ...(reservation === undefined ? [] : ['  redrive not finished: run millrace redrive again']),
    ...(obstacle === undefined || reservation !== undefined
      ? []
      : [`  cannot be redriven: ${obstacle}`]),
  ]
  return `${rows.join('\n')}\n`
}

/** Everything about a dead letter, with its data in full. */
export const objectOf = ({ deadLetter, obstacle }: ShownDeadLetter): object => {
  const { timeMs, code, source, position, operator, message, sizeBytes, reservation } = deadLetter
  const { declaredAt, stack } = deadLetter
  return {
    at: new Date(timeMs).toISOString(),
    source,
    position,
    ...(operator === undefined ? {} : { operator }),
    ...(declaredAt === undefined ? {} : { declaredAt }),
    ...(stack === undefined ? {} : { stack: linesOf(stack) }),
    code,
    message,
    ...dataOf(deadLetter),
    sizeBytes,
    page: pageAfter(deadLetter),
    redrivable: obstacle === undefined,
    ...(obstacle === undefined ? {} : { obstacle }),
    ...(reservation === undefined
      ? {}
      : { redriving: { lane: reservation.lane, index: reservation.index } }),
  }
}

/** The full record for JSON. Bytes that are neither a text nor a value are in base64. */
const dataOf = ({ form, data }: StoredDeadLetter): object => {
  if (form === undefined || form === 'bytes')
    return { base64: Buffer.from(data).toString('base64') }
  if (form === 'text') return { text: recordOf(form, data) }
  if (form === 'file') return { file: recordOf(form, data) }
  try {
    return { record: plain(recordOf(form, data)) }
  } catch {
    // Only the beginning of the record was kept.
    return { base64: Buffer.from(data).toString('base64') }
  }
}

/** Converts a stored value to what JSON can hold. */
const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') }
  if (value instanceof Map || value instanceof Set) return [...value].map(plain)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
}
