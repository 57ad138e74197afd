/**
 * Sorts strings by UTF-16 units, as `sort()` does, and takes along a value for each. The strings
 * are dealt out by one unit, then those with the same unit by the next one. So a string is looked
 * at a few times, and not once for each comparison, and no value is looked up again by its string.
 */

/** Fewer strings are sorted by comparing: dealing them out does not pay. */
const FEW = 48
/** By so many units strings are dealt out at most. What is alike beyond is sorted by comparing. */
const LEVELS = 32
/**
 * A string has a place for its unit: 0 where it ends, else the unit plus 1. Where a place does not
 * fit a byte, the strings are dealt out by its high bits first, which are 256 at most, then by its
 * low byte.
 */
const PLACES = 257
const BYTE = 256

/** Strings with their values, in two arrays. */
interface Pairs<V> {
  readonly texts: string[]
  readonly values: V[]
}

/** What one sort works with, so that it takes memory once. */
interface Room<V> extends Pairs<V> {
  readonly dealt: Pairs<V>
  /** The place of each string. */
  readonly places: Uint16Array
  /** For each level, where the strings of each place begin. */
  readonly starts: Int32Array[]
}

interface Range {
  readonly from: number
  readonly to: number
  /** The strings are the same before this unit. */
  readonly unit: number
  /** The high bits of their places for this unit are the same, too. */
  readonly isLow: boolean
  readonly level: number
}

/** Sorts the strings in place, and the values as their strings. No string is there twice. */
export const sortByText = <V>(texts: string[], values: V[]): void => {
  const to = texts.length
  if (to < FEW) return sortFew({ texts, values }, 0, to)
  const dealt = { texts: texts.slice(), values: values.slice() }
  const unit = sameUntil(texts, 0, to, 0)
  sortRange(
    { texts, values, dealt, places: new Uint16Array(to), starts: [] },
    { from: 0, to, unit, isLow: false, level: 0 },
  )
}

const sortRange = <V>(room: Room<V>, range: Range): void => {
  const { from, to, unit, level } = range
  if (level === LEVELS) return sortByComparing(room, from, to)
  const isHigh = !findPlaces(room, range)
  const starts = deal(room, range)
  for (let place = 0; place < PLACES; place++) {
    const [first, end] = [starts[place] as number, starts[place + 1] as number]
    if (end - first < 2) continue
    if (end - first < FEW) sortFew(room, first, end)
    else {
      // Where all are alike, they may go on with the same text.
      const isWhole = end - first === to - from
      const after = isWhole && !isHigh ? sameUntil(room.texts, first, end, unit + 1) : unit + 1
      const next = isHigh ? unit : after
      sortRange(room, { from: first, to: end, unit: next, isLow: isHigh, level: level + 1 })
    }
  }
}

/** False: a place does not fit a byte, so the high bits of all places are taken. */
const findPlaces = ({ texts, places }: Room<unknown>, range: Range): boolean => {
  const { from, to, unit, isLow } = range
  let all = 0
  for (let i = from; i < to; i++) {
    const text = texts[i] as string
    const place = text.length === unit ? 0 : text.charCodeAt(unit) + 1
    all |= place
    places[i] = place % BYTE
  }
  if (isLow || all < BYTE) return true
  for (let i = from; i < to; i++) {
    const text = texts[i] as string
    places[i] = text.length === unit ? 0 : Math.floor((text.charCodeAt(unit) + 1) / BYTE)
  }
  return false
}

/** Brings the strings of each place together, in the order of places. Returns where they begin. */
const deal = <V>(room: Room<V>, { from, to, level }: Range): Int32Array => {
  const { texts, values, dealt, places } = room
  const starts = (room.starts[level] ??= new Int32Array(PLACES + 1))
  starts.fill(0)
  for (let i = from; i < to; i++) (starts[(places[i] as number) + 1] as number)++
  starts[0] = from
  for (let place = 1; place <= PLACES; place++)
    starts[place] = (starts[place] as number) + (starts[place - 1] as number)
  for (let i = from; i < to; i++) {
    const at = (starts[places[i] as number] as number)++
    dealt.texts[at] = texts[i] as string
    dealt.values[at] = values[i] as V
  }
  for (let i = from; i < to; i++) {
    texts[i] = dealt.texts[i] as string
    values[i] = dealt.values[i] as V
  }
  // Each start has moved on to that of the next place.
  starts.copyWithin(1, 0, PLACES)
  starts[0] = from
  return starts
}

/** How long the strings of a range are the same. They are so before `unit`. */
const sameUntil = (texts: readonly string[], from: number, to: number, unit: number): number => {
  const first = texts[from] as string
  let same = first.length
  for (let i = from + 1; i < to && same > unit; i++) {
    const text = texts[i] as string
    let at = unit
    while (at < same && text.charCodeAt(at) === first.charCodeAt(at)) at += 1
    same = at
  }
  return same
}

/** Insertion sort. */
const sortFew = <V>({ texts, values }: Pairs<V>, from: number, to: number): void => {
  for (let i = from + 1; i < to; i++) {
    const text = texts[i] as string
    const value = values[i] as V
    let place = i
    for (; place > from && text < (texts[place - 1] as string); place--) {
      texts[place] = texts[place - 1] as string
      values[place] = values[place - 1] as V
    }
    texts[place] = text
    values[place] = value
  }
}

const sortByComparing = <V>({ texts, values }: Pairs<V>, from: number, to: number): void => {
  const [some, theirs] = [texts.slice(from, to), values.slice(from, to)]
  sortWith(some, theirs, (a, b) => (a < b ? -1 : 1))
  for (let i = from; i < to; i++) {
    texts[i] = some[i - from] as string
    values[i] = theirs[i - from] as V
  }
}

const sortWith = <K, V>(keys: K[], values: V[], compare: (a: K, b: K) => number): void => {
  const pairs = keys.map((key, index) => ({ key, value: values[index] as V }))
  pairs.sort((a, b) => compare(a.key, b.key))
  for (const [index, { key, value }] of pairs.entries()) {
    keys[index] = key
    values[index] = value
  }
}

const areTexts = (keys: readonly unknown[]): keys is string[] =>
  keys.every((key) => typeof key === 'string')

/**
 * Sorts different keys in place, and the values as their keys. `compare` has the order of keys,
 * with strings by UTF-16 units.
 */
export const sortTogether = <V>(
  keys: unknown[],
  values: V[],
  compare: (a: unknown, b: unknown) => number,
): void => {
  if (areTexts(keys)) sortByText(keys, values)
  else sortWith(keys, values, compare)
}
