/**
 * Values as lines of JSON, in a form that can be read back unchanged. This is the format of
 * `saveAsObjectFiles`; docs/object-files.md describes it.
 *
 * A value that JSON has is written as JSON. Any other value is written as an object with one field
 * whose name begins with `$`. An object of the user may have such a field name itself. To avoid
 * confusion, that object is written as `$object`, a list of names and values.
 */
import { MillraceError } from '../base/errors.ts'
import { isFrozen, oddArray, oddBuiltIn, oddField, oddObject } from '../base/plain-values.ts'
import { asBuffer, LF } from './text-lines.ts'

const DEPTH_MAX = 200
/**
 * The longest bigint, in digits. The time to read or write one grows faster than its length: one of
 * a million digits takes as long as a large file.
 */
const BIGINT_DIGITS_MAX = 10_000
const BIGINT_MAX = 10n ** BigInt(BIGINT_DIGITS_MAX)

const objectLineError = (problem: string, value: unknown, fix: string): MillraceError =>
  new MillraceError('VALUE_UNSUPPORTED', { problem, value, fix })

/** The JSON that represents a value. */
const jsonOf = (value: unknown, depth: number): unknown => {
  if (depth > DEPTH_MAX)
    throw objectLineError(
      `A value is nested more than ${DEPTH_MAX} deep, or contains itself`,
      undefined,
      'store ids instead of references',
    )
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (value === undefined) return { $undefined: true }
  if (typeof value === 'bigint') return { $bigint: digitsOf(value) }
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { $number: Object.is(value, -0) ? '-0' : String(value) }
  if (typeof value === 'object') return jsonOfObject(value, (item) => jsonOf(item, depth + 1))
  throw objectLineError(
    'A function or symbol cannot be stored',
    String(value),
    'map the stream to plain values first',
  )
}

const digitsOf = (value: bigint): string => {
  if (value < BIGINT_MAX && value > -BIGINT_MAX) return value.toString()
  throw objectLineError(
    `A bigint has more than ${BIGINT_DIGITS_MAX} digits`,
    undefined,
    'store it as text or bytes',
  )
}

const jsonOfObject = (value: object, inner: (item: unknown) => unknown): unknown => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return jsonOfFields(value, inner)
  if (prototype === Array.prototype && Array.isArray(value)) {
    refuse(oddArray(value), value)
    return value.map(inner)
  }
  if (prototype === Uint8Array.prototype) return { $bytes: base64Of(value as Uint8Array) }
  if (prototype === Buffer.prototype) return { $buffer: base64Of(value as Uint8Array) }
  if (prototype === Date.prototype) {
    refuse(oddBuiltIn(value), value)
    return { $date: Number.isNaN((value as Date).getTime()) ? null : (value as Date).toISOString() }
  }
  if (prototype === Map.prototype) {
    refuse(oddBuiltIn(value), value)
    return { $map: [...(value as Map<unknown, unknown>)].map((pair) => pair.map(inner)) }
  }
  if (prototype === Set.prototype) {
    refuse(oddBuiltIn(value), value)
    return { $set: [...(value as Set<unknown>)].map(inner) }
  }
  throw objectLineError(
    'An instance of a class cannot be stored',
    Object.prototype.toString.call(value),
    'map the stream to plain objects first',
  )
}

const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

const refuse = (odd: string | undefined, value: unknown): void => {
  if (odd === undefined) return
  throw objectLineError(
    `${odd} cannot be stored: it could not be read back unchanged`,
    value,
    'turn it into a plain value first, for example with { ...value } or Array.from(value)',
  )
}

const jsonOfFields = (value: object, inner: (item: unknown) => unknown): unknown => {
  const names = Object.keys(value)
  refuse(oddObject(value, names), value)
  const isValueFrozen = isFrozen(value)
  const fields = names.map((name) => {
    const field = Object.getOwnPropertyDescriptor(value, name) as PropertyDescriptor
    refuse(oddField(field, isValueFrozen), value)
    return [name, inner(field.value)] as const
  })
  return fields.some(([name]) => name.startsWith('$'))
    ? { $object: fields }
    : Object.fromEntries(fields)
}

type Pairs = readonly (readonly [string, unknown])[]

/** Reads each of the forms with `$`. */
const FORMS: Readonly<Record<string, (content: never, depth: number) => unknown>> = {
  $undefined: () => undefined,
  $bigint: (digits: string) => bigintOf(digits),
  $number: (text: string) => Number(text),
  $bytes: (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64')),
  $buffer: (base64: string) => Buffer.from(base64, 'base64'),
  $date: (text: string | null) => new Date(text ?? Number.NaN),
  $map: (pairs: Pairs, depth) =>
    new Map(pairs.map(([key, item]) => [valueOf(key, depth), valueOf(item, depth)])),
  $set: (items: readonly unknown[], depth) => new Set(items.map((item) => valueOf(item, depth))),
  $object: (fields: Pairs, depth) =>
    Object.fromEntries(fields.map(([name, item]) => [name, valueOf(item, depth)])),
}

const bigintOf = (digits: string): bigint => {
  // With its sign.
  if (digits.length <= BIGINT_DIGITS_MAX + 1) return BigInt(digits)
  throw new RangeError(`a bigint has more than ${BIGINT_DIGITS_MAX} digits`)
}

/** `depth`: how many values contain this one. The bound keeps a line from filling the stack. */
const valueOf = (json: unknown, depth: number): unknown => {
  if (depth > DEPTH_MAX) throw new RangeError(`a value is nested more than ${DEPTH_MAX} deep`)
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map((item) => valueOf(item, depth + 1))
  const fields = Object.entries(json)
  const [name = '', content] = fields[0] ?? []
  if (!name.startsWith('$'))
    return Object.fromEntries(fields.map(([field, item]) => [field, valueOf(item, depth + 1)]))
  const read = fields.length === 1 && Object.hasOwn(FORMS, name) ? FORMS[name] : undefined
  if (read === undefined) throw new SyntaxError(`unknown form of a value: ${name}`)
  return read(content as never, depth + 1)
}

/**
 * A value as one line of an object file, without its end.
 *
 * @throws MillraceError as `objectLines`.
 */
export const objectText = (value: unknown): string => JSON.stringify(jsonOf(value, 0))

/**
 * Encodes elements as the lines of an object file.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED` for functions, symbols, instances of classes, cycles,
 * values nested more than 200 deep, and bigints of more than 10,000 digits.
 */
export const objectLines = (elements: readonly unknown[]): Uint8Array =>
  Buffer.from(elements.map((element) => `${objectText(element)}\n`).join(''), 'utf8')

/**
 * Decodes a file that `saveAsObjectFiles` or `saveAsObjectFile` has written. Gives its elements
 * unchanged. Pass it to `fileStream`.
 *
 * @throws MillraceError `ARGUMENT_INVALID` for a line that is not from an object file.
 * @example ssc.fileStream<[string, number]>('totals', { read: readObjects })
 */
export const readObjects = <T = unknown>(bytes: Uint8Array): readonly T[] => {
  const elements: T[] = []
  for (const line of linesIn(bytes)) {
    try {
      elements.push(valueOf(JSON.parse(line), 0) as T)
    } catch (error) {
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: `Line ${elements.length + 1} is not a line of an object file`,
        value: line.slice(0, 100),
        allowed: 'lines that saveAsObjectFiles writes: one value as JSON in each',
        cause: error,
      })
    }
  }
  return elements
}

/** The lines that are not empty. A file may be larger than the longest string. */
function* linesIn(given: Uint8Array): Generator<string> {
  const bytes = asBuffer(given)
  for (let at = 0; at < bytes.length;) {
    const found = bytes.indexOf(LF, at)
    const end = found === -1 ? bytes.length : found
    if (end > at) yield bytes.toString('utf8', at, end)
    at = end + 1
  }
}
