/**
 * Lists and maps of Avro. The library believes any number of items, also in damaged data and in
 * records of another schema: it would make billions of them, past the end of the bytes. Here all
 * lists and maps of a value together have at most as many items as there are bytes, and some that
 * take no bytes, such as null. A map also keeps a key with the name `__proto__`.
 */
import type { Schema, Type, types } from 'avsc'
import { setField } from '../../base/set-field.ts'

/** Where the library reads. Each value has one of its own. */
interface Tap {
  readonly buf: Buffer
  readonly pos: number
  /** How many items were announced so far. Ours. */
  items?: number
  readLong(): number
  skipLong(): void
  readString(): string
}

interface Reader {
  _read(tap: Tap): unknown
}

const EMPTY_ITEMS_MAX = 1_000_000

/** How many items come next. 0: there are no more. */
const countIn = (tap: Tap): number => {
  const given = tap.readLong()
  // The size in bytes follows.
  if (given < 0) tap.skipLong()
  const count = Math.abs(given)
  if (count === 0) return 0
  const items = (tap.items ?? 0) + count
  tap.items = items
  const isNear = count <= tap.buf.length - tap.pos + EMPTY_ITEMS_MAX
  if (isNear && items <= tap.buf.length + EMPTY_ITEMS_MAX) return count
  throw new RangeError(
    `lists and maps of a value have ${items} items, which are more than the bytes`,
  )
}

type CollectionClass = new (
  schema: Schema,
  options: unknown,
) => Reader & {
  readonly itemsType: Reader
  readonly valuesType: Reader
}

/** Makes the types of lists and maps, by their names in schemas. */
export const collectionTypes = (library: {
  readonly ArrayType: typeof types.ArrayType
  readonly MapType: typeof types.MapType
}): Readonly<Record<string, new (schema: Schema, options: unknown) => Type>> => {
  const array = class extends (library.ArrayType as unknown as CollectionClass) {
    override _read(tap: Tap): unknown {
      const items: unknown[] = []
      for (let count = countIn(tap); count > 0; count = countIn(tap))
        for (let left = count; left > 0; left--) items.push(this.itemsType._read(tap))
      return items
    }
  }
  const map = class extends (library.MapType as unknown as CollectionClass) {
    override _read(tap: Tap): unknown {
      const values: Record<string, unknown> = {}
      for (let count = countIn(tap); count > 0; count = countIn(tap))
        for (let left = count; left > 0; left--) {
          const name = tap.readString()
          setField(values, name, this.valuesType._read(tap))
        }
      return values
    }
  }
  return { array, map } as unknown as Readonly<
    Record<string, new (schema: Schema, options: unknown) => Type>
  >
}
