import { oneLine } from '../lib/base/printable.ts'
import { recordOf } from '../lib/state/dead-letters.ts'
import {
  byRecord,
  type StoredDeadLetter,
  readDeadLetters,
} from '../lib/state/dead-letter-reader.ts'
import { matches, obstacleTexts, obstacleTo } from '../lib/runtime/dead-letters/filter.ts'
import type { AppCommand } from './arguments.ts'
import type { OpenApp } from './open-app.ts'
import { deadLetterFilter } from './redrive.ts'
import { count, firstLine, jsonLine, timeText } from './reports/answer.ts'
import type { Outputs } from './reports/reporter.ts'

type ListCommand = Extract<AppCommand, { readonly name: 'dead-letters' }>

/** A dead letter with what the list says about it. */
interface ShownDeadLetter {
  readonly deadLetter: StoredDeadLetter
  /** Why its record cannot be redriven. Undefined: it can. */
  readonly obstacle: string | undefined
}

/**
 * `millrace dead-letters`: lists the newest day first. Holds one record in memory at a time, so the
 * list may be of any length.
 */
export const listDeadLetters = async (
  opened: OpenApp,
  { json, deadLetters }: ListCommand,
  { out }: Outputs,
): Promise<void> => {
  const filter = deadLetterFilter(opened, deadLetters)
  const { limit = Infinity } = deadLetters
  let shown = 0
  let redrivable = 0
  for await (const record of byRecord(
    readDeadLetters(opened.store, opened.app, { ...filter, first: 'newest' }),
  )) {
    if (!matches(record, filter)) continue
    const reason = obstacleTo(record, filter)
    const obstacle = reason === undefined ? undefined : obstacleTexts[reason]
    if (shown + record.length > limit && shown > 0) break
    for (const deadLetter of record)
      out.print(
        json ? jsonLine(objectOf({ deadLetter, obstacle })) : textOf({ deadLetter, obstacle }),
      )
    shown += record.length
    if (reason === undefined) redrivable += 1
    if (shown >= limit) break
  }
  if (!json) out.print(summaryText(opened, { shown, redrivable, fromMs: filter.fromMs }))
}

const summaryText = (
  { app, target }: OpenApp,
  {
    shown,
    redrivable,
    fromMs,
  }: { readonly shown: number; readonly redrivable: number; readonly fromMs: number },
): string => {
  if (shown === 0) return `${app}: no dead letters since ${timeText(fromMs)}\n`
  const back =
    redrivable === 0
      ? ''
      : `; after you have fixed the code, millrace redrive ${target} can redrive ` +
        count(redrivable, 'record')
  return `${app}: ${count(shown, 'dead letter')} since ${timeText(fromMs)}${back}\n`
}

const DATA_CHARACTERS_SHOWN = 160

const shorten = (data: string): string =>
  data.length > DATA_CHARACTERS_SHOWN ? `${data.slice(0, DATA_CHARACTERS_SHOWN)}...` : data

const textOf = ({ deadLetter, obstacle }: ShownDeadLetter): string => {
  const { timeMs, code, source, position, operator, message, reservation } = deadLetter
  const data = JSON.stringify(Object.values(dataOf(deadLetter))[0])
  const rows = [
    `${timeText(timeMs)}  ${code}  ` +
      oneLine(`${source}#${position}${operator === undefined ? '' : ` in ${operator}`}`),
    `  ${oneLine(firstLine(message))}`,
    `  ${shorten(data)}`,
    ...(reservation === undefined ? [] : ['  redrive not finished: run millrace redrive again']),
    ...(obstacle === undefined || reservation !== undefined
      ? []
      : [`  cannot be redriven: ${obstacle}`]),
  ]
  return `${rows.join('\n')}\n`
}

const objectOf = ({ deadLetter, obstacle }: ShownDeadLetter): object => {
  const { timeMs, code, source, position, operator, message, sizeBytes, reservation } = deadLetter
  return {
    at: new Date(timeMs).toISOString(),
    source,
    position,
    ...(operator === undefined ? {} : { operator }),
    code,
    message,
    ...dataOf(deadLetter),
    sizeBytes,
    redrivable: obstacle === undefined,
    ...(obstacle === undefined ? {} : { obstacle }),
    ...(reservation === undefined ? {} : { redriving: reservation }),
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
