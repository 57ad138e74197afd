import type { PlantedBug } from './planted/bug.ts'

/**
 * Finds a text in a source, regardless of how the formatter has broken its lines. Between two words
 * there may be any white space; elsewhere white space may be missing, like a comma before a
 * bracket.
 */
const anyLayout = (find: string): RegExp => {
  const tokens = find.match(/[\w$#]+|[^\s\w$#]/g) ?? []
  const escaped = tokens.map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const isWord = (token = ''): boolean => /^[\w$#]/.test(token)
  const parts = escaped.map((token, index) => {
    const next = tokens[index + 1]
    if (next === undefined) return token
    if (isWord(tokens[index]) && isWord(next)) return `${token}\\s+`
    return /^[)\]}]$/.test(next) && tokens[index] !== ',' ? `${token}\\s*,?\\s*` : `${token}\\s*`
  })
  return new RegExp(`${parts.join('')}${find.endsWith('\n') ? '[ \\t]*\\n' : ''}`, 'g')
}

/** The source of a file with a planted bug. Throws if an edit does not fit it. */
export const withBug = (bug: PlantedBug, file: string, source: string): string =>
  bug.edits
    .filter((edit) => edit.file === file)
    .reduce((text, { find, replace }) => {
      const places = [...text.matchAll(anyLayout(find))]
      const [place] = places
      if (place === undefined || places.length !== 1)
        throw new Error(
          `The bug "${bug.name}" does not fit ${file} any more: ${JSON.stringify(find)} ` +
            `occurs ${places.length} times`,
        )
      return text.slice(0, place.index) + replace + text.slice(place.index + place[0].length)
    }, source)
