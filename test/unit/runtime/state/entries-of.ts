/** All that an async iterable gives. */
export const entriesOf = async <T>(entries: AsyncIterable<T>): Promise<readonly T[]> => {
  const all: T[] = []
  for await (const entry of entries) all.push(entry)
  return all
}
