/** What an accumulator is made of. */
export interface Adding {
  readonly name: string
  /** What values are added up in. A name keeps its kind. */
  readonly kind: string
  /** The state before anything was added: a new one with each call. */
  zero(): unknown
  /** The state with one more value. May change the state that it is given. */
  add(state: unknown, value: unknown): unknown
  /** One state for both. May change the first one. */
  merge(a: unknown, b: unknown): unknown
}

/** What was added at one place of a batch, as plain data. */
export interface PlacedAdds {
  /** See `placeName`. */
  readonly place: string
  /** From how many records. */
  readonly records: number
  /** The state of each accumulator that something was added to: its encoding, by name. */
  readonly states: readonly (readonly [name: string, state: Uint8Array])[]
}

/**
 * The name of a place: the node whose function adds, the number of the function in this node, and
 * the partition.
 */
export const placeName = (node: string, number: number, partition: number): string =>
  `${node}/${number}/${partition}`

/** By node, then by numbers: the order in which adds are merged, whatever came first (B3). */
export const comparePlaces = (a: PlacedAdds, b: PlacedAdds): number => {
  const [[nodeA = '', ...numbersA], [nodeB = '', ...numbersB]] = [
    a.place.split('/'),
    b.place.split('/'),
  ]
  if (nodeA !== nodeB) return nodeA < nodeB ? -1 : 1
  const different = numbersA.findIndex((number, index) => number !== numbersB[index])
  return different < 0 ? 0 : Number(numbersA[different]) - Number(numbersB[different])
}
