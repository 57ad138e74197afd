/**
 * The stored form of a record of the history. An item of at most 1 KB, which is one write unit.
 *
 * What versions before form 1 have read are attributes of their own. All else is `detail`: JSON,
 * compressed if it is long. A reader skips the detail of a form that it does not know.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { type Item, itemBytes, type ItemKey } from '../../ports/item-store.ts'
import type { FailureReason } from '../head.ts'
import type { BatchCounts, BatchRecord, BatchStatus } from './batch-record.ts'
import { cutRecord } from './cut-record.ts'
import { RECORD_WORDS } from './record-words.ts'

const FORM = 1
const ITEM_BYTES_MAX = 1_024
/** So much is tried to be kept of each list, from the most to the least. */
const KEPT = [24, 12, 6, 3, 2, 1, 0]
/** A detail is never longer than this when it is read. */
const DETAIL_BYTES_MAX = 65_536
/** Room for most details. The default is 16 KB for each, which is slow to get and to give back. */
const CHUNK_BYTES = 2_048
/** An earlier version shows it in words. It is also in the detail. */
const HELD_CHARACTERS_MAX = 160

const dictionary = Buffer.from(RECORD_WORDS)

type Core = BatchCounts & Pick<BatchRecord, 'status'>

const NUMBERS = [
  'attempt',
  'records',
  'bytes',
  'objects',
  'deadLetters',
  'expired',
  'lost',
  'processingMs',
] as const

/** Zeros take no room. */
const coreItem = (record: BatchRecord, ttl: number): Item => ({
  timeMs: record.timeMs,
  form: FORM,
  status: record.status,
  ...Object.fromEntries(
    NUMBERS.flatMap((name) => (record[name] === 0 ? [] : [[name, record[name]]])),
  ),
  ...(record.status === 'skipped'
    ? { skipped: true, held: (record.held ?? '').slice(0, HELD_CHARACTERS_MAX).toWellFormed() }
    : {}),
  ttl,
})

const detailOf = (record: BatchRecord): object => {
  const names: ReadonlySet<string> = new Set([...NUMBERS, 'timeMs', 'status'])
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.has(name)))
}

/** The item of a record: what fits of it. */
export const recordItem = (key: ItemKey, record: BatchRecord, ttl: number): Item => {
  const core = coreItem(record, ttl)
  const room = ITEM_BYTES_MAX - itemBytes(key, { ...core, detail: '' })
  for (const kept of KEPT) {
    const text = JSON.stringify(detailOf(cutRecord(record, kept)))
    if (Buffer.byteLength(text) <= room) return { ...core, detail: text }
    const packed = deflateRawSync(text, { dictionary })
    if (packed.byteLength <= room) return { ...core, detail: new Uint8Array(packed) }
  }
  return core
}

/** The record in an item, also of an earlier version. What is not known is left out. */
export const recordOf = (item: Item): BatchRecord => {
  const number = (name: string): number => (typeof item[name] === 'number' ? item[name] : 0)
  const core: Core = {
    timeMs: number('timeMs'),
    status: statusOf(item),
    ...(Object.fromEntries(NUMBERS.map((name) => [name, number(name)])) as Omit<
      Core,
      'timeMs' | 'status'
    >),
  }
  if (item['form'] !== FORM) return { ...core, ...earlierDetail(item) }
  return { ...core, ...readDetail(item['detail']) }
}

const statusOf = ({ status, skipped }: Item): BatchStatus => {
  if (status === 'failed' || status === 'skipped' || status === 'completed') return status
  return skipped === true ? 'skipped' : 'completed'
}

const earlierDetail = ({ skipped, held, reason }: Item): Pick<BatchRecord, 'held' | 'reason'> => {
  if (skipped !== true) return {}
  const why: FailureReason | undefined =
    typeof reason === 'string' && reason !== ''
      ? { code: 'BATCH_FAILED', message: reason }
      : undefined
  return { held: String(held), ...(why === undefined ? {} : { reason: why }) }
}

const readDetail = (detail: Item[string]): Partial<BatchRecord> => {
  if (typeof detail === 'string') return JSON.parse(detail) as Partial<BatchRecord>
  if (!(detail instanceof Uint8Array)) return {}
  const options = { dictionary, maxOutputLength: DETAIL_BYTES_MAX, chunkSize: CHUNK_BYTES }
  const text = inflateRawSync(detail, options)
  return JSON.parse(text.toString('utf8')) as Partial<BatchRecord>
}
