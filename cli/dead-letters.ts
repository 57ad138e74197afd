import { recordOf } from '../lib/state/dead-letters.ts'
import {
  byRecord,
  type StoredDeadLetter,
  readDeadLetters,
} from '../lib/state/dead-letter-reader.ts'
import { matches, obstacleTexts, obstacleTo } from '../lib/runtime/dead-letters/filter.ts'
import type { AppCommand } from './arguments.ts'
import type { OpenApp } from './open-app.ts'
import { letterFilter } from './redrive.ts'
import { count, firstLine, momentText } from './reports/answer.ts'
import type { Outputs } from './reports/reporter.ts'

type ListCommand = Extract<AppCommand, { readonly name: 'dead-letters' }>

/** A letter as it is shown. */
interface ShownLetter {
  readonly letter: StoredDeadLetter
  /** Why its record cannot be given back; undefined: it can. */
  readonly obstacle: string | undefined
}

/** `millrace dead-letters`: the newest day first, one at a time, however many there are. */
export const listDeadLetters = async (
  opened: OpenApp,
  { json, letters }: ListCommand,
  { out }: Outputs,
): Promise<void> => {
  const filter = letterFilter(opened, letters)
  const { limit = Infinity } = letters
  let shown = 0
  let redrivable = 0
  for await (const record of byRecord(
    readDeadLetters(opened.store, opened.app, { ...filter, first: 'newest' }),
  )) {
    if (!matches(record, filter)) continue
    const reason = obstacleTo(record, filter)
    const obstacle = reason === undefined ? undefined : obstacleTexts[reason]
    if (shown + record.length > limit && shown > 0) break
    for (const letter of record)
      out.print(
        json ? `${JSON.stringify(objectOf({ letter, obstacle }))}\n` : textOf({ letter, obstacle }),
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
  if (shown === 0) return `${app}: no dead letters since ${momentText(fromMs)}\n`
  const back =
    redrivable === 0
      ? ''
      : `; once the code is mended, millrace redrive ${target} gives ` +
        `${count(redrivable, 'record')} back`
  return `${app}: ${count(shown, 'dead letter')} since ${momentText(fromMs)}${back}\n`
}

const DATA_CHARACTERS_SHOWN = 160

const textOf = ({ letter, obstacle }: ShownLetter): string => {
  const { timeMs, code, source, position, operator, message, reservation } = letter
  const data = JSON.stringify(Object.values(dataOf(letter))[0])
  const rows = [
    `${momentText(timeMs)}  ${code}  ` +
      `${source}#${position}${operator === undefined ? '' : ` in ${operator}`}`,
    `  ${firstLine(message)}`,
    `  ${data.length > DATA_CHARACTERS_SHOWN ? `${data.slice(0, DATA_CHARACTERS_SHOWN)}...` : data}`,
    ...(reservation === undefined ? [] : ['  being given back: millrace redrive goes on with it']),
    ...(obstacle === undefined || reservation !== undefined
      ? []
      : [`  not to be given back: ${obstacle}`]),
  ]
  return `${rows.join('\n')}\n`
}

const objectOf = ({ letter, obstacle }: ShownLetter): object => {
  const { timeMs, code, source, position, operator, message, sizeBytes, reservation } = letter
  return {
    at: new Date(timeMs).toISOString(),
    source,
    position,
    ...(operator === undefined ? {} : { operator }),
    code,
    message,
    ...dataOf(letter),
    sizeBytes,
    redrivable: obstacle === undefined,
    ...(obstacle === undefined ? {} : { obstacle }),
    ...(reservation === undefined ? {} : { redriving: reservation }),
  }
}

/** The record as JSON has it, in full; what is no text and no value, in base64. */
const dataOf = ({ form, data }: StoredDeadLetter): object => {
  if (form === undefined || form === 'bytes')
    return { base64: Buffer.from(data).toString('base64') }
  if (form === 'text') return { text: recordOf(form, data) }
  try {
    return { record: plain(recordOf(form, data)) }
  } catch {
    // Only its beginning was kept.
    return { base64: Buffer.from(data).toString('base64') }
  }
}

/** A stored value without what JSON does not have. */
const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') }
  if (value instanceof Map || value instanceof Set) return [...value].map(plain)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
}
