/** What a table has under a word: not what every object has, such as `constructor`. */
export const entry = <T>(table: Readonly<Record<string, T>>, word: unknown): T | undefined =>
  typeof word === 'string' && Object.hasOwn(table, word) ? table[word] : undefined
