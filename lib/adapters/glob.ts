/** Patterns of names, as Hadoop has them. Pure. */

/**
 * A `*` stands for any characters, `?` for one, `[ab]` and `[a-c]` for one of several, `[^ab]` or
 * `[!ab]` for any other, `{one,two}` for one of several texts. A backslash takes the next character
 * literally. A bracket or brace that is never closed is literal.
 */
export const isPattern = (text: string): boolean => /[*?[{\\]/.test(text)

/** Where the brace that opens at `open` is closed, and its commas. Undefined: nowhere. */
const braceAt = (
  text: string,
  open: number,
): { readonly close: number; readonly commas: readonly number[] } | undefined => {
  const commas: number[] = []
  let depth = 0
  for (let at = open; at < text.length; at += 1) {
    const char = text[at]
    if (char === '\\') at += 1
    else if (char === '{') depth += 1
    else if (char === ',' && depth === 1) commas.push(at)
    else if (char === '}' && --depth === 0) return { close: at, commas }
  }
  return undefined
}

/** The first brace that has a slash in it. A slash never belongs to a name. */
const braceWithSlash = (
  text: string,
):
  | { readonly open: number; readonly close: number; readonly commas: readonly number[] }
  | undefined => {
  for (let open = 0; open < text.length; open += 1) {
    if (text[open] === '\\') open += 1
    else if (text[open] === '{') {
      const brace = braceAt(text, open)
      if (brace === undefined) continue
      if (text.slice(open, brace.close).includes('/')) return { open, ...brace }
      open = brace.close
    }
  }
  return undefined
}

/** The paths that a path with slashes in braces stands for: `{a/x,b}/c` is `a/x/c` and `b/c`. */
export const expandBraces = (path: string): readonly string[] => {
  const brace = braceWithSlash(path)
  if (brace === undefined) return [path]
  const { open, close, commas } = brace
  const ends = [...commas, close]
  return ends.flatMap((end, index) => {
    const begin = (index === 0 ? open : (ends[index - 1] as number)) + 1
    return expandBraces(path.slice(0, open) + path.slice(begin, end) + path.slice(close + 1))
  })
}

const escaped = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')
const escapedInSet = (char: string): string => char.replace(/[\\\][^-]/, '\\$&')

/** The set of characters that begins at `open`: its expression, and where it ends. */
const setAt = (text: string, open: number): [source: string, end: number] | undefined => {
  const isOther = text[open + 1] === '^' || text[open + 1] === '!'
  let source = isOther ? '[^' : '['
  const begin = open + (isOther ? 2 : 1)
  for (let at = begin; at < text.length; at += 1) {
    const char = text[at] as string
    if (char === ']' && at > begin) return [`${source}]`, at]
    if (char === '\\') source += escapedInSet(text[(at += 1)] ?? '\\')
    else source += char === '-' ? '-' : escapedInSet(char)
  }
  return undefined
}

const expressionOf = (pattern: string): string => {
  let depth = 0
  let source = ''
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] as string
    const set = char === '[' ? setAt(pattern, at) : undefined
    if (set !== undefined) {
      source += set[0]
      at = set[1]
    } else if (char === '\\') source += escaped(pattern[(at += 1)] ?? '\\')
    else if (char === '*') source += '.*'
    else if (char === '?') source += '.'
    else if (char === '{' && braceAt(pattern, at) !== undefined) {
      depth += 1
      source += '(?:'
    } else if (char === '}' && depth > 0) {
      depth -= 1
      source += ')'
    } else source += char === ',' && depth > 0 ? '|' : escaped(char)
  }
  return source
}

/** Whether a name matches a pattern. A set that is not possible, such as `[b-a]`, is literal. */
export const nameMatcher = (pattern: string): ((name: string) => boolean) => {
  try {
    const expression = new RegExp(`^${expressionOf(pattern)}$`, 'su')
    return (name) => expression.test(name)
  } catch {
    return (name) => name === pattern
  }
}
