/** The edges of an RDD, with numbers for vertices: all algorithms work on arrays of numbers. */
import { checkKey, type Coded, codedKey, compareKeys, KeyedMap } from '../base/keys.ts'
import { evaluate } from '../rdd/evaluate.ts'
import { checkPair } from '../rdd/pairs.ts'
import type { RDD } from '../rdd/rdd.ts'
import type { Sink } from '../rdd/steps.ts'

/** The edges. A vertex is its place in the order of keys. */
export interface Edges<K> {
  /** The key of each vertex, in the form inside Millrace. */
  readonly keys: readonly Coded<K>[]
  /** The vertex that each edge leaves. Equal edges are there as often as they were given. */
  readonly sources: Int32Array
  /** The vertex that each edge enters. */
  readonly targets: Int32Array
}

/** An edge, as users give it. */
export type Edge<K> = readonly [source: K, target: K]

/**
 * The edges of one partition. It is plain data, since it may come from another process. A vertex is
 * its place in `keys`, which have no order.
 */
interface Part<K> {
  readonly keys: readonly Coded<K>[]
  /** Sources and targets in turn: 32-bit numbers as bytes. */
  readonly ends: Uint8Array
}

/** Gives each key a number, from 0 on, in the order in which they come. */
class Numbers<K> {
  readonly #numbers = new KeyedMap<K, number>()

  of(key: Coded<K>): number {
    const coded = codedKey(key)
    const known = this.#numbers.get(coded)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(coded, number)
    return number
  }

  /** All keys with their numbers, in the order of keys. */
  sorted(): [Coded<K>, number][] {
    return this.#numbers.sortedCoded()
  }
}

/** Throws for what is no edge, so that the record it was made from is put aside. */
const checkEdge = (edge: Edge<unknown>): void => {
  const [source, target] = checkPair(edge)
  checkKey(source)
  checkKey(target)
}

const partOf = <K>(numbers: Numbers<K>, ends: readonly number[]): Part<K> => {
  const keys: Coded<K>[] = []
  for (const [key, number] of numbers.sorted()) keys[number] = key
  return { keys, ends: new Uint8Array(new Int32Array(ends).buffer) }
}

/** The edges of all partitions, in their order. What is no edge is put aside. */
export const edgesOf = async <K>(rdd: RDD<Edge<K>>): Promise<Edges<K>> => {
  const checked = rdd.checked(checkEdge)
  const {
    label,
    context: { pause },
  } = rdd
  const parts = await checked.ofEach(async (index, until): Promise<Part<K>> => {
    let numbers = new Numbers<K>()
    let ends: number[] = []
    const open = (): Sink<Edge<K>> => {
      const [fresh, theirs] = [new Numbers<K>(), [] as number[]]
      numbers = fresh
      ends = theirs
      return ([source, target]) => void theirs.push(fresh.of(source), fresh.of(target))
    }
    await evaluate(await checked.partitionAt(index, until), { label, pause, open })
    return partOf(numbers, ends)
  })
  return merged(parts)
}

const merged = <K>(parts: readonly Part<K>[]): Edges<K> => {
  const numbers = new Numbers<K>()
  const numbersOf = parts.map(({ keys }) => Int32Array.from(keys, (key) => numbers.of(key)))
  const keys: Coded<K>[] = []
  const placeOf = new Int32Array(numbers.sorted().length)
  for (const [place, [key, number]] of numbers.sorted().entries()) {
    keys.push(key)
    placeOf[number] = place
  }
  const count = parts.reduce((sum, { ends }) => sum + ends.byteLength / 8, 0)
  const edges = { keys, sources: new Int32Array(count), targets: new Int32Array(count) }
  let edge = 0
  for (const [part, { ends }] of parts.entries()) {
    // A copy, since bytes from another process may begin anywhere in their buffer.
    const own = new Int32Array(ends.slice().buffer)
    const known = numbersOf[part] as Int32Array
    for (let end = 0; end < own.length; end += 2, edge++) {
      edges.sources[edge] = placeOf[known[own[end] as number] as number] as number
      edges.targets[edge] = placeOf[known[own[end + 1] as number] as number] as number
    }
  }
  return edges
}

/** The number of a vertex, or -1. */
export const placeOf = <K>({ keys }: Edges<K>, key: Coded<K>): number => {
  let [from, end] = [0, keys.length]
  while (from < end) {
    const middle = (from + end) >>> 1
    if (compareKeys(keys[middle], key) < 0) from = middle + 1
    else end = middle
  }
  return from < keys.length && compareKeys(keys[from], key) === 0 ? from : -1
}
