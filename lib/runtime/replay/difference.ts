/** The difference of what an output gave in a batch, before and after a change of the code. */
import { elementText } from '../../formats/element-text.ts'
import { type CaughtFiles, type CaughtOutput, elementsIn } from './capture.ts'

/** A record of an output, as text. */
export interface OutputRecord {
  readonly text: string
  /** The key of a pair. Left out: it is none. */
  readonly key?: string
}

/** A key with another value. */
export interface ChangedRecord {
  readonly key: string
  readonly before: string
  readonly after: string
}

/** The difference of an output in a batch. The order of records does not count. */
export interface Difference {
  readonly same: number
  /** In the order of the records. */
  readonly changed: readonly ChangedRecord[]
  readonly onlyBefore: readonly string[]
  readonly onlyAfter: readonly string[]
}

/** Whether something differs. */
export const isDifferent = ({ changed, onlyBefore, onlyAfter }: Difference): boolean =>
  changed.length + onlyBefore.length + onlyAfter.length > 0

/** The records that an output was given. */
export const recordsGiven = ({ elements }: Pick<CaughtOutput, 'elements'>): OutputRecord[] =>
  elements.map((element) => recordOf(element, NO_KEYS))

/**
 * The records in the files of an output, however they are divided among files. `keys`: keys that
 * lines of text may have.
 */
export const recordsIn = (
  { format, parts }: Pick<CaughtFiles, 'format' | 'parts'>,
  keys: ReadonlySet<string>,
): OutputRecord[] =>
  parts.flatMap((bytes) => {
    const elements = format === undefined ? undefined : elementsIn({ format }, bytes)
    return (elements ?? linesOf(bytes)).map((element) => recordOf(element, keys))
  })

/** The keys of the pairs among elements, as text. */
export const keysAmong = (elements: readonly unknown[]): ReadonlySet<string> =>
  new Set(elements.flatMap((element) => (isPair(element) ? [elementText(element[0])] : [])))

const NO_KEYS: ReadonlySet<string> = new Set()

const isPair = (element: unknown): element is readonly [unknown, unknown] =>
  Array.isArray(element) && element.length === 2

/** The lines of a text, or one record that stands for bytes that are none. */
const linesOf = (bytes: Uint8Array): readonly string[] => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const lines = text.split('\n')
    return lines.at(-1) === '' ? lines.slice(0, -1) : lines
  } catch {
    return [Buffer.from(bytes).toString('base64')]
  }
}

const recordOf = (element: unknown, keys: ReadonlySet<string>): OutputRecord => {
  const text = elementText(element)
  const key = isPair(element) ? elementText(element[0]) : keyIn(element, keys)
  return key === undefined ? { text } : { text, key }
}

/** The key of a pair as `saveAsTextFiles` writes it. A key may have commas. */
const keyIn = (line: unknown, keys: ReadonlySet<string>): string | undefined => {
  if (typeof line !== 'string' || !line.startsWith('(')) return undefined
  for (let comma = line.indexOf(','); comma !== -1; comma = line.indexOf(',', comma + 1)) {
    const key = line.slice(1, comma)
    if (keys.has(key)) return key
  }
  return undefined
}

/** Compares records. A key that both have once, with another value, has changed. */
export const differenceOf = (
  before: readonly OutputRecord[],
  after: readonly OutputRecord[],
): Difference => {
  const waiting = new Map<string, number>()
  for (const { text } of before) waiting.set(text, (waiting.get(text) ?? 0) + 1)
  const added = after.filter(({ text }) => !take(waiting, text))
  const removed = before.filter(({ text }) => take(waiting, text))
  const newByKey = onceByKey(added)
  const oldByKey = onceByKey(removed)
  const isChanged = ({ key }: OutputRecord): boolean =>
    key !== undefined && newByKey.get(key) !== undefined && oldByKey.get(key) !== undefined
  return {
    same: after.length - added.length,
    changed: added.filter(isChanged).map(({ key = '', text }) => ({
      key,
      before: oldByKey.get(key) as string,
      after: text,
    })),
    onlyBefore: removed.filter((one) => !isChanged(one)).map(({ text }) => text),
    onlyAfter: added.filter((one) => !isChanged(one)).map(({ text }) => text),
  }
}

const take = (waiting: Map<string, number>, text: string): boolean => {
  const count = waiting.get(text) ?? 0
  waiting.set(text, count - 1)
  return count > 0
}

/** The text of each key. Undefined: the key is there more than once. */
const onceByKey = (records: readonly OutputRecord[]): ReadonlyMap<string, string | undefined> => {
  const found = new Map<string, string | undefined>()
  for (const { key, text } of records)
    if (key !== undefined) found.set(key, found.has(key) ? undefined : text)
  return found
}
