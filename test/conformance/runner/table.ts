/**
 * The entry of a table for a word. Properties that every object has, such as `constructor`, do not
 * count.
 */
export const entry = <T>(table: Readonly<Record<string, T>>, word: unknown): T | undefined =>
  typeof word === 'string' && Object.hasOwn(table, word) ? table[word] : undefined
